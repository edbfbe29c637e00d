"""Requests of Amazon Bedrock's Converse out of ours.

Source of the format: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. The model and
whether to stream are said in the path, not in the body.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic_core import from_json, to_json

from ...events.content import (
    Audio,
    Block,
    File,
    Image,
    Message,
    Opaque,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from ..contract import OutputSpec, Request, Settings, ToolSpec
from ..errors import Refused
from .anthropic_thinking import goes_on_unthought
from .bedrock_families import ANY_FAMILY, FAMILIES, Family, of_model
from .bedrock_media import DocumentNames, write_media
from .call_ids import CallIds
from .signatures import own_signature
from .strict_schema import ANTHROPIC, strict_schema

Json = dict[str, Any]

_NO_ID = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_ID = 64

NO_OUTPUT = "(no output)"
"""What stands for a tool's empty result: Bedrock refuses blank text."""


def encode(request: Request, model: str, *, provider: str = "bedrock") -> Json:
    """The body of the HTTP request; ``provider`` says whose opaque blocks go back.

    Neighbours of one role become one message, for roles must alternate; tool results are a user's. Blank text, which
    Bedrock refuses, is left out, and so is reasoning without a signature. Where ``cache_prompt`` is set, cache points
    stand behind the system prompt (or the tools, where there is none) and behind the last message. Of the settings,
    ``seed`` and the two penalties are unknown to this wire; what only some models know goes to
    ``additionalModelRequestFields``, by family.

    :raises Refused: a message holds a block that this wire cannot carry.
    """
    family, settings = of_model(model, FAMILIES, ANY_FAMILY), request.settings
    history = History(provider, family)
    if request.instructions:
        history.system.append({"text": request.instructions})
    for message in request.messages:
        history.add(message)
    tools = write_tools(request, history.called)
    if settings.cache_prompt:
        _add_cache_points(history, tools if family.caches_tools else [], settings.cache_prompt)
    body: Json = {"messages": history.messages}
    if history.system:
        body["system"] = history.system
    if inference := write_inference(settings):
        body["inferenceConfig"] = inference
    if tools:
        body["toolConfig"] = {"tools": tools, **write_tool_choice(request)}
    if request.output is not None:
        body["outputConfig"] = {"textFormat": _text_format(request.output)}
    extra = family.extra(model, request)
    if "budget_tokens" in extra.get("thinking", {}) and goes_on_unthought(history.messages):
        del extra["thinking"]
    if extra:
        body["additionalModelRequestFields"] = extra
    body.update(settings.extra_body)
    return body


