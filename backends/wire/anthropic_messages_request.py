"""Requests of Anthropic Messages out of ours.

Source of the format: https://platform.claude.com/docs/en/api/messages/create.

Bedrock's InvokeModel and Vertex take the same body with a version in the place of the model, which stands in the
address: ``encode(request, model, provider=..., dialect=BEDROCK)``, or ``VERTEX``. Their answers are read by
``anthropic_messages.MessagesReader``, whose frames are an SSE stream's or ``Frame(data)`` around one JSON event.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from ..contract import OutputSpec, Request, Settings, ToolSpec
from . import sampling
from .anthropic_messages_history import History
from .anthropic_thinking import goes_on_unthought, thinking
from .extra_tools import join_tools
from .schema_dialects import ANTHROPIC
from .strict_schema import strict_schema
from .tool_schema import tool_schema

Json = dict[str, Any]

DEFAULT_MAX_TOKENS = 8192
"""How long an answer may be where nobody said it, reasoning not counted: the wire wants a number. Every model since
Claude 3.5 takes this one; for one before it, set ``Settings.max_tokens`` to 4096 at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Where those who serve Claude differ from its maker.

    With a ``version`` the body says that, and not the model; ``stream`` is whether it says that a stream is wanted.
    """

    version: str = ""
    stream: bool = True


MESSAGES = Dialect()
BEDROCK = Dialect(version="bedrock-2023-05-31", stream=False)
VERTEX = Dialect(version="vertex-2023-10-16")

CACHE: Mapping[str, Json] = {"5m": {"type": "ephemeral"}, "1h": {"type": "ephemeral", "ttl": "1h"}}
"""``cache_control`` for ``Settings.cache_prompt``."""

CHOICES: Mapping[str, str] = {"auto": "auto", "none": "none", "required": "any"}
"""``tool_choice.type`` for ``Settings.tool_choice``; any other is a tool's name."""


def encode(request: Request, model: str, *, provider: str = "anthropic", dialect: Dialect = MESSAGES) -> Json:
    """The body of the HTTP request; ``provider`` says whose opaque blocks go back.

    System messages stand together at the head, messages of one side in a row become one, and blank texts are left
    out: the wire takes none. Reasoning goes back only with its own signature, and a budget for more of it is left out
    in the middle of calls that another model made. Of the settings, ``seed`` and the two penalties are unknown to this
    wire. In ``extra_body``, a tool with the name of one of the request's adds its fields to that one, others stand
    before them, and ``output_config`` is joined with ours.

    :raises Refused: a message holds a block that this wire cannot carry.
    """
    history = History(provider)
    if request.instructions:
        history.system.append({"type": "text", "text": request.instructions})
    for message in request.messages:
        history.add(message)
    body: Json = {"anthropic_version": dialect.version} if dialect.version else {"model": model}
    body["messages"] = history.finish()
    body.update(_settings(request, model))
    if "budget_tokens" in body.get("thinking", {}) and goes_on_unthought(history.wire):
        del body["thinking"]
    if request.output is not None:
        _add_output(body, request.output, history.system)
    if history.system:
        body["system"] = history.system
    if request.settings.cache_prompt:
        _mark(body, CACHE[request.settings.cache_prompt])
    if request.streaming and dialect.stream:
        body["stream"] = True
    for name, value in request.settings.extra_body.items():
        joined = name in _JOINED and name in body and isinstance(value, type(body[name]))
        body[name] = _JOINED[name](body[name], value) if joined else value
    return body


def _settings(request: Request, model: str) -> Json:
    settings = request.settings
    fields: Json = {
        **sampling.write(settings, sampling.ANTHROPIC),
        **thinking(model, settings),
    }
    if settings.max_tokens is None:
        budget = fields.get("thinking", {}).get("budget_tokens", 0)
        fields["max_tokens"] = DEFAULT_MAX_TOKENS + budget
    if request.tools:
        fields["tools"] = [_tool(tool) for tool in request.tools]
    if request.tools or "tools" in settings.extra_body:
        fields["tool_choice"] = _tool_choice(settings)
    return {name: value for name, value in fields.items() if value is not None}


def _tool(tool: ToolSpec) -> Json:
    schema, strict = tool_schema(tool, ANTHROPIC)
    return {"name": tool.name, "description": tool.description, "input_schema": schema, **strict}


def _tool_choice(settings: Settings) -> Json | None:
    choice, parallel = settings.tool_choice, settings.parallel_tool_calls
    if choice is None and parallel is not False:
        return None
    name = choice or "auto"
    fields: Json = {"type": CHOICES[name]} if name in CHOICES else {"type": "tool", "name": name}
    if parallel is False and name != "none":
        fields["disable_parallel_tool_use"] = True
    return fields


def _add_output(body: Json, output: OutputSpec, system: list[Json]) -> None:
    schema = strict_schema(output.schema, ANTHROPIC)
    if schema is None:
        # What the provider cannot enforce, the model can still be asked for.
        words = to_json(output.schema).decode()
        system.append({"type": "text", "text": f"Answer only with JSON that this JSON schema allows: {words}"})
    else:
        body.setdefault("output_config", {})["format"] = {"type": "json_schema", "schema": schema}


def _mark(body: Json, marker: Json) -> None:
    """Have kept what the next request begins with: tools and system, and the conversation so far.

    The second-last message of the user is where the last request's mark was; the provider finds it again by itself
    only if few blocks came since.
    """
    head: list[Json] = body.get("system") or body.get("tools") or []
    spoken: list[list[Json]] = [message["content"] for message in body["messages"] if message["role"] == "user"]
    for blocks in (head, *spoken[-2:]):
        if blocks:
            blocks[-1] = {"cache_control": marker, **blocks[-1]}


def _join_tools(ours: list[Json], more: list[Any]) -> list[Any]:
    named, others = join_tools(ours, more)
    return [*others, *named]


_JOINED: Mapping[str, Callable[[Any, Any], Any]] = {
    "tools": _join_tools,
    "output_config": lambda ours, more: {**ours, **more},
}
