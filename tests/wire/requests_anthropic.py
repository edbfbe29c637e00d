"""Recorded Anthropic Messages requests, read back into our own types.

What a user of ours would hand over as the provider's own block is an ``Opaque`` here: one with a cache marker of its
own, a document with citations switched on, a file named by its id. Server tools, and fields of a tool that ours have no
place for, are ``extra_body``.
"""

import base64
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any, cast

from loopbus.backends.contract import OutputSpec, Request, Settings
from loopbus.events.content import Block, File, Image, Message, Opaque, Text, Thinking, ToolCall, ToolResult

from .decoding import RecordedTool

Json = dict[str, Any]

SETTINGS = ("temperature", "top_p", "top_k", "max_tokens")
"""Fields that ``Settings`` has under the same name."""

READ = frozenset({"messages", "model", "system", "tools", "tool_choice", "stream", "stop_sequences", *SETTINGS})
"""Fields that our types have a place for; all others are ``Settings.extra_body``, but for what is looked at below."""

CHOICES: Mapping[str, str] = {"auto": "auto", "none": "none", "any": "required"}


class CannotSay(Exception):
    """Our types have no place for something in the body; the text is the cause."""


def decode(body: Json, exchange: Json) -> tuple[Request, str] | str:
    """The request and its model, or why it cannot be read."""
    body, provider = spelled_out(body), exchange["provider"]
    try:
        instructions, system = _system(body.get("system", []), provider)
        request = Request(
            [*system, *_Conversation(provider).read(body["messages"])],
            instructions,
            tools=[_tool(tool) for tool in body.get("tools", ()) if "input_schema" in tool],
            settings=_settings(body),
            streaming=body.get("stream", False),
            output=_output(body),
        )
    except CannotSay as exc:
        return str(exc)
    return request, body.get("model", "")


def spelled_out(body: Json) -> Json:
    """The same request without what the API documents as shorthand, or as no different from nothing.

    A string stands for one text block, in ``system``, in a message and in a tool's result; a result is no error unless
    it says so; an empty ``system`` or list of tools is none; null is nothing; calls may be parallel unless it is said
    that they may not; a tool is the same wherever it stands among others.
    """
    plain: Json = _without_null(body)
    if "system" in plain:
        plain["system"] = _blocks(plain["system"])
    if not plain.get("system"):
        plain.pop("system", None)
    if plain.get("stream") is False:
        del plain["stream"]
    plain["tools"] = sorted(plain.get("tools", ()), key=lambda tool: str(tool.get("name")))
    if not plain.get("tools"):
        plain.pop("tools", None)
    if plain.get("tool_choice", {}).get("disable_parallel_tool_use") is False:
        del plain["tool_choice"]["disable_parallel_tool_use"]
    for message in plain["messages"]:
        if isinstance(message, dict):
            message["content"] = [_spelled_out_block(block) for block in _blocks(message["content"])]
    return plain


def _spelled_out_block(block: Json) -> Json:
    if block["type"] == "tool_result":
        if "content" in block:
            block["content"] = _blocks(block["content"])
        if block.get("is_error") is False:
            del block["is_error"]
    return block