def write_inference(settings: Settings, max_tokens: str = "maxTokens") -> Json:
    """``inferenceConfig``; the one name that InvokeModel has another word for is ``max_tokens``."""
    fields: Json = {
        max_tokens: settings.max_tokens,
        "temperature": settings.temperature,
        "topP": settings.top_p,
        "stopSequences": list(settings.stop) or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def write_tools(request: Request, called: Iterable[str]) -> list[Json]:
    """``toolConfig.tools``: none where none may be called and none was.

    Bedrock refuses a history with calls in it without the tools; where the request has no more, their names stand in.
    """
    names = list(dict.fromkeys(called))
    if request.tools and (names or request.settings.tool_choice != "none"):
        return [_tool(tool) for tool in request.tools]
    return [{"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}} for name in names]


def write_tool_choice(request: Request) -> Json:
    """``toolChoice``, as the rest of ``toolConfig``. There is no word for ``none``."""
    choice = request.settings.tool_choice
    if not request.tools or choice in (None, "none"):
        return {}
    return {"toolChoice": _CHOICES.get(choice) or {"tool": {"name": choice}}}


_CHOICES: Mapping[str, Json] = {"auto": {"auto": {}}, "required": {"any": {}}}


def _tool(tool: ToolSpec) -> Json:
    described = {"description": tool.description} if tool.description else {}
    return {"toolSpec": {"name": tool.name, **described, "inputSchema": {"json": dict(tool.parameters)}}}


def _text_format(output: OutputSpec) -> Json:
    schema = (strict_schema(output.schema, ANTHROPIC) if output.strict else None) or output.schema
    described = {"description": output.description} if output.description else {}
    structure = {"name": output.name, **described, "schema": to_json(schema).decode()}
    return {"type": "json_schema", "structure": {"jsonSchema": structure}}


def _add_cache_points(history: "History", tools: list[Json], ttl: str) -> None:
    # Five minutes is what a cache point means by itself.
    point: Json = {"cachePoint": {"type": "default"} | ({} if ttl == "5m" else {"ttl": ttl})}
    if prefix := history.system or tools:
        prefix.append(point)
    if history.messages and history.messages[-1]["role"] == "user":
        history.messages[-1]["content"].append(point)


class History:
    """Writes messages one after the other, for a call and its result must agree on an id."""

    def __init__(self, provider: str, family: Family) -> None:
        self.system: list[Json] = []
        self.messages: list[Json] = []
        self.called: list[str] = []
        """The names of the tools in it, in order."""
        self._provider = provider
        self._family = family
        self._ids = CallIds(_tool_use_id)
        self._names = DocumentNames()

    def add(self, message: Message) -> None:
        """Write one message."""
        _ROLES[message.role](self, message)

    def add_system(self, message: Message) -> None:
        self.system.extend(self._parts(message.content, "system message"))

    def add_user(self, message: Message) -> None:
        self._append("user", self._parts(message.content, "user's message"))

    def add_assistant(self, message: Message) -> None:
        content: list[Json] = []
        for block in message.content:
            match block:
                case Text(text) | Refusal(text) if text.strip():
                    content.append({"text": text})
                case Thinking(text) if signature := own_signature(block, self._provider):
                    content.append({"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}})
                case ToolCall():
                    content.append({"toolUse": self._call(block)})
                case Opaque(provider, dict() as data) if provider == self._provider:
                    _append_opaque(content, data)
                case _:
                    # Nobody takes back the pictures or the sound that a model made.
                    pass
        self._append("assistant", content)

    def add_tool(self, message: Message) -> None:
        self._append("user", [{"toolResult": self._result(block)} for block in message.content])

    def _append(self, role: str, content: Iterable[Json]) -> None:
        blocks = list(content)
        if self.messages and self.messages[-1]["role"] == role:
            self.messages[-1]["content"].extend(blocks)
        elif blocks:
            self.messages.append({"role": role, "content": blocks})

    def _call(self, call: ToolCall) -> Json:
        self.called.append(call.name)
        return {"toolUseId": self._ids.of_call(call), "name": call.name, "input": dict(call.arguments)}

    def _result(self, result: Block) -> Json:
        if not isinstance(result, ToolResult):
            raise Refused(f"a tool's message holds tool results, not {type(result).__name__}")
        content = [_output(result.output)] if result.output.strip() else []
        content.extend(self._parts(result.parts, "tool's result", without="audio"))
        status = {"status": "error"} if result.outcome != "ok" and self._family.tells_status else {}
        return {"toolUseId": self._ids.of_result(result), "content": content or [{"text": NO_OUTPUT}], **status}

    def _parts(self, blocks: Iterable[Block], place: str, without: str = "") -> Iterable[Json]:
        for block in blocks:
            match block:
                case Text(text) | Refusal(text):
                    if text.strip():
                        yield {"text": text}
                case Opaque(provider, data):
                    if provider == self._provider and isinstance(data, dict):
                        yield data
                case Image() | Audio() | File():
                    yield write_media(block, self._names, place, without)
                case _:
                    raise Refused(f"a {place} cannot hold a {type(block).__name__} in Bedrock's Converse")


_ROLES: Mapping[Role, Callable[[History, Message], None]] = {
    "system": History.add_system,
    "user": History.add_user,
    "assistant": History.add_assistant,
    "tool": History.add_tool,
}


def _tool_use_id(wire_id: str) -> str:
    return _NO_ID.sub("_", wire_id)[:_LONGEST_ID]


def _append_opaque(content: list[Json], data: Json) -> None:
    cited = data.get("citationsContent")
    # Citations were told beside the text that they are for; going back, they hold it.
    if isinstance(cited, dict) and "content" not in cited and content and "text" in content[-1]:
        content[-1] = {"citationsContent": {**cited, "content": [content[-1]]}}
    else:
        content.append(data)


def _output(text: str) -> Json:
    # An object goes as one: the Mistral models behind Bedrock take nothing else.
    if text.lstrip().startswith("{"):
        try:
            return {"json": from_json(text, allow_inf_nan=False)}
        except ValueError:
            pass
    return {"text": text}
