"""Messages in the form of OpenTelemetry's conventions."""

import json

import pytest

from loopbus.events import Audio, Block, File, Image, Message, Opaque, Refusal, Text, Thinking, ToolCall, ToolResult
from loopbus.handlers.observers.otel.messages import Part, as_json, input_messages, output_messages


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (Text("hi"), {"type": "text", "content": "hi"}),
        (Refusal("no"), {"type": "text", "content": "no"}),
        (Thinking("hm", "signed"), {"type": "reasoning", "content": "hm"}),
        (ToolCall("c1", "f", {"x": 1}), {"type": "tool_call", "id": "c1", "name": "f", "arguments": {"x": 1}}),
        (ToolResult("c1", "f", "out"), {"type": "tool_call_response", "id": "c1", "response": "out"}),
        (
            Image("image/png", url="https://x/y.png"),
            {"type": "uri", "modality": "image", "mime_type": "image/png", "uri": "https://x/y.png"},
        ),
        (
            Audio("audio/wav", data=b"1234"),
            {"type": "blob_size", "modality": "audio", "mime_type": "audio/wav", "bytes": 4},
        ),
        (
            File("application/pdf", data=b""),
            {"type": "blob_size", "modality": "document", "mime_type": "application/pdf", "bytes": 0},
        ),
        (Opaque("acme", {"secret": 1}), {"type": "opaque", "provider": "acme"}),
    ],
)
def test_each_kind_of_block_has_its_part(block: Block, part: Part) -> None:
    """Bytes and what only a provider understands are named, never copied."""
    assert input_messages(Message("user", (block,))) == [{"role": "user", "parts": [part]}]


@pytest.mark.parametrize(("stop", "reason"), [("end", "stop"), ("tool_calls", "tool_call"), ("length", "length")])
def test_why_a_reply_ended_is_said_in_the_conventions_words(stop: str, reason: str) -> None:
    """Ours where they have none."""
    assert output_messages(Message("assistant", ()), stop)[0]["finish_reason"] == reason


def test_long_texts_are_cut() -> None:
    """A span of a hundred megabytes helps nobody."""
    assert len(as_json({"text": "x" * 1_000_000})) < 11_000
    assert json.loads(as_json("ü")) == "ü"