def _without_null(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_null(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {name: _without_null(item) for name, item in cast(Json, value).items() if item is not None}
    return value


def _blocks(content: Any) -> list[Json]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _system(blocks: list[Json], provider: str) -> tuple[str, list[Message]]:
    match blocks:
        case [{"type": "text", "text": instructions, **rest}] if not rest:
            return instructions, []
        case _:
            return "", [Message("system", tuple(_part(block, provider) for block in blocks))] if blocks else []


def _settings(body: Json) -> Settings:
    extra = {name: value for name, value in body.items() if name not in READ}
    fields: Json = {name: body[name] for name in SETTINGS if name in body}
    match body.get("thinking"):
        case {"type": "enabled", "budget_tokens": budget, **rest} if not rest:
            fields["reasoning_tokens"] = budget
            del extra["thinking"]
        case _:
            pass
    if "output_config" in extra:
        extra["output_config"] = {name: item for name, item in extra["output_config"].items() if name != "format"}
        if not extra["output_config"]:
            del extra["output_config"]
    if tools := [more for tool in body.get("tools", ()) if (more := _beyond(tool))]:
        extra["tools"] = tools
    choice: Json = body.get("tool_choice", {})
    if choice.get("disable_parallel_tool_use"):
        fields["parallel_tool_calls"] = False
    return Settings(
        stop=tuple(body.get("stop_sequences", ())),
        tool_choice=CHOICES.get(choice["type"], choice.get("name")) if choice else None,
        extra_body=extra,
        **fields,
    )


def _tool(tool: Json) -> RecordedTool:
    return RecordedTool(tool["name"], tool.get("description", ""), tool["input_schema"], tool.get("strict", False))


TOLD = frozenset({"description", "input_schema", "strict"})
"""What our own types say of a tool, beside its name."""


def _beyond(tool: Json) -> Json:
    """Of a server tool all, of one of ours what its name is needed for."""
    if "input_schema" not in tool:
        return tool
    more = {name: value for name, value in tool.items() if name not in TOLD}
    return more if len(more) > 1 else {}


def _output(body: Json) -> OutputSpec | None:
    match body.get("output_config"):
        case {"format": {"type": "json_schema", "schema": schema}}:
            return OutputSpec("answer", schema)
        case _:
            return None


class _Conversation:
    """Reads messages one after the other, for a result knows its tool's name from the call."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._names: dict[str, str] = {}

    def read(self, entries: Iterable[Any]) -> list[Message]:
        return [message for entry in entries for message in self._message(entry)]

    def _message(self, entry: Any) -> Iterable[Message]:
        match entry:
            case {"role": "assistant", "content": blocks}:
                yield Message("assistant", tuple(part for block in blocks for part in self._said(block)))
            case {"role": "user", "content": blocks}:
                for results, run in groupby(blocks, lambda block: block["type"] == "tool_result"):
                    parts = tuple((self._result if results else self._part)(block) for block in run)
                    yield Message("tool" if results else "user", parts)
            case _:
                raise CannotSay("no message: what the API itself refused")

    def _part(self, block: Json) -> Block:
        return _part(block, self._provider)

    def _said(self, block: Json) -> Iterable[Block]:
        match block:
            case {"type": "text", "text": text, **rest}:
                yield Text(text)
                if rest:
                    yield Opaque(self._provider, block)
            case {"type": "thinking", "thinking": text, "signature": signature}:
                yield Thinking(text, signature)
            case {"type": "tool_use", "id": call_id, "name": name, "input": arguments, **rest}:
                self._names[call_id] = name
                yield ToolCall(call_id, name, arguments, call_id)
                if rest:
                    yield Opaque(self._provider, {"type": "tool_use", "id": call_id, **rest})
            case _:
                yield Opaque(self._provider, block)

    def _result(self, block: Json) -> ToolResult:
        call_id, texts, media = block["tool_use_id"], list[str](), list[Image | File]()
        for part in map(self._part, block.get("content", ())):
            if isinstance(part, Text) and not (texts or media):
                texts.append(part.text)
            elif isinstance(part, Image | File):
                media.append(part)
            else:
                raise CannotSay("a tool's result of more than a text and media")
        outcome = "error" if block.get("is_error") else "ok"
        return ToolResult(call_id, self._names.get(call_id, ""), "".join(texts), outcome, tuple(media), call_id)


def _part(block: Json, provider: str) -> Block:
    source: Json = block.get("source", {})
    bare = block.keys() <= {"type", "text", "source", "title"}
    read = _PARTS.get((block["type"], source.get("type", "")))
    return read(block, source) if bare and read is not None else Opaque(provider, block)


_PARTS: Mapping[tuple[str, str], Callable[[Json, Json], Block]] = {
    ("text", ""): lambda block, _: Text(block["text"]),
    ("image", "base64"): lambda _, source: Image(source["media_type"], base64.b64decode(source["data"])),
    ("image", "url"): lambda _, source: Image("image/*", url=source["url"]),
    ("document", "base64"): lambda block, source: File(
        source["media_type"], base64.b64decode(source["data"]), name=block.get("title")
    ),
    ("document", "url"): lambda block, source: File("application/pdf", url=source["url"], name=block.get("title")),
    ("document", "text"): lambda block, source: File("text/plain", source["data"].encode(), name=block.get("title")),
}
