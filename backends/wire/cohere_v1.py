"""Answers of Cohere's Chat, version 1, streamed or whole, into deltas.

Source of the format: https://docs.cohere.com/v1/reference/chat and https://docs.cohere.com/v1/reference/chat-stream.

Version 1 is frozen: requests carry text alone, and for anything more there is version 2.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ..contract import Delta, TextPiece, ToolCallPiece, UsagePiece
from .account import Account
from .cohere_shared import CohereReader, read_usage
from .cohere_v1_request import encode
from .failure import failure
from .fields import WRONG_SHAPE, items, text
from .json_lines import JsonLinesReader
from .objects import read_object, write_object
from .wire import Wire


class CohereV1Reader(CohereReader):
    """Reads one answer."""

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._calls = 0
        self._spoke = False

    def read(self, frame: bytes) -> list[Delta]:
        """The deltas of one line of a stream.

        :raises Misunderstood: the line is no event of a chat.
        :raises BackendError: the provider reports an error.
        """
        event = read_object(frame)
        deltas: list[Delta] = []
        try:
            read = self._events.get(event.get("event_type"))
            if read is not None:
                read(self, event, deltas)
            elif "event_type" not in event:
                raise self._no_answer(event, frame)
        except WRONG_SHAPE as exc:
            raise self._misunderstood(frame, exc) from exc
        return deltas

    def read_whole(self, body: bytes) -> list[Delta]:
        """All deltas of an answer that was not streamed, its stop included.

        :raises Misunderstood: the body is no chat's answer.
        :raises BackendError: the provider reports an error.
        """
        answer = read_object(body)
        if "text" not in answer and "finish_reason" not in answer:
            raise self._no_answer(answer, body)
        deltas: list[Delta] = []
        try:
            self._read_answer(answer, deltas)
        except WRONG_SHAPE as exc:
            raise self._misunderstood(body, exc) from exc
        return deltas + self.finish()

    def finish(self) -> list[Delta]:
        """The last deltas, the stop at their end, once no more frames come.

        :raises Incomplete: the provider never said that the reply is over.
        :raises Broken: it said that it broke off.
        """
        return self._finish(self._calls)

    def _read_text(self, event: Mapping[str, Any], deltas: list[Delta]) -> None:
        if words := event.get("text"):
            self._spoke = True
            deltas.append(TextPiece(text(words)))

    def _read_calls(self, event: Mapping[str, Any], deltas: list[Delta]) -> None:
        # Calls come whole here. The chunks before them, meant for show, hold the same arguments in pieces.
        if not self._spoke:
            self._read_text(event, deltas)
        if self._calls:
            return
        for slot, call in enumerate(items(event.get("tool_calls") or [])):
            arguments: Mapping[str, Any] = call.get("parameters") or {}
            deltas.append(ToolCallPiece(slot, "", text(call["name"]), write_object(arguments).decode()))
            self._calls = slot + 1

    def _read_citations(self, event: Mapping[str, Any], deltas: list[Delta]) -> None:
        self._citations.extend(items(event["citations"]))

    def _read_end(self, event: Mapping[str, Any], deltas: list[Delta]) -> None:
        answer: Mapping[str, Any] = event.get("response") or {}
        self._read_answer({**answer, "finish_reason": event.get("finish_reason")}, deltas)
        self.done = True

    def _read_answer(self, answer: Mapping[str, Any], deltas: list[Delta]) -> None:
        self._read_calls(answer, deltas)
        if not self._citations:
            self._citations = items(answer.get("citations") or [])
        if meta := answer.get("meta"):
            deltas.append(UsagePiece(read_usage(meta)))
        if error := answer.get("error"):
            raise failure(self._account, {"message": error})
        self._stop = text(answer.get("finish_reason") or "")

    _events: ClassVar[Mapping[Any, Callable[[Any, Mapping[str, Any], list[Delta]], None]]] = {
        "text-generation": _read_text,
        "tool-calls-chunk": _read_text,
        "tool-calls-generation": _read_calls,
        "citation-generation": _read_citations,
        "stream-end": _read_end,
    }
    """What an event's type says; others, such as ``search-results``, are about Cohere's own search."""


COHERE_CHAT_V1 = Wire(
    name="cohere.chat_v1",
    encode=encode,
    path=lambda model, streaming: "/v1/chat",
    frames=JsonLinesReader,
    answer=CohereV1Reader,
    accept="application/stream+json",
)
"""Cohere's Chat, version 1, under a base URL such as ``https://api.cohere.com``."""
