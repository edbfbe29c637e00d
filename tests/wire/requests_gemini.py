"""Recorded generateContent requests, read back into our own types."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from loopbus.backends.contract import OutputSpec, Request, Settings
from loopbus.events.content import (
    Audio,
    Block,
    File,
    Image,
    Message,
    Opaque,
    Outcome,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)

from .decoding import RecordedTool

Json = dict[str, Any]

SETTINGS: Mapping[str, str] = {
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "maxOutputTokens": "max_tokens",
    "seed": "seed",
}
"""Fields of a ``generationConfig``, and what they are called in ``Settings``."""

READ = frozenset({"contents", "generationConfig", "systemInstruction", "toolConfig", "tools"})
"""Fields of a body that our types have a place for; all others are ``Settings.extra_body``."""

MODES: Mapping[str, str] = {"AUTO": "auto", "NONE": "none", "ANY": "required"}

VALIDATED: Json = {"functionCallingConfig": {"mode": "VALIDATED"}}
"""Calls are kept to the schemas: what a strict tool asks for."""

FREE = frozenset({"args", "labels", "response", "responseJsonSchema"})
"""Fields whose value has names of the user's own."""

_PART = {"text", "functionCall", "functionResponse", "inlineData", "fileData"}
_SNAKE = re.compile(r"_([a-z])")


def spelling(body: Json) -> Json:
    """``body`` in one of the spellings that mean the same to Google's APIs.

    They take names as ``camelCase`` or ``snake_case``, base64 of either alphabet, words for types, modes and levels in
    either case, one part where a list of them is due (https://protobuf.dev/programming-guides/json), the schema of a
    tool or of the answer by either of its names, and no notice of the role of a system instruction. Empty lists and an
    empty ``generationConfig`` are none.
    """
    spelt = cast(Json, _spelt(body))
    if "systemInstruction" in spelt:
        spelt["systemInstruction"].setdefault("role", "user")
    told: Json = spelt.pop("generationConfig", None) or {}
    config = {name: value for name, value in told.items() if value != []}
    return {**spelt, "generationConfig": config} if config else spelt


