"""A model that follows a script: deterministic, offline, in process."""

import asyncio
import inspect
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NoReturn, cast

from pydantic import JsonValue

from ..events.content import Audio, Block, File, Image, Message, Opaque, Refusal, Text, Thinking, ToolCall, ToolResult
from ..events.usage import Usage
from .contract import (
    BlockPiece,
    Capabilities,
    Delta,
    Reply,
    Request,
    StopPiece,
    StopReason,
    TextPiece,
    ThinkingPiece,
    ToolCallPiece,
    UsagePiece,
)
from .errors import NotConfigured, ScriptExhausted
from .wire.objects import write_object

_BLOCKS = (Text, Thinking, Image, Audio, File, ToolCall, Refusal, Opaque)
_CAPABILITIES = Capabilities(images=True, audio=True, files=True)


@dataclass(frozen=True, slots=True)
class Failure:
    """A reply that ends in ``error`` once the blocks of ``after`` are out."""

    error: BaseException
    after: tuple[Block, ...] = ()


Line = str | Block | Sequence[str | Block] | Reply | Failure | BaseException
"""One reply: a text, a block, several blocks (parallel calls), a whole ``Reply``, or an error to raise."""

Cut = Callable[[str], Sequence[str]]

Script = Sequence[Line] | Callable[[Request], Line | Awaitable[Line]]


def text(words: str) -> Text:
    """A reply in words."""
    return Text(words)


def thinking(words: str, signature: str | None = None) -> Thinking:
    """A stretch of reasoning."""
    return Thinking(words, signature)


def call(name: str, /, **arguments: JsonValue) -> ToolCall:
    """A call of the tool ``name``. It gets its ``call_id`` when the reply is folded."""
    return ToolCall("", name, arguments)


def reply(*blocks: str | Block, stop: StopReason | None = None, usage: Usage = Usage()) -> Reply:  # noqa: B008 - frozen
    """A reply out of blocks. ``stop`` is ``tool_calls`` if there are calls, else ``end``, unless said otherwise."""
    content = tuple(Text(block) if isinstance(block, str) else block for block in blocks)
    for block in content:
        if not isinstance(block, _BLOCKS):
            raise NotConfigured(f"{block!r:.80} is no part of a scripted reply: use text(), thinking() or call()")
    natural: StopReason = "tool_calls" if any(isinstance(block, ToolCall) for block in content) else "end"
    return Reply(content, stop or natural, usage)


def fail(error: BaseException, *after: str | Block) -> Failure:
    """An error to raise, at once or after some blocks, as when a stream breaks half-way."""
    return Failure(error, reply(*after).content)


@dataclass(frozen=True, slots=True)
class _Step:
    """A line of the script, ready to be sent: as few deltas as can be, or cut into pieces."""

    whole: tuple[Delta, ...]
    pieces: tuple[Delta, ...]
    error: BaseException | None = None


class Told(AsyncGenerator[Delta, None]):
    """Deltas that are known beforehand. A generator function would cost more than all that is done with them."""

    __slots__ = ("_deltas", "_error", "_pause_s", "_piece_delay_s")

    def __init__(self, deltas: tuple[Delta, ...], error: BaseException | None, delay_s: float, piece_delay_s: float):
        self._deltas = iter(deltas)
        self._error = error
        self._pause_s = delay_s + piece_delay_s
        self._piece_delay_s = piece_delay_s

    async def __anext__(self) -> Delta:
        for delta in self._deltas:
            if self._pause_s:
                await self._pause()
            return delta
        if self._error is None:
            raise StopAsyncIteration
        if self._pause_s:
            await self._pause()
        # The same object may be raised many times: each time with a traceback of its own.
        raise self._error.with_traceback(None)

    async def _pause(self) -> None:
        await asyncio.sleep(self._pause_s)
        self._pause_s = self._piece_delay_s

    async def asend(self, value: None) -> Delta:
        """The next delta."""
        return await anext(self)

    async def athrow(self, *error: Any) -> Delta:
        """End with an error from outside."""
        await self.aclose()
        raise error[0]

    async def aclose(self) -> None:
        """Tell no more."""
        self._deltas, self._error, self._pause_s, self._piece_delay_s = iter(()), None, 0.0, 0.0


