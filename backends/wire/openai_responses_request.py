"""Requests of OpenAI's Responses API out of ours.

Source of the format: https://platform.openai.com/docs/api-reference/responses/create.

Nothing is left with the provider: every request carries its whole history and says ``store: false``. So words, calls
and reasoning go back without the ids under which they would be looked for, and reasoning comes and goes sealed.
"""

import re
from collections.abc import Mapping
from typing import Any

from ..contract import OutputSpec, Request, ToolSpec
from . import sampling
from .extra_tools import join_tools
from .openai_responses_history import History
from .strict_schema import strict_schema
from .tool_schema import tool_schema

Json = dict[str, Any]

SEALED = "reasoning.encrypted_content"
"""What asks for reasoning that only the provider can read."""

_SEALS = re.compile(r"(^|[/.])(o[1-9]|codex|gpt-([5-9]|\d\d)(?!.*-chat)|grok-([4-9]|code))")
"""Models that hand out their reasoning sealed, whoever hosts them. Others refuse to be asked for it."""


def encode(request: Request, model: str, *, provider: str = "openai") -> Json:
    """The body of the HTTP request; ``provider`` says whose opaque blocks go back.

    Every tool call gets an id that is unique in the request, and its result the same one. A tool that
    is strict is held to its schema by the provider. ``extra_body`` is merged last: in its ``tools``, one with the name
    of one of ours adds its fields to that, and others stand behind ours; the fields of an object join those of ours;
    ``None`` takes a field out, such as ``store`` where a server does not know it.

    :raises Refused: a message holds a block that this wire cannot carry.
    """
    history = History(provider)
    for message in request.messages:
        history.add(message)
    body: Json = {"model": model, "input": history.items}
    if request.instructions:
        body["instructions"] = request.instructions
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    body |= _settings(request)
    body["stream"] = request.streaming
    body["store"] = False
    if _SEALS.search(model):
        body["include"] = [SEALED]
    _merge(body, request.settings.extra_body)
    return body


def _settings(request: Request) -> Json:
    settings = request.settings
    fields: Json = {
        **sampling.write(settings, sampling.RESPONSES),
        "reasoning": settings.reasoning_effort and {"effort": settings.reasoning_effort},
        "text": request.output and {"format": _format(request.output)},
    }
    if request.tools:
        fields["parallel_tool_calls"] = settings.parallel_tool_calls
        fields["tool_choice"] = _tool_choice(settings.tool_choice)
    return {name: value for name, value in fields.items() if value is not None}


def _merge(body: Json, extra: Mapping[str, Any]) -> None:
    for name, value in extra.items():
        ours = body.get(name)
        if value is None:
            body.pop(name, None)
        elif isinstance(ours, dict) and isinstance(value, Mapping):
            body[name] = {**ours, **value}
        elif name == "tools" and ours:
            named, others = join_tools(body[name], value)
            body[name] = [*named, *others]
        else:
            body[name] = value


def _format(output: OutputSpec) -> Json:
    # A shape that cannot be enforced is still told to the model; the answer is validated anyway.
    schema = strict_schema(output.schema) if output.strict else None
    told: Json = {"type": "json_schema", "name": output.name, "schema": schema or dict(output.schema)}
    if output.description:
        told["description"] = output.description
    return {**told, "strict": schema is not None}


def _tool_choice(choice: str | None) -> Json | str | None:
    if choice in (None, "auto", "none", "required"):
        return choice
    return {"type": "function", "name": choice}


def _tool(tool: ToolSpec) -> Json:
    schema, strict = tool_schema(tool)
    told: Json = {"type": "function", "name": tool.name, "parameters": schema}
    if tool.description:
        told["description"] = tool.description
    # Left out it would mean true, and the API would change or refuse schemas with optional arguments.
    return told if tool.strict is None else {**told, "strict": False, **strict}
