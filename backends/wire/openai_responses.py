"""Answers of OpenAI's Responses API, streamed or whole, into deltas.

Source of the format: https://platform.openai.com/docs/api-reference/responses and .../responses-streaming, and where
others who speak it differ (Azure, Bedrock, DeepSeek, OpenRouter, xAI), what they were recorded to send.

An answer is a list of items: messages, calls, reasoning, pictures, and what the provider's own tools did. A stream
tells of an item in pieces and once more whole when it closes, and of all of them once more at its end; a server may
leave out any of the three.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ...events.content import Opaque, Refusal
from ..contract import BlockPiece, Delta, TextPiece, ThinkingPiece, UsagePiece
from .account import Account
from .failure import failure
from .fields import WRONG_SHAPE, items, text
from .objects import read_object
from .openai_responses_end import INTERRUPTED, UNFINISHED, raw_stop, read_usage, stop_reason
from .openai_responses_items import beside, call_id_of, parts_of, picture_of
from .openai_responses_request import encode
from .reader import Reader
from .sse import Frame, SseReader
from .tool_slots import CallSlots
from .wire import Wire

Json = dict[str, Any]

DONE = b"[DONE]"

PARAGRAPH = "\n\n"
"""What stands between two parts of a summary."""


class ResponsesReader(Reader):
    """Reads one answer."""

    FORMAT = "response"
    END = "response.completed"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._slots = CallSlots()
        self._places: dict[Any, Any] = {}
        self._begun: set[Any] = set()
        self._told: set[Any] = set()
        self._closed: set[Any] = set()
        self._voices: dict[Any, str] = {}
        self._thought: tuple[Any, Any] | None = None
        self._refusal: list[str] = []

    def read(self, frame: Frame) -> list[Delta]:
        """The deltas of one frame of a stream; events that say nothing new have none.

        :raises Misunderstood: the frame is no event of a response.
        :raises BackendError: the provider reports an error; the class is that of the HTTP status it would have had.
        """
        data, name = frame
        if not data or data == DONE:
            self.done = self.done or data == DONE
            return []
        event = read_object(data)
        deltas: list[Delta] = []
        try:
            kind = event.get("type") or event.setdefault("type", name.decode())
            read = self._events.get(kind)
            if read is not None:
                read(self, event, deltas)
            elif event.get("error"):
                raise failure(self._account, event)
            elif not text(kind):
                raise KeyError("type")
        except WRONG_SHAPE as exc:
            raise self._misunderstood(data, exc) from exc
        return deltas

    def read_whole(self, body: bytes) -> list[Delta]:
        """All deltas of an answer that was not streamed, its stop included.

        :raises Misunderstood: the body is no response.
        :raises BackendError: the provider reports an error.
        """
        answer = read_object(body)
        deltas: list[Delta] = []
        try:
            if answer.get("error"):
                raise failure(self._account, answer)
            self._read_answer(answer, text(answer["status"]), items(answer["output"]), deltas)
        except WRONG_SHAPE as exc:
            raise self._misunderstood(body, exc) from exc
        return deltas + self.finish()

    def finish(self) -> list[Delta]:
        """The last deltas, the stop at their end, once no more frames come.

        :raises Incomplete: the provider never said that the reply is over.
        :raises Broken: it said that it broke off.
        """
        self._check_end(INTERRUPTED)
        if self._stop in UNFINISHED:
            raise self._incomplete(self._stop)
        reason = stop_reason(self._stop)
        deltas: list[Delta] = []
        if self._refusal:
            deltas.append(BlockPiece(Refusal("".join(self._refusal))))
            reason = "refusal" if reason == "end" else reason
        deltas.append(self._stop_piece(reason, calls=self._slots.count))
        return deltas

    def _read_text(self, event: Json, deltas: list[Delta]) -> None:
        self._told.add(self._key(event))
        if words := text(event["delta"]):
            deltas.append(TextPiece(words))

    def _read_refusal(self, event: Json, deltas: list[Delta]) -> None:
        self._told.add(self._key(event))
        self._refusal.append(text(event["delta"]))

    def _read_thought(self, event: Json, deltas: list[Delta]) -> None:
        key = self._key(event)
        # Who tells the reasoning and a summary of it tells the same twice: the first to speak is heard.
        if self._voices.setdefault(key, event["type"]) == event["type"]:
            self._told.add(key)
            self._think((key, event.get("summary_index", event.get("content_index"))), text(event["delta"]), deltas)

    def _read_arguments(self, event: Json, deltas: list[Delta]) -> None:
        key = self._key(event)
        self._told.add(key)
        deltas.append(self._slots.piece(key, "", {"arguments": text(event["delta"])}))

    def _read_added(self, event: Json, deltas: list[Delta]) -> None:
        item = event["item"]
        if item["type"] == "function_call":
            self._begin_call(self._key(event, item), item, deltas)

    def _read_closed(self, event: Json, deltas: list[Delta]) -> None:
        item = event["item"]
        self._close(self._key(event, item), item, deltas)

    def _read_end(self, event: Json, deltas: list[Delta]) -> None:
        answer = event["response"]
        self._read_answer(answer, text(event["type"]).rpartition(".")[2], items(answer.get("output") or []), deltas)
        self.done = True

    def _read_error(self, event: Json, deltas: list[Delta]) -> None:
        raise failure(self._account, {**event, "type": None})

    _events: ClassVar[Mapping[str, Callable[[Any, Json, list[Delta]], None]]] = {
        "response.output_text.delta": _read_text,
        "response.refusal.delta": _read_refusal,
        "response.reasoning_summary_text.delta": _read_thought,
        "response.reasoning_text.delta": _read_thought,
        "response.function_call_arguments.delta": _read_arguments,
        "response.output_item.added": _read_added,
        "response.output_item.done": _read_closed,
        "response.completed": _read_end,
        "response.incomplete": _read_end,
        "response.failed": _read_end,
        "response.cancelled": _read_end,
        "error": _read_error,
    }
    """All others announce, or repeat at its end what came in pieces."""

    def _read_answer(self, answer: Json, status: str, output: list[Any], deltas: list[Delta]) -> None:
        if status == "failed" or answer.get("error"):
            raise failure(self._account, answer.get("error") or "the response failed")
        closed = frozenset(self._closed)
        for place, item in enumerate(output):
            # Ids may be others than in the events, and places too, but hardly both.
            if place not in closed and (item.get("id") or place) not in closed:
                self._close(place, item, deltas)
        if usage := answer.get("usage"):
            deltas.append(UsagePiece(read_usage(usage)))
        self._stop = raw_stop(answer, status)

    def _close(self, key: Any, item: Json, deltas: list[Delta]) -> None:
        self._closed |= {key, item.get("id")} - {None}
        if (close := self._items.get(item["type"])) is not None:
            close(self, key, item, deltas)
        fields = beside(item)
        if fields:
            deltas.append(BlockPiece(Opaque(self._account.provider, fields)))
        if fields or item["type"] != "reasoning":
            self._thought = None

    def _close_message(self, key: Any, item: Json, deltas: list[Delta]) -> None:
        if key not in self._told:
            parts = parts_of(item)
            deltas.extend(TextPiece(text(part["text"])) for part in parts if part["type"] == "output_text")
            self._refusal.extend(text(part["refusal"]) for part in parts if part["type"] == "refusal")

    def _close_call(self, key: Any, item: Json, deltas: list[Delta]) -> None:
        self._begin_call(key, item, deltas)
        if key not in self._told and item.get("arguments"):
            deltas.append(self._slots.piece(key, "", item))

    def _close_reasoning(self, key: Any, item: Json, deltas: list[Delta]) -> None:
        if key not in self._told:
            for place, part in enumerate(items(item.get("summary") or item.get("content") or [])):
                self._think((key, place), text(part["text"]), deltas)

    def _close_picture(self, key: Any, item: Json, deltas: list[Delta]) -> None:
        if (picture := picture_of(item)) is not None:
            deltas.append(BlockPiece(picture))

    _items: ClassVar[Mapping[str, Callable[[Any, Any, Json, list[Delta]], None]]] = {
        "message": _close_message,
        "function_call": _close_call,
        "reasoning": _close_reasoning,
        "image_generation_call": _close_picture,
    }

    def _begin_call(self, key: Any, item: Json, deltas: list[Delta]) -> None:
        if key not in self._begun:
            self._begun.add(key)
            deltas.append(self._slots.piece(key, call_id_of(item), {"name": item["name"]}))

    def _key(self, event: Json, item: Json | None = None) -> Any:
        """What an item is called throughout a stream: its place in the output, or its id where a server counts none.

        Some events of a stream may count and others not.
        """
        place, name = event.get("output_index"), event.get("item_id") or (item and item.get("id"))
        if place is None:
            return self._places.get(name, name)
        if name is not None:
            self._places.setdefault(name, place)
        return place

    def _think(self, place: tuple[Any, Any], words: str, deltas: list[Delta]) -> None:
        deltas.append(ThinkingPiece(words if self._thought in (None, place) else PARAGRAPH + words))
        self._thought = place


OPENAI_RESPONSES = Wire(
    name="openai.responses",
    encode=encode,
    path=lambda _model, _streaming: "/responses",
    frames=SseReader,
    answer=ResponsesReader,
)
