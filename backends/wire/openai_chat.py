"""Answers of OpenAI Chat Completions, streamed or whole, into deltas.

Source of the format: https://platform.openai.com/docs/api-reference/chat, and where others who speak it differ, what
they were recorded to send.
"""

import base64
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, cast

from ...events.content import Image, Opaque, Refusal
from ...events.usage import Usage
from ..contract import BlockPiece, Delta, StopPiece, StopReason, TextPiece, ThinkingPiece, UsagePiece
from ..errors import Broken, Incomplete, Misunderstood
from .failure import Account, failure
from .objects import read_object
from .openai_chat_request import CHAT, Dialect, encode
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

_WRONG_SHAPE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
_LEGACY_CALL = -1


class ChatReader:
    """Reads one answer."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._slots = CallSlots()
        self._refusal: list[str] = []
        self._details = ReasoningDetails()
        self._stop = ""
        self._whole = False
        self.done = False
        """Whether no frame follows."""

    @property
    def stopped(self) -> bool:
        """Whether the provider has said that the reply is over."""
        return bool(self._stop)

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
        self._whole = True
        return self._read(read_object(body), "message", body) + self.finish()

    def finish(self) -> list[Delta]:
        """The last deltas, the stop at their end, once no more frames come.

        :raises Incomplete: the provider never said that the reply is over.
        :raises Broken: it said that it broke off.
        """
        provider = self._account.provider
        if not self._stop:
            raise Incomplete(f"{provider} ended in the middle of the reply (no finish_reason)", provider=provider)
        if self._stop in INTERRUPTED:
            raise Broken(f"{provider} broke off the reply ({self._stop})", provider=provider, code=self._stop)
        reason = STOPS.get(self._stop, "other")
        deltas: list[Delta] = []
        if details := self._details.whole():
            deltas.append(BlockPiece(Opaque(provider, {"reasoning_details": list(details)})))
        if self._refusal:
            deltas.append(BlockPiece(Refusal("".join(self._refusal))))
            reason = "refusal" if reason == "end" else reason
        elif self._slots.count and reason == "end":
            reason = "tool_calls"
        deltas.append(StopPiece(reason, self._stop))
        return deltas

    def _read(self, answer: dict[str, Any], message: str, raw: bytes) -> list[Delta]:
        deltas: list[Delta] = []
        if answer.get("error"):
            raise failure(self._account, answer)
        try:
            choices = answer.get("choices")
            # Of several choices the first is the answer; in a stream, each chunk holds a piece of one.
            if choices and not (choice := choices[0]).get("index"):
                self._read_choice(choice, message, deltas)
            if usage := answer.get("usage") or _groq_usage(answer):
                deltas.append(UsagePiece(read_usage(usage)))
        except _WRONG_SHAPE as exc:
            provider = self._account.provider
            raise Misunderstood(
                f"{provider} sent what is no Chat Completion ({exc})", frame=raw, provider=provider
            ) from exc
        return deltas

    def _read_choice(self, choice: dict[str, Any], message: str, deltas: list[Delta]) -> None:
        fields = self._fields
        parts: dict[str, Any] = choice.get(message) or {}
        for name, value in parts.items():
            if value and name in fields:
                fields[name](self, value, deltas)
        if reason := choice.get("finish_reason"):
            self._stop = _text(reason)
        if choice.get("error"):
            raise failure(self._account, choice)

    def _read_content(self, value: Any, deltas: list[Delta]) -> None:
        if isinstance(value, str):
            deltas.append(TextPiece(value))
            return
        for part in _list(value):
            read = _PARTS.get(part.get("type"))
            deltas.append(BlockPiece(Opaque(self._account.provider, part)) if read is None else read(part))

    def _read_reasoning(self, value: Any, deltas: list[Delta]) -> None:
        # Some gateways send the same words under both names.
        if not any(isinstance(delta, ThinkingPiece) for delta in deltas):
            deltas.append(ThinkingPiece(_text(value)))

    def _read_details(self, value: Any, deltas: list[Delta]) -> None:
        self._details.add(value)

    def _read_refusal(self, value: Any, deltas: list[Delta]) -> None:
        self._refusal.append(_text(value))

    def _read_calls(self, value: Any, deltas: list[Delta]) -> None:
        for position, call in enumerate(_list(value)):
            function = call.get("function")
            if function is None:
                deltas.append(BlockPiece(Opaque(self._account.provider, call)))
                continue
            index = call.get("index", position if self._whole else None)
            deltas.append(self._slots.piece(index, _text(call.get("id") or ""), function))

    def _read_legacy_call(self, value: Any, deltas: list[Delta]) -> None:
        deltas.append(self._slots.piece(_LEGACY_CALL, "", value))

    def _read_images(self, value: Any, deltas: list[Delta]) -> None:
        deltas.extend(BlockPiece(_image(part)) for part in _list(value))

    def _read_audio(self, value: Any, deltas: list[Delta]) -> None:
        deltas.append(BlockPiece(Opaque(self._account.provider, {"audio": value})))

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
    }


def read_usage(counts: Mapping[str, Any]) -> Usage:
    """Token counts in our way of counting; what a provider leaves out is 0."""
    prompt: dict[str, Any] = counts.get("prompt_tokens_details") or {}
    completion: dict[str, Any] = counts.get("completion_tokens_details") or {}
    sent, written = _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
    reasoning = _count(completion.get("reasoning_tokens"))
    # xAI counts reasoning beside the completion; its total gives it away.
    if reasoning and counts.get("total_tokens") == sent + written + reasoning:
        written += reasoning
    return Usage(
        input_tokens=sent,
        output_tokens=written,
        # DeepSeek's own name for it came first.
        cached_tokens=_count(prompt.get("cached_tokens") or counts.get("prompt_cache_hit_tokens")),
        cache_write_tokens=_count(prompt.get("cache_write_tokens")),
        reasoning_tokens=reasoning,
    )


def _groq_usage(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    # Groq's streams told it in a corner of their own once.
    corner: Mapping[str, Any] | None = answer.get("x_groq")
    return corner.get("usage") if corner else None


def _image(part: Mapping[str, Any]) -> Image:
    url = _text(part["image_url"]["url"])
    head, comma, data = url.partition(";base64,")
    if not comma or not head.startswith("data:"):
        return Image("image/*", url=url)
    return Image(head.removeprefix("data:"), data=base64.b64decode(data, validate=True))


def _thinking(part: Mapping[str, Any]) -> ThinkingPiece:
    words = part["thinking"]
    text = words if isinstance(words, str) else "".join(_text(word["text"]) for word in words if "text" in word)
    signature = part.get("signature")
    return ThinkingPiece(text, None if signature is None else _text(signature))


_PARTS: Mapping[str, Callable[[Mapping[str, Any]], Delta]] = {
    "text": lambda part: TextPiece(_text(part["text"])),
    "output_text": lambda part: TextPiece(_text(part["text"])),
    "thinking": _thinking,
    "image_url": lambda part: BlockPiece(_image(part)),
    "refusal": lambda part: BlockPiece(Refusal(_text(part["refusal"]))),
}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.50} stands where text should")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.50} stands where a list should")
    return cast("list[Any]", value)


def _count(value: Any) -> int:
    return value if type(value) is int and value > 0 else 0


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
