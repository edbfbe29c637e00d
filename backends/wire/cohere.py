"""Answers of Cohere's Chat, version 2, streamed or whole, into deltas.

Source of the format: https://docs.cohere.com/v2/reference/chat and https://docs.cohere.com/v2/reference/chat-stream.

A tool plan is thinking: Cohere's own prompts write both down alike. Citations come as one ``Opaque`` for the whole
message, ``{"citations": [...]}``, and go back as they came.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ...events.content import Opaque
from ..contract import BlockPiece, Delta, TextPiece, ThinkingPiece, UsagePiece
from .account import Account
from .cohere_request import encode
from .cohere_shared import CohereReader, read_usage
from .failure import failure
from .fields import WRONG_SHAPE, items, text
from .objects import read_object
from .sse import Frame, SseReader
from .tool_slots import CallSlots
from .wire import Wire

DONE = b"[DONE]"


class CohereV2Reader(CohereReader):
    """Reads one answer."""

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._slots = CallSlots()

    def read(self, frame: Frame) -> list[Delta]:
        """The deltas of one frame of a stream.

        :raises Misunderstood: the frame is no event of a chat.
        :raises BackendError: the provider reports an error.
        """
        if not frame.data or frame.data == DONE:
            return []
        event = read_object(frame.data)
        deltas: list[Delta] = []
        try:
            read = self._events.get(event.get("type"))
            if read is not None:
                read(self, event, deltas)
            elif "type" not in event or frame.event == b"error":
                # What has no type is the body of an HTTP error, told too late for a status.
                raise self._no_answer(event, frame.data)
        except WRONG_SHAPE as exc:
            raise self._misunderstood(frame.data, exc) from exc
        return deltas

    def read_whole(self, body: bytes) -> list[Delta]:
        """All deltas of an answer that was not streamed, its stop included.

        :raises Misunderstood: the body is no chat's answer.
        :raises BackendError: the provider reports an error.
        """
        answer = read_object(body)
        if not isinstance(answer.get("message"), dict):
            raise self._no_answer(answer, body)
        deltas: list[Delta] = []
        try:
            for name, value in answer["message"].items():
                if value and name in self._fields:
                    self._fields[name](self, value, deltas)
            self._read_end(answer, deltas)
        except WRONG_SHAPE as exc:
            raise self._misunderstood(body, exc) from exc
        return deltas + self.finish()

    def finish(self) -> list[Delta]:
        """The last deltas, the stop at their end, once no more frames come.

        :raises Incomplete: the provider never said that the reply is over.
        :raises Broken: it said that it broke off.
        """
        return self._finish(self._slots.count)

    def _read_part(self, event: Mapping[str, Any], deltas: list[Delta]) -> None:
        # A part is told by its field: only its first event has a type.
        part: Mapping[str, Any] = event["delta"]["message"]["content"]
        if words := part.get("text"):
            deltas.append(TextPiece(text(words)))
        elif thought := part.get("thinking"):
            deltas.append(ThinkingPiece(text(thought)))

    def _read_plan_piece(self, event: Mapping[str, Any], deltas: list[Delta]) -> None:
        self._read_plan(event["delta"]["message"]["tool_plan"], deltas)

    def _read_call_piece(self, event: Mapping[str, Any], deltas: list[Delta]) -> None:
        call: Mapping[str, Any] = event["delta"]["message"]["tool_calls"]
        deltas.append(self._slots.piece(event.get("index"), text(call.get("id") or ""), call["function"]))

    def _read_citation(self, event: Mapping[str, Any], deltas: list[Delta]) -> None:
        self._citations.append(event["delta"]["message"]["citations"])

    def _read_message_end(self, event: Mapping[str, Any], deltas: list[Delta]) -> None:
        self._read_end(event["delta"], deltas)
        self.done = True

    def _read_end(self, end: Mapping[str, Any], deltas: list[Delta]) -> None:
        if usage := end.get("usage"):
            deltas.append(UsagePiece(read_usage(usage)))
        if error := end.get("error"):
            raise failure(self._account, {"message": error, "type": end.get("error_type")})
        self._stop = text(end.get("finish_reason") or "")

    _events: ClassVar[Mapping[Any, Callable[[Any, Mapping[str, Any], list[Delta]], None]]] = {
        "content-start": _read_part,
        "content-delta": _read_part,
        "tool-plan-delta": _read_plan_piece,
        "tool-call-start": _read_call_piece,
        "tool-call-delta": _read_call_piece,
        "citation-start": _read_citation,
        "message-end": _read_message_end,
    }
    """What an event's type says; others, such as ``content-end``, say nothing that is not known by then."""

    def _read_content(self, value: Any, deltas: list[Delta]) -> None:
        if isinstance(value, str):
            deltas.append(TextPiece(value))
            return
        for part in items(value):
            match part.get("type"):
                case "text":
                    deltas.append(TextPiece(text(part["text"])))
                case "thinking":
                    deltas.append(ThinkingPiece(text(part["thinking"])))
                case _:
                    deltas.append(BlockPiece(Opaque(self._account.provider, part)))

    def _read_plan(self, value: Any, deltas: list[Delta]) -> None:
        deltas.append(ThinkingPiece(text(value)))

    def _read_calls(self, value: Any, deltas: list[Delta]) -> None:
        for position, call in enumerate(items(value)):
            deltas.append(self._slots.piece(position, text(call.get("id") or ""), call["function"]))

    def _read_citations(self, value: Any, deltas: list[Delta]) -> None:
        self._citations.extend(items(value))

    _fields: ClassVar[Mapping[str, Callable[[Any, Any, list[Delta]], None]]] = {
        "content": _read_content,
        "tool_plan": _read_plan,
        "tool_calls": _read_calls,
        "citations": _read_citations,
    }


COHERE_CHAT = Wire(
    name="cohere.chat",
    encode=encode,
    path=lambda model, streaming: "/v2/chat",
    frames=SseReader,
    answer=CohereV2Reader,
)
"""Cohere's Chat, version 2, under a base URL such as ``https://api.cohere.com``."""
