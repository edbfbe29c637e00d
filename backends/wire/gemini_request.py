"""Requests of Gemini's generateContent out of ours.

Source of the format: https://ai.google.dev/api/generate-content and, for Vertex AI,
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference.
"""

import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote

from ..contract import OutputSpec, Request, Settings, ToolSpec
from . import sampling
from .gemini_history import History
from .gemini_schema import json_schema, parameters

Json = dict[str, Any]

BUDGETS: Mapping[str, int] = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
"""``thinkingBudget``, in tokens, for an effort, as Google's own OpenAI door has it; for models before Gemini 3."""

LEVELS: Mapping[str, str] = {"none": "minimal", "minimal": "minimal", "low": "low", "medium": "medium", "high": "high"}
"""``thinkingLevel`` for an effort, from Gemini 3 on. There thinking cannot be turned off."""

MODES: Mapping[str, str] = {"auto": "AUTO", "none": "NONE", "required": "ANY"}

_MAJOR = re.compile(r"gemini-(\d+)")
_NEWEST = 3


def path(model: str, streaming: bool) -> str:
    """What is appended to a base URL. A model with a slash in its name is a whole resource, such as an endpoint."""
    resource = quote(model if "/" in model else f"models/{model}", safe="/@")
    return f"/{resource}:streamGenerateContent?alt=sse" if streaming else f"/{resource}:generateContent"


def encode(request: Request, model: str, *, provider: str = "google") -> Json:
    """The body of the HTTP request; ``provider`` says whose opaque blocks go back.

    Signatures go back where they came from: a call's on the call, any other as the ``Opaque`` behind its block. What
    other providers signed as thinking stays at home, and so does thinking without a signature. ``extra_body`` is merged
    object by object, and its tools come before ours.
    """
    history = History(provider, generation(model))
    if request.instructions:
        history.system.append({"text": request.instructions})
    for message in request.messages:
        history.add(message)
    body: Json = {"contents": history.finish()}
    if config := _generation_config(request, history.generation):
        body["generationConfig"] = config
    if history.system:
        body["systemInstruction"] = {"parts": history.system, "role": "user"}
    if request.tools:
        body["tools"] = [{"functionDeclarations": [_declaration(tool) for tool in request.tools]}]
        strict = any(tool.strict for tool in request.tools)
        if calling := _calling(request.settings.tool_choice, strict=strict):
            body["toolConfig"] = {"functionCallingConfig": calling}
    return _merged(body, request.settings.extra_body)


def generation(model: str) -> int:
    """The major version in a model's name; a name without one is taken to be of the newest."""
    found = _MAJOR.search(model)
    return int(found[1]) if found else _NEWEST


def _generation_config(request: Request, generation: int) -> Json:
    settings = request.settings
    fields: Json = {
        **sampling.write(settings, sampling.GEMINI),
        "thinkingConfig": _thinking_config(settings, generation),
    }
    # Before Gemini 3 an output's schema beside tools is refused.
    if request.output is not None and not (request.tools and generation < 3):
        fields |= _output(request.output)
    return {name: value for name, value in fields.items() if value is not None}


def _thinking_config(settings: Settings, generation: int) -> Json | None:
    budget, effort = settings.reasoning_tokens, settings.reasoning_effort
    if budget is None and effort is not None:
        if generation >= 3:
            return {"thinkingLevel": LEVELS[effort], "includeThoughts": effort != "none"}
        budget = BUDGETS[effort]
    if budget is None:
        return None
    return {"thinkingBudget": budget, "includeThoughts": True} if budget else {"thinkingBudget": 0}


def _output(output: OutputSpec) -> Json:
    return {"responseMimeType": "application/json", "responseJsonSchema": json_schema(output.schema)}


def _declaration(tool: ToolSpec) -> Json:
    return {"name": tool.name, "description": tool.description, **parameters(tool.parameters)}


def _calling(choice: str | None, *, strict: bool) -> Json | None:
    if strict and choice in (None, "auto"):
        # The other modes either keep to the schemas anyway, or call nothing.
        return {"mode": "VALIDATED"}
    if choice is None:
        return None
    return {"mode": MODES[choice]} if choice in MODES else {"mode": "ANY", "allowedFunctionNames": [choice]}


def _merged(body: Json, extra: Mapping[str, Any]) -> Json:
    merged = dict(body)
    for name, value in extra.items():
        ours = body.get(name)
        if isinstance(ours, dict) and isinstance(value, Mapping):
            value = _merged(cast(Json, ours), cast("Mapping[str, Any]", value))
        elif name == "tools" and isinstance(ours, list) and isinstance(value, list):
            value = [*cast("list[Any]", value), *cast("list[Any]", ours)]
        merged[name] = value
    return merged