class Scripted:
    """A ``Backend`` whose replies are written down: a list of lines, or a function from request to line, sync or async.

    A list is used up line by line, over all runs that share the object. With ``per_run`` each run begins it anew, so
    one object serves any number of runs at once: a request that ends in a user's message gets the first line, one that
    ends in tool results the line after the one that asked for them.

    ``delay_s`` is waited before each reply, ``piece_delay_s`` before each delta. ``stream`` cuts texts, reasoning and
    arguments into words or into pieces of so many characters, where the request wants streaming. ``requests`` keeps the
    first ``keep`` requests, with their messages copied, and ``asked`` counts all.

    :raises NotConfigured: a line is none of the kinds above.
    """

    def __init__(
        self,
        script: Script,
        *,
        per_run: bool = False,
        delay_s: float = 0.0,
        piece_delay_s: float = 0.0,
        stream: Literal["words"] | int | None = None,
        model: str = "scripted",
        keep: int = 100,
    ) -> None:
        self._cut = _cutter(stream)
        self._function = script if callable(script) else None
        self._steps = () if callable(script) else tuple(self._step(line, place) for place, line in enumerate(script))
        self._per_run = per_run
        self._delay_s = delay_s
        self._piece_delay_s = piece_delay_s
        self._model = model
        self._keep = keep
        self.requests: list[Request] = []
        self.asked = 0

    @property
    def model(self) -> str:
        """See ``Backend``."""
        return self._model

    @property
    def capabilities(self) -> Capabilities:
        """See ``Backend``."""
        return _CAPABILITIES

    def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        """See ``Backend.stream``.

        :raises ScriptExhausted: the list has no line left for this request.
        """
        place = self.asked
        self.asked = place + 1
        if place < self._keep:
            self.requests.append(replace(request, messages=tuple(request.messages)))
        if self._function is not None:
            return self._improvise(self._function, request, place)
        if self._per_run:
            place = _place_in_run(request.messages)
        return self._told(self._steps[place] if place < len(self._steps) else self._exhausted(place), request)

    def _told(self, step: _Step, request: Request) -> Told:
        return Told(step.pieces if request.streaming else step.whole, step.error, self._delay_s, self._piece_delay_s)

    async def _improvise(
        self, function: Callable[[Request], Any], request: Request, place: int
    ) -> AsyncGenerator[Delta, None]:
        line = function(request)
        step = self._step(await line if inspect.isawaitable(line) else line, place)
        async for delta in self._told(step, request):
            yield delta

    async def aclose(self) -> None:
        """See ``Backend``. There is nothing to free."""

    def _exhausted(self, place: int) -> NoReturn:
        replies = "1 reply" if len(self._steps) == 1 else f"{len(self._steps)} replies"
        raise ScriptExhausted(
            f"the script has {replies} and was asked for reply {place + 1}: add one, or pass per_run=True if each run "
            "should begin the script anew"
        )

    def _step(self, line: Line, place: int) -> _Step:
        said = _said(line)
        whole, pieces = (tuple(_deltas(said, cut, place)) for cut in (_uncut, self._cut))
        return _Step(whole, pieces, said.error if isinstance(said, Failure) else None)


def _said(line: Line) -> Reply | Failure:
    match line:
        case Reply() | Failure():
            return line
        case BaseException():
            return Failure(line)
        case list() | tuple():
            return reply(*cast("Sequence[str | Block]", line))
        case _:
            return reply(cast("str | Block", line))


def _deltas(said: Reply | Failure, cut: Cut, place: int) -> Iterator[Delta]:
    slot = 0
    for block in said.content if isinstance(said, Reply) else said.after:
        match block:
            case Text(words):
                yield from map(TextPiece, cut(words))
            case Thinking(words, signature):
                yield from map(ThinkingPiece, cut(words))
                if signature is not None:
                    yield ThinkingPiece("", signature)
            case ToolCall() if cut is _uncut and block.malformed is None:
                yield BlockPiece(replace(block, provider_id=block.provider_id or f"{place}.{slot}"))
                slot += 1
            case ToolCall():
                arguments = write_object(block.arguments).decode() if block.malformed is None else block.malformed
                first, *others = cut(arguments) or ("",)
                yield ToolCallPiece(slot, block.provider_id or f"{place}.{slot}", block.name, first)
                yield from (ToolCallPiece(slot, arguments=piece) for piece in others)
                slot += 1
            case _:
                yield BlockPiece(block)
    if isinstance(said, Reply):
        if said.usage != Usage():
            yield UsagePiece(said.usage)
        yield StopPiece(said.stop, said.raw_stop)


def _place_in_run(messages: Sequence[Message]) -> int:
    """The place of the next line, read from the id that the last line gave its first call. Looks no further back."""
    last = messages[-1] if len(messages) else None
    if last is None or last.role != "tool":
        return 0
    first = last.content[0]
    told = first.provider_id.partition(".")[0] if isinstance(first, ToolResult) else ""
    return int(told) + 1 if told.isdecimal() else 0


def _uncut(words: str) -> Sequence[str]:
    return (words,)


def _cutter(stream: Literal["words"] | int | None) -> Cut:
    if stream is None:
        return _uncut
    if stream == "words":
        return re.compile(r"\s*\S+|\s+").findall
    if type(stream) is int and stream > 0:
        return re.compile(f".{{1,{stream}}}", re.DOTALL).findall
    raise NotConfigured(f"stream={stream!r}: give 'words', a number of characters above 0, or None")