def _spelt(value: Any) -> Any:
    if isinstance(value, list):
        return [_spelt(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    named = {_SNAKE.sub(lambda found: found[1].upper(), name): item for name, item in cast(Json, value).items()}
    if "parametersJsonSchema" in named:
        named["parameters"] = named.pop("parametersJsonSchema")
    if "responseSchema" in named:
        named["responseJsonSchema"] = _with_types(named.pop("responseSchema"), str.lower)
    return {name: _SPELLINGS.get(name, _spelt)(item) for name, item in named.items()}


def _upper(schema: Any) -> Any:
    return _with_types(schema, str.upper)


def _with_types(schema: Any, case: Callable[[str], str]) -> Any:
    if isinstance(schema, list):
        return [_with_types(item, case) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    fields = cast(Json, schema)
    return {
        name: case(item) if name == "type" and isinstance(item, str) else _with_types(item, case)
        for name, item in fields.items()
    }


def _one_alphabet(data: str) -> str:
    return data.replace("-", "+").replace("_", "/")


_SPELLINGS: Mapping[str, Callable[[Any], Any]] = {
    "data": _one_alphabet,
    "parts": lambda value: _spelt(value if isinstance(value, list) else [value]),
    "mode": str.upper,
    "thinkingLevel": str.lower,
    "parameters": _upper,
    **dict.fromkeys(FREE, lambda value: value),
}


class _CannotSay(Exception):
    """Our types have no place for something in the body; the text is the cause."""


def decode(body: Json, exchange: Json) -> tuple[Request, str] | str:
    """The request and its model, or why it cannot be read."""
    body = spelling(body)
    extra: Json = {name: value for name, value in body.items() if name not in READ}
    path: str = exchange["request"]["url_path"]
    try:
        request = Request(
            _Contents(exchange["provider"]).messages(body["contents"]),
            "".join(part["text"] for part in body.get("systemInstruction", {}).get("parts", ())),
            tools=_tools(body, extra),
            output=_output(body.get("generationConfig") or {}),
            settings=_settings(body.get("generationConfig") or {}, body.get("toolConfig") or {}, extra),
            streaming="streamGenerateContent" in path,
        )
    except _CannotSay as exc:
        return str(exc)
    return request, path.partition(":")[0].partition("models/")[2]


def _settings(config: Json, tool_config: Json, extra: Json) -> Settings:
    known: Json = {ours: config[theirs] for theirs, ours in SETTINGS.items() if theirs in config}
    if "top_k" in known:
        # Some clients write the whole number as a float.
        known["top_k"] = int(known["top_k"])
    rest = {name: value for name, value in config.items() if name not in {*SETTINGS, *_OUTPUT, "stopSequences"}}
    if "responseJsonSchema" not in config and "responseMimeType" in config:
        rest["responseMimeType"] = config["responseMimeType"]
    match rest.get("thinkingConfig"):
        case {"thinkingBudget": 0, **others} if not others:
            known["reasoning_tokens"] = 0
            del rest["thinkingConfig"]
        case {"thinkingBudget": budget, "includeThoughts": True}:
            known["reasoning_tokens"] = budget
            del rest["thinkingConfig"]
        case {"thinkingLevel": level, "includeThoughts": True}:
            known["reasoning_effort"] = level
            del rest["thinkingConfig"]
        case _:
            pass
    if rest:
        extra["generationConfig"] = rest
    match tool_config:
        case _ if tool_config == VALIDATED:
            pass
        case {"functionCallingConfig": {"mode": mode, **others}} if not others and len(tool_config) == 1:
            known["tool_choice"] = MODES[mode]
        case _:
            extra |= {"toolConfig": tool_config} if tool_config else {}
    return Settings(**known, stop=tuple(config.get("stopSequences") or ()), extra_body=extra)


_OUTPUT = ("responseMimeType", "responseJsonSchema")


def _output(config: Json) -> OutputSpec | None:
    schema = config.get("responseJsonSchema")
    return None if schema is None else OutputSpec("output", schema)


def _tools(body: Json, extra: Json) -> list[RecordedTool]:
    tools: list[Json] = body.get("tools") or []
    others = [tool for tool in tools if "functionDeclarations" not in tool]
    if others:
        extra["tools"] = others
    found = [tool["functionDeclarations"] for tool in tools if "functionDeclarations" in tool]
    strict = body.get("toolConfig") == VALIDATED
    return [_tool(declared, strict=strict) for declarations in found for declared in declarations]


def _tool(declared: Json, *, strict: bool) -> RecordedTool:
    schema = _with_types(declared.get("parameters") or {}, str.lower)
    return RecordedTool(declared["name"], declared.get("description", ""), schema, strict)


class _Contents:
    """Reads turns one after the other, for a result must find its call."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._open: list[ToolCall] = []
        self._count = 0

    def messages(self, contents: list[Json]) -> list[Message]:
        """A message for each turn."""
        return [self._message(content) for content in contents]

    def _message(self, content: Json) -> Message:
        role: Role = "assistant" if content.get("role") == "model" else "user"
        if all("functionResponse" in part for part in content["parts"]):
            role = "tool"
        return Message(role, tuple([block for part in content["parts"] for block in self._blocks(part)]))

    def _blocks(self, part: Json) -> list[Block]:
        kind = next((kind for kind in part if kind in _PART), None)
        if kind is None or part == {"text": "", "thoughtSignature": part.get("thoughtSignature")}:
            return [Opaque(self._provider, part)]
        block = _BLOCKS[kind](self, part)
        beside = {name: value for name, value in part.items() if name not in {kind, "thought"}}
        if not beside or isinstance(block, ToolCall):
            return [block]
        return [block, Opaque(self._provider, beside)]

    def text(self, part: Json) -> Block:
        return Thinking(part["text"]) if part.get("thought") else Text(part["text"])

    def call(self, part: Json) -> Block:
        call = part["functionCall"]
        self._count += 1
        provider_id, signature = call.get("id", ""), part.get("thoughtSignature")
        found = ToolCall(f"c{self._count}", call["name"], call.get("args") or {}, provider_id, signature=signature)
        self._open.append(found)
        return found

    def result(self, part: Json) -> Block:
        answer = part["functionResponse"]
        wire_id, name = answer.get("id", ""), answer["name"]
        call = next((call for call in self._open if (call.provider_id, call.name) == (wire_id, name)), None)
        if call is None:
            raise _CannotSay("a result that names no call before it")
        self._open.remove(call)
        output, outcome = _output_of(answer["response"])
        media = tuple([_media(each) for each in answer.get("parts") or ()])
        return ToolResult(call.call_id, name, output, outcome, media)


def _output_of(response: Json) -> tuple[str, Outcome]:
    match response:
        case {"error": str(words)} if len(response) == 1:
            return words, "error"
        case {"output": str(words)} if len(response) == 1:
            return words, "ok"
        case _:
            return json.dumps(response), "ok"


def _media(part: Json) -> Image | Audio | File:
    blob = part.get("inlineData") or part["fileData"]
    kind = {"image": Image, "audio": Audio}.get(blob["mimeType"].partition("/")[0], File)
    if "data" in blob:
        return kind(blob["mimeType"], data=base64.b64decode(blob["data"]))
    return kind(blob["mimeType"], url=blob["fileUri"])


_BLOCKS: Mapping[str, Callable[[_Contents, Json], Block]] = {
    "text": _Contents.text,
    "functionCall": _Contents.call,
    "functionResponse": _Contents.result,
    "inlineData": lambda _, part: _media(part),
    "fileData": lambda _, part: _media(part),
}
