"""The lines of a script: what a scripted model answers, written down."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import cast, get_args

from pydantic import JsonValue

from ..events.content import Audio, Block, File, Image, Opaque, Refusal, Text, Thinking, ToolCall
from ..events.usage import NO_USAGE, Usage
from .contract import Reply, Request, StopReason
from .errors import NotConfigured

_BLOCKS = (Text, Thinking, Image, Audio, File, ToolCall, Refusal, Opaque)


@dataclass(frozen=True, slots=True)
class Failure:
    """A reply that ends in ``error`` once the blocks of ``after`` are out."""

    error: BaseException
    after: tuple[Block, ...] = ()


Line = str | Block | Sequence[str | Block] | Reply | Failure | BaseException
"""One reply: a text, a block, several blocks (parallel calls), a whole ``Reply``, or an error to raise."""

Script = Sequence[Line] | Callable[[Request], Line | Awaitable[Line]]


def text(words: str) -> Text:
    """A reply in words."""
    return Text(words)


def thinking(words: str, signature: str | None = None) -> Thinking:
    """A stretch of reasoning."""
    return Thinking(words, signature)


def call(name: str, /, **arguments: JsonValue) -> ToolCall:
    """A call of the tool ``name``. It gets its ``call_id`` when the reply is folded.

    :raises NotConfigured: it is no name.
    """
    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
        raise NotConfigured(f"call({name!r:.80}): give the tool's name, as in call('add', a=1)")
    return ToolCall("", name, arguments)


def reply(*blocks: str | Block, stop: StopReason | None = None, usage: Usage = NO_USAGE) -> Reply:
    """A reply out of blocks. ``stop`` is ``tool_calls`` if there are calls, else ``end``, unless said otherwise.

    :raises NotConfigured: a block or the stop is none.
    """
    content = tuple(Text(block) if isinstance(block, str) else block for block in blocks)
    for block in content:
        if not isinstance(block, _BLOCKS):
            raise NotConfigured(f"{block!r:.80} is no part of a scripted reply: use text(), thinking() or call()")
    if stop is not None and stop not in get_args(StopReason):
        raise NotConfigured(f"stop={stop!r} is none of {', '.join(get_args(StopReason))}")
    natural: StopReason = "tool_calls" if any(isinstance(block, ToolCall) for block in content) else "end"
    return Reply(content, stop or natural, usage)


def fail(error: BaseException, *after: str | Block) -> Failure:
    """An error to raise, at once or after some blocks, as when a stream breaks half-way.

    :raises NotConfigured: it is no error.
    """
    if not isinstance(error, BaseException):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
        raise NotConfigured(f"fail({error!r:.80}): give an error, such as Broken('connection lost')")
    return Failure(error, reply(*after).content)


def said_by(line: Line) -> Reply | Failure:
    """What a line says.

    :raises NotConfigured: it is no line.
    """
    match line:
        case Reply() | Failure():
            return line
        case BaseException():
            return Failure(line)
        case list() | tuple():
            return reply(*cast("Sequence[str | Block]", line))
        case _:
            return reply(cast("str | Block", line))
