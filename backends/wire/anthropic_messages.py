"""Answers of Anthropic Messages, streamed or whole, into deltas.

Source of the format: https://platform.claude.com/docs/en/build-with-claude/streaming.

=======================  =====================================================================================
block of the wire        what becomes of it
=======================  =====================================================================================
``text``                 text; if it has citations, an ``Opaque`` copy with them follows, and goes back in its place
``thinking``             thinking, closed by its signature
``tool_use``             a tool call; what ``ToolCall`` has no place for (``caller``) follows as an ``Opaque``
any other                an ``Opaque``: ``redacted_thinking``, server tools and MCP with their results, and so on
=======================  =====================================================================================
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from ...events.content import Opaque, Refusal
from ...events.usage import Usage
from ..contract import BlockPiece, Delta, StopReason, UsagePiece
from .account import Account
from .anthropic_blocks import Block, Fields, begin, end, grow
from .anthropic_messages_request import VERTEX, encode
from .failure import failure
from .fields import WRONG_SHAPE, count, items, text
from .objects import read_object
from .reader import Reader
from .sse import Frame, SseReader
from .wire import Wire

STOPS: Mapping[str, StopReason] = {
    "end_turn": "end",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_calls",
    "refusal": "refusal",
    "pause_turn": "pause",
}
"""``stop_reason``, in our words; any other is ``other``."""


class MessagesReader(Reader):
    """Reads one answer."""

    FORMAT = "Anthropic message"
    END = "stop_reason"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._open: dict[int, Block] = {}
        self._calls = 0
        self._counts: Fields = {}
        self._explanation = ""

    def read(self, frame: Frame) -> list[Delta]:
        """The deltas of one frame of a stream. Events of a kind that nobody has heard of yet say nothing.

        :raises Misunderstood: the frame is no event of a message.
        :raises BackendError: the provider reports an error; the class is that of the HTTP status it would have had.
        """
        deltas: list[Delta] = []
        if not frame.data:
            return deltas
        event = read_object(frame.data)
        try:
            if (take := self._events.get(event.get("type"))) is not None:
                take(self, event, deltas)
            elif event.get("error") or frame.event == b"error":
                self._fail(event, deltas)
        except WRONG_SHAPE as exc:
            raise self._misunderstood(frame.data, exc) from exc
        return deltas

    def read_whole(self, body: bytes) -> list[Delta]:
        """All deltas of an answer that was not streamed, its stop included.

        :raises Misunderstood: the body is no message.
        :raises BackendError: the provider reports an error.
        """
        deltas: list[Delta] = []
        message = read_object(body)
        if message.get("error"):
            self._fail(message, deltas)
        try:
            for fields in items(message["content"]):
                self._end(self._begin(fields, deltas), deltas)
            self._count(message, deltas)
            self._hear_stop(message)
        except WRONG_SHAPE as exc:
            raise self._misunderstood(body, exc) from exc
        return deltas + self.finish()

    def finish(self) -> list[Delta]:
        """The last deltas, the stop at their end, once no more frames come.

        :raises Incomplete: the provider never said that the reply is over.
        :raises Misunderstood: a block that it never ended makes no sense.
        """
        self._check_end()
        deltas: list[Delta] = []
        try:
            # Some gateways leave out the ends of blocks.
            for block in self._open.values():
                self._end(block, deltas)
        except WRONG_SHAPE as exc:
            raise self._misunderstood(b"", exc) from exc
        if self._explanation:
            deltas.append(BlockPiece(Refusal(self._explanation)))
        deltas.append(self._stop_piece(STOPS.get(self._stop, "other"), calls=self._calls))
        return deltas

    def _message_start(self, event: Fields, deltas: list[Delta]) -> None:
        self._count(event["message"], deltas)

    def _block_start(self, event: Fields, deltas: list[Delta]) -> None:
        self._open[event["index"]] = self._begin(event["content_block"], deltas)

    def _block_delta(self, event: Fields, deltas: list[Delta]) -> None:
        grow(self._open[event["index"]], event["delta"], deltas)

    def _block_stop(self, event: Fields, deltas: list[Delta]) -> None:
        self._end(self._open.pop(event["index"]), deltas)

    def _message_delta(self, event: Fields, deltas: list[Delta]) -> None:
        self._hear_stop(event["delta"])
        self._count(event, deltas)

    def _message_stop(self, _event: Fields, _deltas: list[Delta]) -> None:
        self.done = True

    def _fail(self, event: Fields, _deltas: list[Delta]) -> None:
        raise failure(self._account, event)

    _events: ClassVar[Mapping[Any, Callable[[Any, Fields, list[Delta]], None]]] = {
        "message_start": _message_start,
        "content_block_start": _block_start,
        "content_block_delta": _block_delta,
        "content_block_stop": _block_stop,
        "message_delta": _message_delta,
        "message_stop": _message_stop,
        "error": _fail,
    }

    def _begin(self, fields: Fields, deltas: list[Delta]) -> Block:
        block = begin(fields, self._calls, deltas)
        self._calls += fields["type"] == "tool_use"
        return block

    def _end(self, block: Block, deltas: list[Delta]) -> None:
        kept = end(block, deltas)
        if kept is not None:
            deltas.append(BlockPiece(Opaque(self._account.provider, kept)))

    def _hear_stop(self, fields: Fields) -> None:
        if reason := fields.get("stop_reason"):
            self._stop = text(reason)
            details: Fields = fields.get("stop_details") or {}
            self._explanation = text(details.get("explanation") or "")

    def _count(self, fields: Fields, deltas: list[Delta]) -> None:
        if usage := fields.get("usage"):
            # Each report is a running total, but the last one leaves out what it does not count again.
            self._counts.update({name: value for name, value in usage.items() if value is not None})
            deltas.append(UsagePiece(read_usage(self._counts)))


def read_usage(counts: Mapping[str, Any]) -> Usage:
    """Token counts in our way of counting: the wire counts what the cache read or wrote beside ``input_tokens``."""
    cached, written = count(counts.get("cache_read_input_tokens")), count(counts.get("cache_creation_input_tokens"))
    details: Fields = counts.get("output_tokens_details") or {}
    return Usage(
        input_tokens=count(counts.get("input_tokens")) + cached + written,
        output_tokens=count(counts.get("output_tokens")),
        cached_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=count(details.get("thinking_tokens")),
    )


def _vertex_path(model: str, streaming: bool) -> str:
    return f"/models/{quote(model, safe='@')}:{'streamRawPredict' if streaming else 'rawPredict'}"


ANTHROPIC_MESSAGES = Wire(
    name="anthropic.messages",
    encode=encode,
    path=lambda _model, _streaming: "/v1/messages",
    frames=SseReader,
    answer=MessagesReader,
)
"""Its base URL is the one that others know as ``ANTHROPIC_BASE_URL``: without the version."""

ANTHROPIC_VERTEX = replace(ANTHROPIC_MESSAGES, encode=partial(encode, dialect=VERTEX), path=_vertex_path)
"""Claude at Vertex, for a base URL that ends with ``/publishers/anthropic``."""
