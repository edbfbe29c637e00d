"""Recorded requests to Ollama's own API, read back into our own types."""

import base64
from collections.abc import Mapping
from typing import Any

from loopbus.backends.contract import OutputSpec, Request, Settings
from loopbus.events.content import Block, Image, Message, Text, Thinking, ToolCall, ToolResult

from .decoding import RecordedTool

Json = dict[str, Any]

OPTIONS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "num_predict": "max_tokens",
    "seed": "seed",
}
"""Ollama's options, and what they are called in ``Settings``."""

READ = frozenset({"model", "messages", "prompt", "system", "images", "tools", "stream", "options"})
"""Fields that our types have a place for; all others are ``Settings.extra_body``, ``format`` too if it is a word."""

THINK: Mapping[object, str] = {False: "none", "low": "low", "medium": "medium", "high": "high"}


def decode(body: Json, exchange: Json) -> tuple[Request, str] | str:
    """The chat's request and its model, or why it cannot be read."""
    messages = [Message(entry["role"], tuple(_blocks(entry))) for entry in body["messages"]]
    tools = [RecordedTool(**tool["function"]) for tool in body.get("tools") or ()]
    return _request(body, messages, tools), body["model"]


def decode_prompt(body: Json, exchange: Json) -> tuple[Request, str] | str:
    """The prompt's request and its model, or why it cannot be read."""
    message = Message("user", (Text(body["prompt"]), *_images(body)))
    return _request(body, [message], []), body["model"]


def _request(body: Json, messages: list[Message], tools: list[RecordedTool]) -> Request:
    options: Json = body.get("options") or {}
    extra = {name: value for name, value in body.items() if name not in READ and value is not None}
    more: Json = {}
    if extra.get("think") in THINK:
        more["reasoning_effort"] = THINK[extra.pop("think")]
    schema = extra.pop("format") if isinstance(extra.get("format"), dict) else None
    unknown = {name: value for name, value in options.items() if name not in OPTIONS and name != "stop"}
    if unknown:
        extra["options"] = unknown
    settings = Settings(
        **{OPTIONS[name]: value for name, value in options.items() if name in OPTIONS},
        **more,
        stop=tuple(options.get("stop") or ()),
        extra_body=extra,
    )
    return Request(
        messages,
        body.get("system") or "",
        tools=tools,
        settings=settings,
        streaming=bool(body.get("stream", True)),
        output=None if schema is None else OutputSpec("output", schema),
    )


def _blocks(entry: Json) -> list[Block]:
    if entry["role"] == "tool":
        name, call_id = entry.get("tool_name", ""), entry.get("tool_call_id", "")
        return [ToolResult(call_id, name, entry["content"], parts=tuple(_images(entry)), provider_id=call_id)]
    blocks: list[Block] = [Text(entry.get("content") or ""), *_images(entry)]
    if entry.get("thinking"):
        blocks.append(Thinking(entry["thinking"]))
    for call in entry.get("tool_calls") or ():
        function: Json = call["function"]
        blocks.append(ToolCall(call.get("id", ""), function["name"], function["arguments"], call.get("id", "")))
    return blocks


def _images(entry: Json) -> list[Image]:
    return [Image("image/*", data=base64.b64decode(data)) for data in entry.get("images") or ()]
