"""Requests of OpenAI Chat Completions out of ours.

Source of the format: https://platform.openai.com/docs/api-reference/chat/create.
"""

from typing import Any

from ..contract import OutputSpec, Request, ToolSpec
from . import sampling
from .openai_chat_dialects import CHAT, Dialect
from .openai_chat_history import History
from .strict_schema import strict_schema
from .tool_schema import tool_schema

Json = dict[str, Any]


def encode(request: Request, model: str, *, provider: str = "openai", dialect: Dialect = CHAT) -> Json:
    """The body of the HTTP request; ``provider`` says whose opaque blocks go back.

    Every tool call gets an id that is unique in the request, and its result the same one. A tool's result is text on
    this wire: pictures and other media follow in a user's message.

    :raises Refused: a message holds a block that this wire cannot carry.
    """
    history = History(provider, dialect)
    if request.instructions:
        history.turns.add({"role": "system", "content": _instructions(request, dialect)})
    for message in request.messages:
        history.add(message)
    body: Json = {"model": model, "messages": history.turns.finish()}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    body.update(_settings(request, dialect))
    if request.streaming:
        body["stream"] = True
        if dialect.usage_in_stream:
            body["stream_options"] = {"include_usage": True}
    body.update(request.settings.extra_body)
    return body


def _settings(request: Request, dialect: Dialect) -> Json:
    settings = request.settings
    fields: Json = {
        **sampling.write(settings, {**sampling.CHAT, "max_tokens": dialect.max_tokens}),
        "response_format": None if request.output is None else _response_format(request.output),
        **dialect.reasoning(settings),
    }
    if request.tools:
        fields["parallel_tool_calls"] = settings.parallel_tool_calls
        fields["tool_choice"] = _tool_choice(settings.tool_choice)
    return {name: value for name, value in fields.items() if value is not None}


def _instructions(request: Request, dialect: Dialect) -> list[Json] | str:
    kept = request.settings.cache_prompt
    if kept is None or not dialect.cache_marks:
        return request.instructions
    mark: Json = {"type": "ephemeral"} if kept == "5m" else {"type": "ephemeral", "ttl": kept}
    return [{"type": "text", "text": request.instructions, "cache_control": mark}]


def _response_format(output: OutputSpec) -> Json:
    # A shape that cannot be enforced is still told to the model; the answer is validated anyway.
    schema = strict_schema(output.schema) if output.strict else None
    spec: Json = {"name": output.name, "schema": schema or dict(output.schema)}
    if schema:
        spec["strict"] = True
    if output.description:
        spec["description"] = output.description
    return {"type": "json_schema", "json_schema": spec}


def _tool_choice(choice: str | None) -> Json | str | None:
    if choice in (None, "auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}


def _tool(tool: ToolSpec) -> Json:
    schema, strict = tool_schema(tool)
    function = {"name": tool.name, "description": tool.description, "parameters": schema, **strict}
    return {"type": "function", "function": function}
