"""Recorded requests to either version of Cohere's Chat, read back into our own types."""
# JSON of any shape is put together here.
# pyright: reportArgumentType=false

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from loopbus.backends.contract import OutputSpec, Request, Settings
from loopbus.events.content import Block, File, Image, Message, Opaque, Role, Text, Thinking, ToolCall, ToolResult

from .decoding import RecordedTool, split_data_url

Json = dict[str, Any]

SETTINGS: Mapping[str, str] = {
    "temperature": "temperature",
    "p": "top_p",
    "k": "top_k",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "max_tokens": "max_tokens",
    "seed": "seed",
}
"""Fields of a body, and what they are called in ``Settings``."""

READ = frozenset({"model", "messages", "message", "chat_history", "preamble", "stream", "stop_sequences", *SETTINGS})
READ_V2 = READ | {"tools", "tool_choice", "documents", "thinking", "response_format"}
"""Fields that our types have a place for; all others are ``Settings.extra_body``."""

ROLES: Mapping[str, Role] = {"SYSTEM": "system", "USER": "user", "CHATBOT": "assistant"}


def decode(body: Json, exchange: Json) -> tuple[Request, str] | str:
    """The request of version 2 and its model, or why it cannot be read."""
    provider = exchange["provider"]
    names: dict[str, str] = {}
    messages: list[Message] = []
    for entry in body["messages"]:
        names |= {call["id"]: call["function"]["name"] for call in entry.get("tool_calls") or ()}
        messages.append(Message(entry["role"], tuple(_ROLES[entry["role"]](entry, provider, names))))
    for place, message in enumerate(messages):
        if message.role == "user":
            files = [_file(document) for document in body.get("documents") or ()]
            messages[place] = Message("user", (*message.content, *files))
            break
    thinking: Json = body.get("thinking") or {}
    settings = _settings(
        body,
        READ_V2,
        reasoning_tokens=thinking.get("token_budget"),
        reasoning_effort={"enabled": "high", "disabled": "none"}.get(thinking.get("type", "")),
        tool_choice={"REQUIRED": "required", "NONE": "none"}.get(body.get("tool_choice", "")),
    )
    tools = [RecordedTool(**tool["function"]) for tool in body.get("tools") or ()]
    told: Json = body.get("response_format") or {}
    schema = told.get("json_schema") or told.get("schema")
    output = None if schema is None else OutputSpec("output", schema)
    return Request(messages, tools=tools, settings=settings, streaming=body["stream"], output=output), body["model"]


def decode_v1(body: Json, exchange: Json) -> tuple[Request, str] | str:
    """The request of version 1 and its model, or why it cannot be read."""
    if body.get("tools") or body.get("tool_results"):
        return "tools of version 1"
    history = [(ROLES[entry["role"].upper()], entry["message"]) for entry in body.get("chat_history") or ()]
    messages = [Message(role, (Text(words),)) for role, words in (*history, ("user", body["message"]))]
    request = Request(
        messages, body.get("preamble") or "", settings=_settings(body, READ), streaming=bool(body.get("stream"))
    )
    return request, body["model"]


def _settings(body: Json, read: frozenset[str], **more: Any) -> Settings:
    known = {ours: body[theirs] for theirs, ours in SETTINGS.items() if body.get(theirs) is not None}
    return Settings(
        **known,
        **more,
        stop=tuple(body.get("stop_sequences") or ()),
        extra_body={name: value for name, value in body.items() if name not in read},
    )


def _parts(content: Any, provider: str) -> list[Block]:
    if not isinstance(content, list):
        return [Text(content)] if content else []
    return [_part(part, provider) for part in cast("list[Json]", content)]


def _part(part: Json, provider: str) -> Block:
    match part:
        case {"type": "text", "text": text}:
            return Text(text)
        case {"type": "thinking", "thinking": text}:
            return Thinking(text)
        case {"type": "image_url", "image_url": {"url": url, **rest}} if not rest:
            found = split_data_url(url)
            return Image("image/*", url=url) if found is None else Image(found[0], data=found[1])
        case {"type": "document", "document": document}:
            return _file(document)
        case _:
            return Opaque(provider, part)


def _file(document: Any) -> File:
    match document:
        case {"data": {"text": text, **rest}} if not rest:
            return File("text/plain", data=text.encode(), name=document.get("id"))
        case _:
            data = json.dumps(document["data"]).encode()
            return File("application/json", data=data, name=document.get("id"))


def _said(entry: Json, provider: str, names: Mapping[str, str]) -> list[Block]:
    return _parts(entry["content"], provider)


def _answered(entry: Json, provider: str, names: Mapping[str, str]) -> list[Block]:
    blocks = _parts(entry.get("content"), provider)
    if plan := entry.get("tool_plan"):
        blocks.append(Thinking(plan))
    for call in entry.get("tool_calls") or ():
        function: Json = call["function"]
        blocks.append(ToolCall(call["id"], function["name"], json.loads(function["arguments"]), call["id"]))
    if citations := entry.get("citations"):
        blocks.append(Opaque(provider, {"citations": citations}))
    return blocks


def _gave(entry: Json, provider: str, names: Mapping[str, str]) -> list[Block]:
    blocks = _parts(entry["content"], provider)
    words = "".join(block.text for block in blocks if isinstance(block, Text))
    files = tuple(block for block in blocks if isinstance(block, File))
    call_id: str = entry["tool_call_id"]
    return [ToolResult(call_id, names.get(call_id, ""), words, parts=files, provider_id=call_id)]


_ROLES: Mapping[str, Callable[[Json, str, Mapping[str, str]], list[Block]]] = {
    "system": _said,
    "user": _said,
    "assistant": _answered,
    "tool": _gave,
}
