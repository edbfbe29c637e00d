"""Messages as turns of generateContent.

Source of the format: https://ai.google.dev/api/caching#Content; for what goes back, and where,
https://ai.google.dev/gemini-api/docs/thought-signatures.
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

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
from .call_names import call_name
from .opening import OPENING, opened
from .own import own_fields, own_signature

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

UNSIGNED = base64.b64encode(b"skip_thought_signature_validator").decode()
"""Google's stand-in for the signature of a call that another model made.
https://ai.google.dev/gemini-api/docs/thought-signatures#faqs"""

_LONG_NUMBER = re.compile(r"\d{16}")


class History:
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
            if message.text:
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

    def finish(self) -> list[Json]:
        """All turns, a user's first."""
        return opened(self.contents, {"role": "user", "parts": [{"text": OPENING}]})

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
        kept = [part for part in parts if _is_worth_sending(part)]
        # A prompt of nothing is for the provider to refuse.
        return (kept if kept or message.role == "assistant" else parts) + attached

    def _add_opaque(self, block: Opaque, parts: list[Json]) -> None:
        fields = own_fields(block, self._provider) or {}
        if parts and fields.keys() <= ATTRIBUTES:
            parts[-1].update(fields)
        elif fields.keys() - ABOUT:
            parts.append(fields)

    def _call(self, call: ToolCall) -> Json:
        function: Json = {"name": call_name(call.name), "args": dict(call.arguments)}
        wire_id = call.provider_id
        # Gemini may give no ids, and pairs by order then. One that is there twice would pair wrongly.
        if wire_id not in self._taken:
            self._taken.add(wire_id)
            self._ids[call.call_id] = function["id"] = wire_id
        part: Json = {"functionCall": function}
        if (signature := own_signature(call, self._provider)) is not None:
            part["thoughtSignature"] = signature
        return part

    def _result(self, result: ToolResult, attached: list[Json]) -> Json:
        function: Json = {"name": call_name(result.name), "response": _response(result)}
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
