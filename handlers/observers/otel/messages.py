"""Messages as the JSON that OpenTelemetry's conventions for generative AI want on a span.

Source: gen-ai-input-messages.json, gen-ai-output-messages.json and gen-ai-system-instructions.json in
https://github.com/open-telemetry/semantic-conventions-genai.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ....events.content import (
    Audio,
    Block,
    File,
    Image,
    Message,
    Opaque,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from ...excerpt import excerpt

Part = dict[str, Any]

_CHARACTERS = 10_000
"""How much of one text is recorded."""
_DEPTH = 12

_FINISH: Mapping[str, str] = {
    "end": "stop",
    "stop_sequence": "stop",
    "tool_calls": "tool_call",
    "refusal": "content_filter",
    "completed": "stop",
    "limit": "length",
    "failed": "error",
    "cancelled": "error",
}
"""The conventions' word for why a reply or a run ended, where it is not ours."""


def input_messages(*messages: Message) -> list[Part]:
    """What the model is told."""
    return [{"role": message.role, "parts": _parts(message)} for message in messages]


def output_messages(message: Message, stop: str) -> list[Part]:
    """What the model said, and why it ended."""
    return [{"role": message.role, "parts": _parts(message), "finish_reason": finish_reason(stop)}]


def finish_reason(stop: str) -> str:
    """The conventions' word for why a reply, or a run, ended."""
    return _FINISH.get(stop, stop)


def system_instructions(text: str) -> list[Part]:
    """What the model is told before everything else."""
    return [{"type": "text", "content": text}]


def as_json(value: object) -> str:
    """Any of these, or a tool's arguments, as JSON text: long texts cut, secrets masked."""
    return json.dumps(excerpt(value, _CHARACTERS, _DEPTH), ensure_ascii=False)


def _parts(message: Message) -> list[Part]:
    return [_PARTS[type(block)](block) for block in message.content]


def _text(block: Text | Refusal) -> Part:
    return {"type": "text", "content": block.text}


def _thinking(block: Thinking) -> Part:
    return {"type": "reasoning", "content": block.text}


def _call(block: ToolCall) -> Part:
    return {"type": "tool_call", "id": block.call_id, "name": block.name, "arguments": block.arguments}


def _result(block: ToolResult) -> Part:
    return {"type": "tool_call_response", "id": block.call_id, "response": block.output}


def _media(block: Image | Audio | File) -> Part:
    """Where a medium is, or how long it is; never its bytes."""
    part = {"modality": block.kind if block.kind != "file" else "document", "mime_type": block.media_type}
    if block.url is not None:
        return {"type": "uri", **part, "uri": block.url}
    return {"type": "blob_size", **part, "bytes": len(block.data or b"")}


def _opaque(block: Opaque) -> Part:
    return {"type": "opaque", "provider": block.provider}


_PARTS: Mapping[type[Block], Callable[[Any], Part]] = {
    Text: _text,
    Refusal: _text,
    Thinking: _thinking,
    ToolCall: _call,
    ToolResult: _result,
    Image: _media,
    Audio: _media,
    File: _media,
    Opaque: _opaque,
}
