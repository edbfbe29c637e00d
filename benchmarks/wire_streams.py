"""Streams as each wire's servers send them, made up here: a word an event, with the fields that stand around it."""

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from loopbus.backends.wire.anthropic_messages import ANTHROPIC_MESSAGES
from loopbus.backends.wire.bedrock_converse import BEDROCK_CONVERSE
from loopbus.backends.wire.cohere import COHERE_CHAT
from loopbus.backends.wire.gemini import GEMINI
from loopbus.backends.wire.mistral import MISTRAL_CHAT
from loopbus.backends.wire.ollama_chat import OLLAMA_CHAT
from loopbus.backends.wire.openai_chat import OPENAI_CHAT
from loopbus.backends.wire.openai_responses import OPENAI_RESPONSES
from loopbus.backends.wire.wire import Wire

WORD = " token"

Json = dict[str, Any]
Pack = Callable[[str, Json], bytes]
"""Makes a named event, or one whose name the wire leaves out, into bytes."""


@dataclass(frozen=True, slots=True)
class Stream:
    """How an answer looks on one wire, and what a program that reads it by hand has to know."""

    wire: Wire
    pack: Pack
    opening: tuple[tuple[str, Json], ...]
    word: tuple[str, Json]
    ending: tuple[tuple[str, Json], ...]
    text: Callable[[Json], str | None]
    """The words of one event, if it has any."""

    def chunks(self, words: int) -> Iterator[bytes]:
        """The events of an answer of so many words, each by itself as it arrives when it is written."""
        yield from (self.pack(*event) for event in self.opening)
        yield from [self.pack(*self.word)] * words
        yield from (self.pack(*event) for event in self.ending)


def sse(_: str, value: Json) -> bytes:
    """A server-sent event without a name."""
    return b"data: " + _json(value) + b"\n\n"


def named_sse(name: str, value: Json) -> bytes:
    """A server-sent event with its name."""
    return f"event: {name}\n".encode() + sse(name, value)


def json_line(_: str, value: Json) -> bytes:
    """A line of JSON."""
    return _json(value) + b"\n"


def aws_event(name: str, value: Json) -> bytes:
    """A message of AWS's event stream."""
    fields = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        struct.pack(">B", len(key)) + key.encode() + struct.pack(">BH", 7, len(text)) + text.encode()
        for key, text in fields.items()
    )
    payload = _json(value)
    head = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    message = head + struct.pack(">I", crc32(head)) + headers + payload
    return message + struct.pack(">I", crc32(message))


def _json(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _chat(wire: Wire, about: Json) -> Stream:
    def chunk(delta: Json, reason: str | None = None) -> tuple[str, Json]:
        return "", {**about, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]}

    return Stream(
        wire,
        sse,
        (chunk({"role": "assistant", "content": ""}),),
        chunk({"content": WORD}),
        (chunk({}, "stop"),),
        lambda event: event["choices"][0]["delta"].get("content"),
    )


def _responses_text(event: Json) -> str | None:
    return event["delta"] if event["type"] == "response.output_text.delta" else None


def _anthropic_text(event: Json) -> str | None:
    return event["delta"]["text"] if event["type"] == "content_block_delta" else None


def _gemini_text(event: Json) -> str | None:
    return event["candidates"][0]["content"]["parts"][0]["text"]


def _gemini_chunk(words: str, **more: str) -> tuple[str, Json]:
    candidate = {"content": {"parts": [{"text": words}], "role": "model"}, **more, "index": 0}
    counts = {"promptTokenCount": 12, "candidatesTokenCount": 34, "totalTokenCount": 46}
    return "", {"candidates": [candidate], "usageMetadata": counts, "modelVersion": "gemini-2.5-flash"}


def _cohere_text(event: Json) -> str | None:
    return event["delta"]["message"]["content"]["text"] if event["type"] == "content-delta" else None


def _converse_text(event: Json) -> str | None:
    return event["delta"]["text"] if "delta" in event else None


def _ollama_line(words: str, **more: Any) -> tuple[str, Json]:
    about = {"model": "qwen3", "created_at": "2026-01-02T03:04:05.678901234Z"}
    return "", {**about, "message": {"role": "assistant", "content": words}, "done": False, **more}


CHAT = {
    "id": "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG",
    "object": "chat.completion.chunk",
    "created": 1_741_570_283,
    "model": "gpt-5.2",
    "service_tier": "default",
    "system_fingerprint": "fp_fc9f1d7035",
}
ITEM = {"item_id": "msg_67c9fdcf37fc8190", "output_index": 0, "content_index": 0}
BLOCK = {"index": 0}
PADDED = {"contentBlockIndex": 0, "p": "abcdefghijklmnopqrstuvwxyz"}
USED = {"input_tokens": 12, "output_tokens": 34, "total_tokens": 46}

STREAMS = (
    _chat(OPENAI_CHAT, CHAT),
    Stream(
        OPENAI_RESPONSES,
        named_sse,
        (),
        (
            "response.output_text.delta",
            {"type": "response.output_text.delta", **ITEM, "delta": WORD, "logprobs": [], "sequence_number": 4},
        ),
        (
            (
                "response.completed",
                {"type": "response.completed", "response": {"status": "completed", "output": [], "usage": USED}},
            ),
        ),
        _responses_text,
    ),
    Stream(
        ANTHROPIC_MESSAGES,
        named_sse,
        (
            ("message_start", {"type": "message_start", "message": {"content": [], "usage": USED}}),
            (
                "content_block_start",
                {"type": "content_block_start", **BLOCK, "content_block": {"type": "text", "text": ""}},
            ),
        ),
        (
            "content_block_delta",
            {"type": "content_block_delta", **BLOCK, "delta": {"type": "text_delta", "text": WORD}},
        ),
        (
            ("content_block_stop", {"type": "content_block_stop", **BLOCK}),
            ("message_delta", {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": USED}),
            ("message_stop", {"type": "message_stop"}),
        ),
        _anthropic_text,
    ),
    Stream(GEMINI, sse, (), _gemini_chunk(WORD), (_gemini_chunk("", finishReason="STOP"),), _gemini_text),
    Stream(
        BEDROCK_CONVERSE,
        aws_event,
        (("messageStart", {"role": "assistant", "p": "abcdef"}),),
        ("contentBlockDelta", {"delta": {"text": WORD}, **PADDED}),
        (
            ("contentBlockStop", PADDED),
            ("messageStop", {"stopReason": "end_turn", "p": "abc"}),
            ("metadata", {"usage": {"inputTokens": 12, "outputTokens": 34}, "metrics": {"latencyMs": 567}}),
        ),
        _converse_text,
    ),
    Stream(
        COHERE_CHAT,
        named_sse,
        (),
        (
            "content-delta",
            {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": WORD}}}},
        ),
        (("message-end", {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}),),
        _cohere_text,
    ),
    _chat(MISTRAL_CHAT, {"id": "cf5b0c1f", "object": "chat.completion.chunk", "created": 1, "model": "mistral-large"}),
    Stream(
        OLLAMA_CHAT,
        json_line,
        (),
        _ollama_line(WORD),
        (_ollama_line("", done=True, done_reason="stop", prompt_eval_count=12, eval_count=34),),
        lambda event: event["message"]["content"],
    ),
)
"""One for every wire that streams in a shape of its own."""
