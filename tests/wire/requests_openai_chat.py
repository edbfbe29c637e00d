"""Recorded Chat Completions requests, read back into our own types."""
# JSON of any shape is taken apart here.
# pyright: reportUnknownMemberType=false

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from loopbus.backends.contract import OutputSpec, Request, Settings
from loopbus.events.content import (
    Audio,
    Block,
    File,
    Image,
    Message,
    Opaque,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)

from .decoding import RecordedTool, split_data_url

Json = dict[str, Any]

SETTINGS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "seed": "seed",
    "reasoning_effort": "reasoning_effort",
    "parallel_tool_calls": "parallel_tool_calls",
}
"""Fields of a body, and what they are called in ``Settings``."""

READ = frozenset(
    {"messages", "model", "tools", "tool_choice", "stream", "stream_options", "response_format", "stop", *SETTINGS}
)
"""Fields that our types have a place for; all others are ``Settings.extra_body``."""

NEWER_LIMIT = frozenset({"azure", "cerebras", "groq", "openai"})
"""Who is asked for at most so many tokens by the newer name; with these, the older one is ``extra_body``."""

_DEPLOYMENT = re.compile(r"/deployments/([^/]+)/")


class CannotSay(Exception):
    """Our types have no place for something in the body; the text is the cause."""


def decode(body: Json, exchange: Json) -> tuple[Request, str] | str:
    """The request and its model, or why it cannot be read."""
    deployment = _DEPLOYMENT.search(exchange["request"]["url_path"])
    entries, settings, instructions = body["messages"], _settings(body, exchange["provider"]), ""
    match entries[0]:
        case {"role": "system", "content": [{"text": instructions, "cache_control": {"type": "ephemeral"}}]}:
            entries, settings = entries[1:], replace(settings, cache_prompt="5m")
        case _:
            pass
    try:
        request = Request(
            _messages(entries, exchange["provider"]),
            instructions,
            tools=[] if "tools" in settings.extra_body else [_tool(tool) for tool in body.get("tools") or ()],
            settings=settings,
            streaming=bool(body.get("stream")),
            output=_output(body.get("response_format")),
        )
    except CannotSay as exc:
        return str(exc)
    return request, body.get("model") or (deployment[1] if deployment else "")


def _settings(body: Json, provider: str) -> Settings:
    known = {ours: body[theirs] for theirs, ours in SETTINGS.items() if body.get(theirs) is not None}
    extra = {name: value for name, value in body.items() if name not in READ and value is not None}
    if (body.get("response_format") or {}).get("type") == "json_object":
        extra["response_format"] = body["response_format"]
    if (tools := body.get("tools")) and all(tool.get("type", "function") != "function" for tool in tools):
        # Tools that the provider runs itself are none of ours, so nothing of ours is overwritten.
        extra["tools"] = tools
    limit = "max_completion_tokens" if provider in NEWER_LIMIT else "max_tokens"
    stop = body.get("stop") or ()
    return Settings(
        **known,
        max_tokens=extra.pop(limit, None),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        tool_choice=_tool_choice(body.get("tool_choice")),
        extra_body=extra,
    )


def _tool_choice(choice: Json | str | None) -> str | None:
    return choice["function"]["name"] if isinstance(choice, dict) else choice


def _output(spec: Json | None) -> OutputSpec | None:
    if spec is None or spec["type"] != "json_schema":
        return None
    told = spec["json_schema"]
    if "name" not in told:
        raise CannotSay("an output schema without a name")
    return OutputSpec(told["name"], told["schema"], told.get("description", ""), told.get("strict", False))


def _tool(tool: Json) -> RecordedTool:
    if tool.get("type", "function") != "function":
        raise CannotSay("a tool that the provider runs itself")
    function = tool["function"]
    strict = function.get("strict", False)
    return RecordedTool(function["name"], function.get("description") or "", function.get("parameters") or {}, strict)


SPOKEN: Mapping[str, Role] = {"developer": "system"}
"""What OpenAI calls a role for its newer models."""


def _messages(entries: list[Json], provider: str) -> list[Message]:
    names: dict[str, str] = {}
    messages: list[Message] = []
    for entry in entries:
        role = SPOKEN.get(entry["role"], entry["role"])
        if role not in _ROLES:
            raise CannotSay(f"the role {role}")
        if role == "tool":
            result = ToolResult(entry["tool_call_id"], names.get(entry["tool_call_id"], ""), entry["content"])
            messages.append(Message("tool", (result,)))
            continue
        names |= {call["id"]: call["function"]["name"] for call in entry.get("tool_calls") or ()}
        messages.append(Message(role, (*_content(entry.get("content"), provider), *_ROLES[role](entry, provider))))
    return messages


def _content(content: list[Json] | str | None, provider: str) -> list[Block]:
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(content)]
    return [_PARTS.get(part["type"], _opaque)(part, provider) for part in content]


SAID = frozenset({"role", "content", "tool_calls", "reasoning", "reasoning_content"})
"""What our types say of an answer; anything else stands beside it."""


def _nothing_else(entry: Json, provider: str) -> list[Block]:
    return []


def _of_assistant(entry: Json, provider: str) -> list[Block]:
    blocks: list[Block] = []
    words = entry.get("reasoning_content", entry.get("reasoning"))
    if words is not None:
        blocks.append(Thinking(words))
    for call in entry.get("tool_calls") or ():
        arguments = call["function"]["arguments"]
        blocks.append(ToolCall(call["id"], call["function"]["name"], json.loads(arguments or "{}"), call["id"]))
    if beside := {name: value for name, value in entry.items() if name not in SAID and value}:
        blocks.append(Opaque(provider, beside))
    return blocks


_ROLES: Mapping[str, Callable[[Json, str], list[Block]]] = {
    "system": _nothing_else,
    "user": _nothing_else,
    "assistant": _of_assistant,
    "tool": _nothing_else,
}


def _text(part: Json, provider: str) -> Block:
    return Text(part["text"]) if part.keys() <= {"type", "text", "image_url"} else _opaque(part, provider)


def _opaque(part: Json, provider: str) -> Block:
    return Opaque(provider, part)


def _image(part: Json, provider: str) -> Block:
    found = split_data_url(part["image_url"]["url"])
    if "detail" in part["image_url"]:
        return _opaque(part, provider)
    return Image("image/*", url=part["image_url"]["url"]) if found is None else Image(found[0], data=found[1])


def _audio(part: Json, provider: str) -> Block:
    told = part["input_audio"]
    return Audio(f"audio/{told['format']}", data=base64.b64decode(told["data"]))


def _file(part: Json, provider: str) -> Block:
    told = part["file"]
    found = split_data_url(told.get("file_data", ""))
    return _opaque(part, provider) if found is None else File(found[0], data=found[1], name=told.get("filename"))


_PARTS: Mapping[str, Callable[[Json, str], Block]] = {
    "text": _text,
    "image_url": _image,
    "input_audio": _audio,
    "file": _file,
}
