"""Requests of Gemini's generateContent out of ours.

Source of the format: https://ai.google.dev/api/generate-content and, for Vertex AI,
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference.
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast
from urllib.parse import quote

from pydantic_core import from_json

from ...events.content import (
    Audio,
    Block,
    File,
    Image,
    Media,
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
from .gemini_schema import json_schema, parameters

Json = dict[str, Any]

ATTRIBUTES = frozenset(
    {
        "audioMetadata",
        "documentMetadata",
        "mediaProcessing",
        "mediaResolution",
        "partMetadata",
        "speechMetadata",
        "spreadsheetMetadata",
        "thoughtSignature",
        "videoMetadata",
    }
)
"""What may stand in a part beside its content. An ``Opaque`` of nothing else belongs to the block before it."""

ABOUT = frozenset({"citationMetadata", "groundingMetadata", "urlContextMetadata"})
"""What a candidate tells about its parts. It is kept for the reader, and never sent back."""

BUDGETS: Mapping[str, int] = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
"""``thinkingBudget``, in tokens, for an effort, as Google's own OpenAI door has it; for models before Gemini 3."""

LEVELS: Mapping[str, str] = {"none": "minimal", "minimal": "minimal", "low": "low", "medium": "medium", "high": "high"}
"""``thinkingLevel`` for an effort, from Gemini 3 on. There thinking cannot be turned off."""

MODES: Mapping[str, str] = {"auto": "AUTO", "none": "NONE", "required": "ANY"}

UNSIGNED = base64.b64encode(b"skip_thought_signature_validator").decode()
"""Google's stand-in for the signature of a call that another model made.
https://ai.google.dev/gemini-api/docs/thought-signatures#faqs"""

_MAJOR = re.compile(r"gemini-(\d+)")
_NEWEST = 3
_LONG_NUMBER = re.compile(r"\d{16}")


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
    history = _History(provider, generation(model))
    if request.instructions:
        history.system.append({"text": request.instructions})
    for message in request.messages:
        history.add(message)
    body: Json = {"contents": history.contents, "generationConfig": _generation_config(request, history.generation)}
    if history.system:
        body["systemInstruction"] = {"parts": history.system, "role": "user"}
    if request.tools:
        body["tools"] = [{"functionDeclarations": [_declaration(tool) for tool in request.tools]}]
        if choice := request.settings.tool_choice:
            body["toolConfig"] = {"functionCallingConfig": _calling(choice)}
    return _merged(body, request.settings.extra_body)


def generation(model: str) -> int:
    """The major version in a model's name; a name without one is taken to be of the newest."""
    found = _MAJOR.search(model)
    return int(found[1]) if found else _NEWEST


def _generation_config(request: Request, generation: int) -> Json:
    settings = request.settings
    fields: Json = {
        "temperature": settings.temperature,
        "topP": settings.top_p,
        "topK": settings.top_k,
        "presencePenalty": settings.presence_penalty,
        "frequencyPenalty": settings.frequency_penalty,
        "maxOutputTokens": settings.max_tokens,
        "stopSequences": list(settings.stop) or None,
        "seed": settings.seed,
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


def _calling(choice: str) -> Json:
    if choice in MODES:
        return {"mode": MODES[choice]}
    return {"mode": "ANY", "allowedFunctionNames": [choice]}


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


class _History:
    """Writes messages one after the other, for a call and its result must agree on an id."""

    def __init__(self, provider: str, generation: int) -> None:
        self.contents: list[Json] = []
        self.system: list[Json] = []
        self.generation = generation
        self._provider = provider
        self._role: Role | None = None
        self._ids: dict[str, str] = {}
        self._taken = {""}

    def add(self, message: Message) -> None:
        """Write one message. Answers in a row, and results in a row, become one turn; a message of nothing is none."""
        if message.role == "system" and not self.contents:
            self.system.append({"text": message.text})
            return
        if not (parts := self._parts(message)):
            return
        if message.role == self._role and message.role != "user":
            self.contents[-1]["parts"] += parts
        else:
            # Only the first system messages have a place of their own; a later one speaks as the user.
            self.contents.append({"role": "model" if message.role == "assistant" else "user", "parts": parts})
        self._role = message.role

    def _parts(self, message: Message) -> list[Json]:
        parts: list[Json] = []
        attached: list[Json] = []
        for block in message.content:
            if isinstance(block, Opaque):
                self._add_opaque(block, parts)
            elif isinstance(block, ToolCall):
                parts.append(self._call(block))
            elif isinstance(block, ToolResult):
                parts.append(self._result(block, attached))
            else:
                parts.append(_PARTS[type(block)](block))
        if self.generation >= 3:
            _sign_first_call(parts)
        if message.role == "assistant":
            parts = [part for part in parts if _is_worth_sending(part)]
        return parts + attached

    def _add_opaque(self, block: Opaque, parts: list[Json]) -> None:
        if block.provider != self._provider or not isinstance(block.data, dict) or not block.data.keys() - ABOUT:
            return
        if parts and block.data.keys() <= ATTRIBUTES:
            parts[-1].update(block.data)
        else:
            parts.append(dict(block.data))

    def _call(self, call: ToolCall) -> Json:
        function: Json = {"name": call.name, "args": dict(call.arguments)}
        wire_id = call.provider_id
        # Gemini may give no ids, and pairs by order then. One that is there twice would pair wrongly.
        if wire_id not in self._taken:
            self._taken.add(wire_id)
            self._ids[call.call_id] = function["id"] = wire_id
        part: Json = {"functionCall": function}
        if call.signature is not None:
            part["thoughtSignature"] = call.signature
        return part

    def _result(self, result: ToolResult, attached: list[Json]) -> Json:
        function: Json = {"name": result.name, "response": _response(result)}
        if wire_id := self._ids.get(result.call_id):
            function["id"] = wire_id
        media = [_media(part) for part in result.parts]
        if media and self.generation >= 3:
            function["parts"] = media
        elif media:
            attached += [{"text": f"Attached to the result of {result.name}:"}, *media]
        return {"functionResponse": function}


def _sign_first_call(parts: Iterable[Json]) -> None:
    # From Gemini 3 on, a turn whose first call has no signature is refused.
    first = next((part for part in parts if "functionCall" in part), None)
    if first is not None:
        first.setdefault("thoughtSignature", UNSIGNED)


def _is_worth_sending(part: Json) -> bool:
    return part != {"text": ""} and ("thoughtSignature" in part or not part.get("thought"))


def _response(result: ToolResult) -> Json:
    if result.outcome != "ok":
        return {"error": result.output}
    # As an object it reads best; but Gemini's numbers are doubles, and cut a long one short.
    if result.output.startswith("{") and not _LONG_NUMBER.search(result.output):
        try:
            return from_json(result.output, allow_inf_nan=False)
        except ValueError:
            pass
    return {"output": result.output}


def _media(media: Media) -> Json:
    if media.data is None:
        return {"fileData": {"mimeType": media.media_type, "fileUri": media.url}}
    return {"inlineData": {"mimeType": media.media_type, "data": base64.b64encode(media.data).decode()}}


_PARTS: Mapping[type[Block], Callable[[Any], Json]] = {
    Text: lambda block: {"text": block.text},
    Refusal: lambda block: {"text": block.text},
    Thinking: lambda block: {"text": block.text, "thought": True},
    Image: _media,
    Audio: _media,
    File: _media,
}
