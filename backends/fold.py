"""The pure fold from the deltas of one stream to a reply."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, get_args

from pydantic_core import to_json

from ..events.content import Audio, Block, File, Image, Opaque, Refusal, Text, Thinking, ToolCall
from ..events.unchecked import unchecked_value
from ..events.usage import NO_USAGE
from .contract import (
    BlockPiece,
    Delta,
    Reply,
    StopPiece,
    StopReason,
    TextPiece,
    ThinkingPiece,
    ToolCallPiece,
    UsagePiece,
)
from .errors import Incomplete, Misunderstood
from .wire.objects import read_arguments

_call = unchecked_value(ToolCall)
_STOPS = get_args(StopReason)
_BLOCKS = (Text, Thinking, Image, Audio, File, Refusal, Opaque)


class _TextPart:
    __slots__ = ("pieces",)

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def block(self) -> Text:
        return Text("".join(self.pieces))

    cut = block


class _ThinkingPart:
    __slots__ = ("pieces", "provider", "signature")

    def __init__(self, provider: str) -> None:
        self.pieces: list[str] = []
        self.provider = provider
        self.signature: str | None = None

    def block(self) -> Thinking:
        return Thinking("".join(self.pieces), self.signature, "" if self.signature is None else self.provider)

    cut = block


class _CallPart:
    __slots__ = ("call_id", "name", "pieces", "provider_id")

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id
        self.name = ""
        self.provider_id = ""
        self.pieces: list[str] = []

    def block(self) -> ToolCall:
        arguments = read_arguments("".join(self.pieces))
        if arguments is None:
            return self.cut()
        return ToolCall(self.call_id, self.name, arguments, self.provider_id)

    def cut(self) -> ToolCall:
        """The call as one that never runs."""
        return ToolCall(self.call_id, self.name, {}, self.provider_id, "".join(self.pieces))


class _WholePart:
    __slots__ = ("_block",)

    def __init__(self, block: Block) -> None:
        self._block = block

    def block(self) -> Block:
        return self._block

    cut = block


class _WholeCall:
    """A call that arrived whole; only its id is still to be given, and whose its signature is."""

    __slots__ = ("_call", "_call_id", "_signed_by")

    def __init__(self, call_id: str, call: ToolCall, provider: str) -> None:
        self._call_id = call_id
        self._call = call
        self._signed_by = call.provider or ("" if call.signature is None else provider)

    def block(self) -> ToolCall:
        call = self._call
        return _call(
            self._call_id,
            call.name,
            call.arguments,
            call.provider_id,
            call.malformed,
            call.signature,
            self._signed_by,
        )

    def cut(self) -> ToolCall:
        """The call as one that never runs."""
        call = self._call
        text = call.malformed if call.malformed is not None else to_json(dict(call.arguments)).decode()
        return ToolCall(self._call_id, call.name, {}, call.provider_id, text, call.signature, self._signed_by)


class ReplyFold:
    """Folds deltas, in the order of the stream.

    Pieces of one kind in a row make one block; tool calls may come interleaved. A call's ``call_id`` is
    ``{prefix}.{slot}``, with the slots 0, 1, ... in the order in which the calls began, so a prefix that is unique
    within the run makes ids that are. ``provider`` is who answers, and so signs what is signed.
    """

    __slots__ = ("_calls", "_parts", "_prefix", "_provider", "_slots", "_stop", "usage")

    def __init__(self, prefix: str = "call", provider: str = "") -> None:
        self._prefix = prefix
        self._provider = provider
        self._parts: list[_TextPart | _ThinkingPart | _CallPart | _WholeCall | _WholePart] = []
        self._calls: dict[int, _CallPart] = {}
        self._slots = 0
        self._stop: StopPiece | None = None
        self.usage = NO_USAGE
        """The counts told so far, also by a stream that was cut."""

    def add(self, delta: Delta) -> None:
        """Take in the next delta, in constant time.

        :raises Misunderstood: it is none, a block that is none, or a stop for no reason that there is.
        """
        kind = type(delta)
        try:
            add = self._add[kind]
        except KeyError:
            raise Misunderstood(f"the backend gave a {kind.__name__}, which is no delta, such as TextPiece") from None
        add(self, delta)

    def reply(self) -> Reply:
        """The whole reply.

        :raises Incomplete: no ``StopPiece`` came. The error carries ``partial()``.
        """
        stop = self.stopped()
        return Reply(self.content(), stop.reason, self.usage, stop.raw)

    def stopped(self) -> StopPiece:
        """How the reply ended.

        :raises Incomplete: no ``StopPiece`` came. The error carries ``partial()``.
        """
        if self._stop is None:
            raise Incomplete("the reply ended without its stop: what came is half an answer", partial=self.partial())
        return self._stop

    def content(self) -> tuple[Block, ...]:
        """The blocks, their arguments parsed."""
        return tuple([part.block() for part in self._parts])

    def partial(self) -> tuple[Block, ...]:
        """The blocks of a stream that was left or cut. Its tool calls are ``malformed``, so that none of them runs."""
        return tuple(part.cut() for part in self._parts)

    def _add_text(self, piece: TextPiece) -> None:
        if not piece.text:
            return
        parts = self._parts
        if not parts or type(part := parts[-1]) is not _TextPart:
            part = _TextPart()
            parts.append(part)
        part.pieces.append(piece.text)

    def _add_thinking(self, piece: ThinkingPiece) -> None:
        if not piece.text and piece.signature is None:
            return
        parts = self._parts
        if not parts or type(part := parts[-1]) is not _ThinkingPart or part.signature is not None:
            part = _ThinkingPart(self._provider)
            parts.append(part)
        part.pieces.append(piece.text)
        part.signature = piece.signature

    def _add_call(self, piece: ToolCallPiece) -> None:
        part = self._calls.get(piece.slot)
        if part is None:
            part = self._calls[piece.slot] = self._new_call()
        if piece.arguments:
            part.pieces.append(piece.arguments)
        part.name = part.name or piece.name
        part.provider_id = part.provider_id or piece.provider_id

    def _add_block(self, piece: BlockPiece) -> None:
        block = piece.block
        if not isinstance(block, ToolCall):
            if not isinstance(block, _BLOCKS):
                raise Misunderstood(f"the backend gave a BlockPiece of {block!r:.80}, which is no block")
            self._parts.append(_WholePart(block))
            return
        slot = self._slots
        self._slots = slot + 1
        self._parts.append(_WholeCall(f"{self._prefix}.{slot}", block, self._provider))

    def _new_call(self) -> _CallPart:
        part = _CallPart(self._next_id())
        self._parts.append(part)
        return part

    def _next_id(self) -> str:
        slot = self._slots
        self._slots = slot + 1
        return f"{self._prefix}.{slot}"

    def _add_usage(self, piece: UsagePiece) -> None:
        self.usage = piece.usage

    def _add_stop(self, piece: StopPiece) -> None:
        if piece.reason not in _STOPS:
            raise Misunderstood(f"the backend stopped with {piece.reason!r:.80}; give one of {', '.join(_STOPS)}")
        self._stop = piece

    _add: ClassVar[Mapping[type[Delta], Callable[[Any, Any], None]]] = {
        TextPiece: _add_text,
        ThinkingPiece: _add_thinking,
        ToolCallPiece: _add_call,
        BlockPiece: _add_block,
        UsagePiece: _add_usage,
        StopPiece: _add_stop,
    }
