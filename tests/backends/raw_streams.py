"""A short answer on every wire, as bytes: how it begins, a stretch of its text, an error in its middle, its end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from loopbus.backends.wire.anthropic_messages import ANTHROPIC_MESSAGES
from loopbus.backends.wire.bedrock_converse import BEDROCK_CONVERSE
from loopbus.backends.wire.cohere import COHERE_CHAT
from loopbus.backends.wire.gemini import GEMINI
from loopbus.backends.wire.mistral import MISTRAL_CHAT
from loopbus.backends.wire.ollama_chat import OLLAMA_CHAT
from loopbus.backends.wire.openai_chat import OPENAI_CHAT
from loopbus.backends.wire.openai_responses import OPENAI_RESPONSES
from loopbus.backends.wire.wire import Wire

from .servers import event as sse
from .servers import piece, stop
from .wire import aws_messages as aws


@dataclass(frozen=True)
class RawStream:
    """How one wire says it."""

    wire: Wire
    text: Callable[[str], bytes]
    overloaded: bytes
    """An error that asking again may mend."""
    end: bytes
    begin: bytes = b""


def named(name: str, **fields: Any) -> bytes:
    """A server-sent event whose name stands in its data too."""
    return f"event: {name}\n".encode() + sse({"type": name, **fields})


def line(**fields: Any) -> bytes:
    """A line of JSON."""
    return to_json({"model": "m", **fields}) + b"\n"


def _anthropic_text(words: str) -> bytes:
    return named("content_block_delta", index=0, delta={"type": "text_delta", "text": words})


def _gemini_text(words: str, **more: str) -> bytes:
    return sse({"candidates": [{"content": {"role": "model", "parts": [{"text": words}]}, **more}]})


OVERLOADED = {"message": "The model is overloaded, try again later"}
CHAT_ERROR = sse({"error": {**OVERLOADED, "type": "overloaded_error", "code": 503}})

RAW_STREAMS = (
    RawStream(OPENAI_CHAT, piece, CHAT_ERROR, stop()),
    RawStream(MISTRAL_CHAT, piece, CHAT_ERROR, stop()),
    RawStream(
        OPENAI_RESPONSES,
        lambda words: named("response.output_text.delta", output_index=0, content_index=0, delta=words),
        named("error", code="server_is_overloaded", **OVERLOADED),
        named("response.completed", response={"status": "completed", "output": []}),
    ),
    RawStream(
        ANTHROPIC_MESSAGES,
        _anthropic_text,
        named("error", error={"type": "overloaded_error", **OVERLOADED}),
        named("content_block_stop", index=0)
        + named("message_delta", delta={"stop_reason": "end_turn"})
        + named("message_stop"),
        begin=named("message_start", message={"content": []})
        + named("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    ),
    RawStream(
        GEMINI,
        _gemini_text,
        sse({"error": {"code": 503, "status": "UNAVAILABLE", **OVERLOADED}}),
        _gemini_text("", finishReason="STOP"),
    ),
    RawStream(
        BEDROCK_CONVERSE,
        lambda words: aws.event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": words}}),
        aws.exception("throttlingException", OVERLOADED),
        aws.event("messageStop", {"stopReason": "end_turn"}) + aws.event("metadata", {"usage": {}}),
    ),
    RawStream(
        COHERE_CHAT,
        lambda words: named("content-delta", index=0, delta={"message": {"content": {"text": words}}}),
        named("message-end", delta={"finish_reason": "ERROR", "error": OVERLOADED["message"]}),
        named("message-end", delta={"finish_reason": "COMPLETE"}),
    ),
    RawStream(
        OLLAMA_CHAT,
        lambda words: line(message={"role": "assistant", "content": words}, done=False),
        line(error=OVERLOADED["message"]),
        line(message={"role": "assistant", "content": ""}, done=True, done_reason="stop"),
    ),
)
