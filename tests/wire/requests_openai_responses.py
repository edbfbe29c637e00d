"""Recorded requests of the Responses API, read back into our own types.

Beside what ``alike`` lists, the API's reference gives these as the same:

======================================= ===========================================================================
``input`` as text                       one message of the user with that text
``type`` of a message                   its absence
the role ``developer``                  the role ``system``
a list of one ``input_text``            the text
a list of one ``output_text``           the text: as in the recordings, not in the reference
``detail`` ``auto`` of a picture        its absence
``strict`` false of the answer's form   its absence
a tool of the provider before ours      the tool behind them
======================================= ===========================================================================
"""
# JSON of any shape is taken apart here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from loopbus.backends.contract import OutputSpec, Request, Settings
from loopbus.events.content import Audio, Block, File, Image, Message, Opaque, Role, Text, ToolCall, ToolResult, user

from .alike import alike
from .decoding import RecordedTool, split_data_url
from .requests_openai_chat import SPOKEN

Json = dict[str, Any]

SETTINGS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_output_tokens": "max_tokens",
    "parallel_tool_calls": "parallel_tool_calls",
}
"""Fields of a body, and what they are called in ``Settings``."""

READ = frozenset({"input", "instructions", "model", "tools", "tool_choice", "stream", "reasoning", "text", *SETTINGS})
"""Fields that our types have a place for; all others are ``Settings.extra_body``."""

OURS = ("store", "include")
"""Fields that we send of our own accord; ``None`` in ``extra_body`` takes them out."""


def decode(body: Json, exchange: Json) -> tuple[Request, str] | str:
    """The request and its model, or why our types cannot say it."""
    provider, extra = exchange["provider"], _extra_body(body)
    tools = [tool for tool in body.get("tools") or () if tool["type"] == "function"]
    hosted = [tool for tool in body.get("tools") or () if tool not in tools]
    if more := [*filter(None, map(_beyond, tools)), *hosted]:
        extra["tools"] = more
    choice = body.get("tool_choice")
    if choice is not None and (not tools or (isinstance(choice, dict) and "name" not in choice)):
        extra["tool_choice"] = choice
        choice = None
    effort = (body.get("reasoning") or {}).get("effort")
    settings = Settings(
        **{ours: body[theirs] for theirs, ours in SETTINGS.items() if theirs in body},
        reasoning_effort=effort,
        tool_choice=choice["name"] if isinstance(choice, dict) else choice,
        extra_body=extra,
    )
    request = Request(
        _messages(body.get("input") or [], provider),
        body.get("instructions") or "",
        tools=[RecordedTool(t["name"], t["description"] or "", t["parameters"], t.get("strict")) for t in tools],
        settings=settings,
        streaming=bool(body.get("stream")),
        output=_output(body),
    )
    return request, body.get("model", "")


TOLD = frozenset({"type", "description", "parameters", "strict"})
"""What our own types say of a tool, beside its name."""


def _beyond(tool: Json) -> Json:
    more = {name: value for name, value in tool.items() if name not in TOLD}
    return more if len(more) > 1 else {}


def spelled_out(body: Json) -> Json:
    """``body`` with everything said in one way."""
    if (body.get("text") or {}).get("format", {}).get("strict") is False:
        text = body["text"]
        kept = {name: value for name, value in text["format"].items() if name != "strict"}
        body = {**body, "text": {**text, "format": kept}}
    entries = body.get("input") or []
    if isinstance(entries, str):
        entries = [{"role": "user", "content": entries}]
    tools = sorted(body.get("tools") or [], key=lambda tool: tool["type"] != "function")
    return alike({**body, "input": [_spelled_out(entry) for entry in entries], "tools": tools})


def _spelled_out(entry: Json) -> Json:
    item = {name: value for name, value in entry.items() if (name, value) != ("type", "message")}
    if item.get("role") == "developer":
        item["role"] = "system"
    for name in {"content", "output"} & item.keys():
        match item[name]:
            case [{"type": "input_text" | "output_text", "text": text, **rest}] if rest in ({}, {"annotations": []}):
                item[name] = text
            case list(parts):
                item[name] = [
                    {key: part[key] for key in part if (key, part[key]) != ("detail", "auto")} for part in parts
                ]
            case _:
                pass
    return item


