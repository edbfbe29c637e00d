"""Requests of Amazon Bedrock's Converse out of ours.

Source of the format: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. The model and
whether to stream are said in the path, not in the body.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import to_json

from ..contract import OutputSpec, Request, ToolSpec
from . import sampling
from .anthropic_thinking import goes_on_unthought
from .bedrock_converse_history import History
from .bedrock_families import ANY_FAMILY, FAMILIES
from .of_model import of_model
from .schema_dialects import ANTHROPIC
from .strict_schema import strict_schema
from .tool_schema import tool_schema

Json = dict[str, Any]


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
    body: Json = {"messages": history.finish()}
    if history.system:
        body["system"] = history.system
    if inference := sampling.write(settings, sampling.CONVERSE):
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
    schema, strict = tool_schema(tool, ANTHROPIC)
    return {"toolSpec": {"name": tool.name, **described, "inputSchema": {"json": schema}, **strict}}


def _text_format(output: OutputSpec) -> Json:
    schema = (strict_schema(output.schema, ANTHROPIC) if output.strict else None) or output.schema
    described = {"description": output.description} if output.description else {}
    structure = {"name": output.name, **described, "schema": to_json(schema).decode()}
    return {"type": "json_schema", "structure": {"jsonSchema": structure}}


def _add_cache_points(history: History, tools: list[Json], ttl: str) -> None:
    # Five minutes is what a cache point means by itself.
    point: Json = {"cachePoint": {"type": "default"} | ({} if ttl == "5m" else {"ttl": ttl})}
    if prefix := history.system or tools:
        prefix.append(point)
    if history.messages and history.messages[-1]["role"] == "user":
        history.messages[-1]["content"].append(point)
