"""Answers of OpenAI Chat Completions, streamed or whole, into deltas.

Source of the format: https://platform.openai.com/docs/api-reference/chat, and where others who speak it differ, what
they were recorded to send.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from ...events.content import Opaque, Refusal
from ..contract import BlockPiece, Delta, StopReason, TextPiece, ThinkingPiece, UsagePiece
from .account import Account
from .failure import failure
from .fields import WRONG_SHAPE, items, text
from .objects import read_object
from .openai_chat_about import OF_MESSAGE, About
from .openai_chat_dialects import CHAT, Dialect
from .openai_chat_parts import read_image, read_part
from .openai_chat_request import encode
from .openai_chat_usage import groq_usage, read_usage
from .reader import Reader
from .reasoning_details import ReasoningDetails
from .sse import Frame, SseReader
from .tool_slots import CallSlots
from .wire import Wire

STOPS: Mapping[str, StopReason] = {
    "stop": "end",
    "eos": "end",
    "end_turn": "end",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "stop_sequence": "stop_sequence",
    "content_filter": "content_filter",
    "sensitive": "content_filter",
    "refusal": "refusal",
}
"""``finish_reason``, in our words; any other is ``other``."""

INTERRUPTED = frozenset({"abort", "error", "insufficient_system_resource", "network_error"})
"""``finish_reason`` of an answer that the provider itself broke off (vLLM, OpenRouter, DeepSeek, Z.ai)."""

DONE = b"[DONE]"

_LEGACY_CALL = -1


def _told_of(name: str, reader: "ChatReader", value: Any, _: list[Delta]) -> None:
    reader.about.add(name, value)


class ChatReader(Reader):
    """Reads one answer."""

    FORMAT = "Chat Completion"
    END = "finish_reason"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._slots = CallSlots()
        self._refusal: list[str] = []
        self._details = ReasoningDetails()
        self.about = About()
        """What the answer is told to rest on."""
        self._whole = False
        self._counted = False
        self._said = False

    def read(self, frame: Frame) -> list[Delta]:
        """The deltas of one frame of a stream.

        :raises Misunderstood: the frame is no chunk of a Chat Completion.
        :raises BackendError: the provider reports an error; the class is that of the HTTP status it would have had.
        """
        if not frame.data or frame.data == DONE:
            self.done = self.done or frame.data == DONE
            return []
        chunk = read_object(frame.data)
        if frame.event == b"error":
            raise failure(self._account, chunk)
        return self._read(chunk, "delta", frame.data)

    def read_whole(self, body: bytes) -> list[Delta]:
        """All deltas of an answer that was not streamed, its stop included.

        :raises Misunderstood: the body is no Chat Completion.
        :raises BackendError: the provider reports an error.
        """
        self._whole = self.done = True
        return self._read(read_object(body), "message", body) + self.finish()

    def finish(self) -> list[Delta]:
        """The last deltas, the stop at their end, once no more frames come.

        :raises Incomplete: the provider never said that the reply is over.
        :raises Broken: it said that it broke off.
        """
        if self._ended_unsaid():
            reason: StopReason = "end"
        else:
            self._check_end(INTERRUPTED)
            reason = STOPS.get(self._stop, "other")
        deltas: list[Delta] = []
        if details := self._details.whole():
            deltas.append(BlockPiece(Opaque(self._account.provider, {"reasoning_details": list(details)})))
        if about := self.about.whole():
            deltas.append(BlockPiece(Opaque(self._account.provider, about)))
        if self._refusal:
            deltas.append(BlockPiece(Refusal("".join(self._refusal))))
            reason = "refusal" if reason == "end" else reason
        deltas.append(self._stop_piece(reason, calls=self._slots.count))
        return deltas

    def _ended_unsaid(self) -> bool:
        # Some providers leave the reason out. Who broke off does not count, last of all, what was said.
        return not self._stop and self.done and self._said and self._counted

    def _read(self, answer: dict[str, Any], message: str, raw: bytes) -> list[Delta]:
        deltas: list[Delta] = []
        if answer.get("error"):
            raise failure(self._account, answer)
        try:
            choices = answer.get("choices")
            # Of several choices the first is the answer; in a stream, each chunk holds a piece of one.
            if choices and not (choice := choices[0]).get("index"):
                self._read_choice(choice, message, deltas)
            if deltas:
                self._said, self._counted = True, False
            if "citations" in answer or "search_results" in answer:
                self.about.renew(answer)
            if usage := answer.get("usage") or groq_usage(answer):
                self._counted = self._whole or not deltas
                deltas.append(UsagePiece(read_usage(usage)))
        except WRONG_SHAPE as exc:
            raise self._misunderstood(raw, exc) from exc
        return deltas

    def _read_choice(self, choice: dict[str, Any], message: str, deltas: list[Delta]) -> None:
        fields = self._fields
        parts: dict[str, Any] = choice.get(message) or {}
        for name, value in parts.items():
            if value and name in fields:
                fields[name](self, value, deltas)
        if reason := choice.get("finish_reason"):
            self._stop = text(reason)
        if certainty := choice.get("logprobs"):
            self.about.add("logprobs", certainty.get("content") or [])
        if choice.get("error"):
            raise failure(self._account, choice)

    def _read_content(self, value: Any, deltas: list[Delta]) -> None:
        if isinstance(value, str):
            deltas.append(TextPiece(value))
            return
        deltas.extend(read_part(part, self._account.provider) for part in items(value))

    def _read_reasoning(self, value: Any, deltas: list[Delta]) -> None:
        # Some gateways send the same words under both names.
        if not any(isinstance(delta, ThinkingPiece) for delta in deltas):
            deltas.append(ThinkingPiece(text(value)))

    def _read_details(self, value: Any, deltas: list[Delta]) -> None:
        self._details.add(value)

    def _read_refusal(self, value: Any, deltas: list[Delta]) -> None:
        self._refusal.append(text(value))

    def _read_calls(self, value: Any, deltas: list[Delta]) -> None:
        for position, call in enumerate(items(value)):
            function = call.get("function")
            if function is None:
                deltas.append(BlockPiece(Opaque(self._account.provider, call)))
                continue
            index = call.get("index", position if self._whole else None)
            deltas.append(self._slots.piece(index, text(call.get("id") or ""), function))

    def _read_legacy_call(self, value: Any, deltas: list[Delta]) -> None:
        # Some gateways fill in every field that there is: of nothing, where there is nothing.
        if value.get("name") or value.get("arguments"):
            deltas.append(self._slots.piece(_LEGACY_CALL, "", value))

    def _read_images(self, value: Any, deltas: list[Delta]) -> None:
        deltas.extend(BlockPiece(read_image(part)) for part in items(value))

    def _read_audio(self, value: Any, deltas: list[Delta]) -> None:
        if any(value.values()):
            deltas.append(BlockPiece(Opaque(self._account.provider, {"audio": value})))

    def _read_extra(self, value: Any, deltas: list[Delta]) -> None:
        deltas.append(BlockPiece(Opaque(self._account.provider, {"extra_content": value})))

    _fields: ClassVar[Mapping[str, Callable[[Any, Any, list[Delta]], None]]] = {
        "content": _read_content,
        "reasoning_content": _read_reasoning,
        "reasoning": _read_reasoning,
        "reasoning_details": _read_details,
        "refusal": _read_refusal,
        "tool_calls": _read_calls,
        "function_call": _read_legacy_call,
        "images": _read_images,
        "audio": _read_audio,
        "extra_content": _read_extra,
        **{name: partial(_told_of, name) for name in OF_MESSAGE},
    }


def chat_wire(dialect: Dialect = CHAT) -> Wire:
    """Chat Completions as someone speaks it."""
    return Wire(
        name="openai.chat",
        encode=partial(encode, dialect=dialect),
        path=lambda _model, _streaming: "/chat/completions",
        frames=SseReader,
        answer=ChatReader,
    )


OPENAI_CHAT = chat_wire()