def _extra_body(body: Json) -> Json:
    extra = {name: value for name, value in body.items() if name not in READ}
    extra |= {name: None for name in OURS if name not in body}
    if rest := {name: value for name, value in (body.get("reasoning") or {}).items() if name != "effort"}:
        extra["reasoning"] = rest
    text = body.get("text") or {}
    kept = {name: value for name, value in text.items() if name != "format" or value["type"] != "json_schema"}
    return {**extra, "text": kept} if kept else extra


def _output(body: Json) -> OutputSpec | None:
    told = (body.get("text") or {}).get("format") or {}
    if told.get("type") != "json_schema":
        return None
    return OutputSpec(told["name"], told["schema"], told.get("description", ""), told.get("strict", False))


def _messages(entries: list[Json] | str, provider: str) -> list[Message]:
    if isinstance(entries, str):
        return [user(entries)]
    names: dict[str, str] = {}
    messages: list[Message] = []
    for entry in entries:
        if entry.get("type") == "function_call":
            names[entry["call_id"]] = entry["name"]
        role, blocks = _ITEMS.get(entry.get("type", "message"), _opaque)(entry, provider, names)
        if role == "assistant" and messages and messages[-1].role == role:
            # One answer is many items, and one message of ours.
            blocks = (*messages.pop().content, *blocks)
        messages.append(Message(role, blocks))
    return messages


Said = tuple[Role, tuple[Block, ...]]


def _message(entry: Json, provider: str, names: Mapping[str, str]) -> Said:
    content: list[Json] | str = entry["content"]
    if isinstance(content, str):
        return SPOKEN.get(entry["role"], entry["role"]), (Text(content),)
    blocks = tuple(_PARTS.get(part["type"], _opaque_part)(part, provider) for part in content)
    if beside := {name: entry[name] for name in ("id", "phase", "status") if name in entry}:
        blocks = (*blocks, Opaque(provider, {"type": "message", **beside}))
    return SPOKEN.get(entry["role"], entry["role"]), blocks


def _call(entry: Json, provider: str, names: Mapping[str, str]) -> Said:
    call_id, name = entry["call_id"], entry["name"]
    call = ToolCall(call_id, name, json.loads(entry["arguments"] or "{}"), call_id)
    beside = {field: value for field, value in entry.items() if field not in ("name", "arguments")}
    return "assistant", (call, Opaque(provider, beside)) if beside.keys() > {"type", "call_id"} else (call,)


def _result(entry: Json, provider: str, names: Mapping[str, str]) -> Said:
    call_id, output = entry["call_id"], entry["output"]
    if isinstance(output, str):
        return "tool", (ToolResult(call_id, names.get(call_id, ""), output),)
    blocks = [_PARTS[part["type"]](part, provider) for part in output]
    words = "".join(block.text for block in blocks if isinstance(block, Text))
    parts = tuple(block for block in blocks if isinstance(block, Image | Audio | File))
    return "tool", (ToolResult(call_id, names.get(call_id, ""), words, parts=parts),)


def _opaque(entry: Json, provider: str, names: Mapping[str, str]) -> Said:
    return ("user" if entry["type"] in ("mcp_approval_response", "additional_tools") else "assistant"), (
        Opaque(provider, entry),
    )


_ITEMS: Mapping[str, Callable[[Json, str, Mapping[str, str]], Said]] = {
    "message": _message,
    "function_call": _call,
    "function_call_output": _result,
}


def _text(part: Json, provider: str) -> Block:
    return Text(part["text"]) if part.keys() <= {"type", "text", "annotations"} else _opaque_part(part, provider)


def _opaque_part(part: Json, provider: str) -> Block:
    return Opaque(provider, part)


def _image(part: Json, provider: str) -> Block:
    if part.get("detail", "auto") != "auto" or "image_url" not in part:
        return _opaque_part(part, provider)
    found = split_data_url(part["image_url"])
    return Image("image/*", url=part["image_url"]) if found is None else Image(found[0], data=found[1])


def _audio(part: Json, provider: str) -> Block:
    told = part["input_audio"]
    return Audio(f"audio/{told['format']}", data=base64.b64decode(told["data"]))


def _file(part: Json, provider: str) -> Block:
    if "file_url" in part:
        return File("application/octet-stream", url=part["file_url"])
    found = split_data_url(part.get("file_data", ""))
    return _opaque_part(part, provider) if found is None else File(found[0], data=found[1], name=part.get("filename"))


_PARTS: Mapping[str, Callable[[Json, str], Block]] = {
    "input_text": _text,
    "output_text": _text,
    "input_image": _image,
    "input_audio": _audio,
    "input_file": _file,
}
