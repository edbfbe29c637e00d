"""Answers of Amazon Bedrock's Converse, streamed or whole, into deltas.

Source of the format: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html. A stream
tells text, reasoning and tool calls in pieces, which go out at once; what else it tells of a block is gathered until
the block ends, and then read as it would be in a whole answer.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from ...events.usage import Usage
from ..contract import Delta, StopReason, TextPiece, ThinkingPiece, UsagePiece
from .account import Account
from .aws_event_stream import AWS_EVENT_STREAM, AwsEventReader, AwsMessage, failure_in
from .bedrock_blocks import SERVER_TOOL, GatheredBlocks, Json, read_block
from .bedrock_converse_request import encode
from .fields import WRONG_SHAPE, count, items, text
from .objects import read_object
from .reader import Reader
from .tool_slots import CallSlots
from .wire import Wire

STOPS: Mapping[str, StopReason] = {
    "end_turn": "end",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "stop_sequence": "stop_sequence",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
"""``stopReason``, in our words; any other, such as ``malformed_tool_use``, is ``other``."""


class ConverseReader(Reader):
    """Reads one answer."""

    FORMAT = "answer of Converse"
    END = "stopReason"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._slots = CallSlots()
        self._open = GatheredBlocks()

    def read(self, frame: AwsMessage) -> list[Delta]:
        """The deltas of one message of a stream.

        :raises Misunderstood: the message is no event of Converse.
        :raises BackendError: it is an exception; the class is that of the HTTP status it would have had.
        """
        data, headers = frame
        if headers.get(":message-type") != "event":
            raise failure_in(frame, self._account)
        event = headers.get(":event-type")
        return self.read_event(event, read_object(data), data) if event in self._events else []

    def read_event(self, name: object, event: Json, raw: bytes) -> list[Delta]:
        """The deltas of one decoded event; one that we do not know has none. ``raw`` is what an error quotes.

        :raises Misunderstood: the event has the wrong shape.
        """
        deltas: list[Delta] = []
        try:
            if (read := self._events.get(name)) is not None:
                read(self, event, deltas)
        except WRONG_SHAPE as exc:
            raise self._misunderstood(raw, exc) from exc
        return deltas

    def read_whole(self, body: bytes) -> list[Delta]:
        """All deltas of an answer that was not streamed, its stop included.

        :raises Misunderstood: the body is no answer of Converse.
        :raises Incomplete: it has no stop reason.
        """
        return self.read_answer(read_object(body), body)

    def read_answer(self, answer: Json, raw: bytes) -> list[Delta]:
        """The same of a decoded body; ``raw`` is what an error quotes."""
        deltas: list[Delta] = []
        try:
            for index, block in enumerate(items(answer["output"]["message"].get("content") or [])):
                self._read_block(index, block, deltas)
            self._read_usage(answer, deltas)
            self._read_stop(answer, deltas)
        except WRONG_SHAPE as exc:
            raise self._misunderstood(raw, exc) from exc
        return deltas + self.finish()

    def finish(self) -> list[Delta]:
        """The last deltas, the stop at their end, once no more frames come.

        :raises Incomplete: the provider never said that the reply is over.
        """
        self._check_end()
        deltas: list[Delta] = []
        try:
            for index in self._open.indices():
                self._close(index, deltas)
        except WRONG_SHAPE as exc:
            raise self._misunderstood(b"", exc) from exc
        deltas.append(self._stop_piece(STOPS.get(self._stop, "other"), calls=self._slots.count))
        return deltas

    def _read_start(self, event: Json, deltas: list[Delta]) -> None:
        index = event["contentBlockIndex"]
        for kind, start in event["start"].items():
            if kind == "toolUse" and start.get("type") != SERVER_TOOL:
                call = {"name": text(start["name"])}
                deltas.append(self._slots.piece(index, text(start["toolUseId"]), call))
            else:
                self._open.begin(index, kind, start)

    def _read_delta(self, event: Json, deltas: list[Delta]) -> None:
        kinds, index = self._deltas, event["contentBlockIndex"]
        for kind, value in event["delta"].items():
            if kind in kinds:
                kinds[kind](self, index, value, deltas)

    def _read_text(self, _: int, value: Any, deltas: list[Delta]) -> None:
        if value:
            deltas.append(TextPiece(text(value)))

    def _read_arguments(self, index: int, value: Json, deltas: list[Delta]) -> None:
        arguments = text(value["input"])
        if self._open.holds(index, "toolUse"):
            self._open.add(index, "toolUse", arguments)
        elif arguments:
            deltas.append(self._slots.piece(index, "", {"arguments": arguments}))

    def _read_thought(self, index: int, value: Json, deltas: list[Delta]) -> None:
        if words := value.get("text"):
            deltas.append(ThinkingPiece(text(words)))
        for kind in ("signature", "redactedContent"):
            if kind in value:
                self._open.add(index, kind, text(value[kind]))

    def _read_citation(self, index: int, value: Any, deltas: list[Delta]) -> None:
        self._open.add(index, "citation", value)

    def _read_result(self, index: int, value: Any, deltas: list[Delta]) -> None:
        for part in items(value):
            self._open.add(index, "toolResult", part)

    def _read_picture(self, index: int, value: Json, deltas: list[Delta]) -> None:
        if "source" in value:
            self._open.add(index, "image", text(value["source"]["bytes"]))

    def _read_end(self, event: Json, deltas: list[Delta]) -> None:
        self._close(event["contentBlockIndex"], deltas)

    def _close(self, index: int, deltas: list[Delta]) -> None:
        for block in self._open.end(index):
            self._read_block(index, block, deltas)

    def _read_block(self, index: int, block: Json, deltas: list[Delta]) -> None:
        deltas.extend(read_block(index, block, self._slots, self._account.provider))

    def _read_stop(self, event: Json, deltas: list[Delta]) -> None:
        self._stop = text(event.get("stopReason") or "")

    def _read_usage(self, event: Json, deltas: list[Delta]) -> None:
        if usage := event.get("usage"):
            deltas.append(UsagePiece(read_usage(usage)))

    def _read_metadata(self, event: Json, deltas: list[Delta]) -> None:
        self._read_usage(event, deltas)
        self.done = self.stopped

    _events: ClassVar[Mapping[object, Callable[[Any, Json, list[Delta]], None]]] = {
        "contentBlockStart": _read_start,
        "contentBlockDelta": _read_delta,
        "contentBlockStop": _read_end,
        "messageStop": _read_stop,
        "metadata": _read_metadata,
    }
    _deltas: ClassVar[Mapping[str, Callable[[Any, int, Any, list[Delta]], None]]] = {
        "text": _read_text,
        "toolUse": _read_arguments,
        "reasoningContent": _read_thought,
        "citation": _read_citation,
        "toolResult": _read_result,
        "image": _read_picture,
    }


def read_usage(counts: Mapping[str, Any]) -> Usage:
    """Token counts in our way of counting: what was read from a cache or written to one stands beside ``inputTokens``.

    InvokeModel has other names for those two. What is left out is 0; reasoning is never told apart.
    """
    cached = count(counts.get("cacheReadInputTokens") or counts.get("cacheReadInputTokenCount"))
    written = count(counts.get("cacheWriteInputTokens") or counts.get("cacheWriteInputTokenCount"))
    return Usage(
        input_tokens=count(counts.get("inputTokens")) + cached + written,
        output_tokens=count(counts.get("outputTokens")),
        cached_tokens=cached,
        cache_write_tokens=written,
    )


def model_path(model: str, verb: str) -> str:
    """The path to one model, whose name may be an ARN with slashes and colons in it."""
    return f"/model/{quote(model, safe='')}/{verb}"


def path(model: str, streaming: bool) -> str:
    """What is appended to a base URL."""
    return model_path(model, "converse-stream" if streaming else "converse")


BEDROCK_CONVERSE = Wire(
    name="bedrock.converse",
    encode=encode,
    path=path,
    frames=AwsEventReader,
    answer=ConverseReader,
    accept=AWS_EVENT_STREAM,
)
