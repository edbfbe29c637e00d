"""How an answer of generateContent ended, and what it took.

Source of the format: https://ai.google.dev/api/generate-content#FinishReason. Its counts in ours:

====================  ================================================================================================
``input_tokens``      ``promptTokenCount`` (cached ones inside) and ``toolUsePromptTokenCount``: what Google's own tools
                      gave the model to read
``output_tokens``     ``candidatesTokenCount`` and ``thoughtsTokenCount``, which stands beside it
``cached_tokens``     ``cachedContentTokenCount``
``reasoning_tokens``  ``thoughtsTokenCount``
====================  ================================================================================================
"""

from collections.abc import Mapping
from typing import Any

from ...events.usage import Usage
from ..contract import StopReason
from ..errors import BackendError, Broken, Refused
from .fields import count, text

STOPS: Mapping[str, StopReason] = {
    "STOP": "end",
    "UNEXPECTED_TOOL_CALL": "end",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
}
"""``finishReason``, in our words; any other is ``other``."""

SPOILT: Mapping[str, type[BackendError]] = {
    "MALFORMED_FUNCTION_CALL": Broken,
    "MALFORMED_RESPONSE": Broken,
    "UNEXPECTED_TOOL_CALL": Broken,
    "TOO_MANY_TOOL_CALLS": Broken,
    "NO_IMAGE": Broken,
    "IMAGE_OTHER": Broken,
    "OTHER": Broken,
    "MISSING_THOUGHT_SIGNATURE": Refused,
}
"""``finishReason`` of an answer that came to nothing, or to half of itself, and why asking again may help or not."""

UNDECLARED = "UNEXPECTED_TOOL_CALL"
"""``finishReason`` of a call to a tool that is not there. One that came whole is a call like any other: the model can
be told so."""

FINISHED: Mapping[int, str] = {1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION", 5: "OTHER"}
"""``finishReason`` by its number, which is told where ``enum-encoding=int`` was asked for. The numbers above these mean
one thing here and another at Vertex AI."""

BLOCKED: Mapping[int, str] = {1: "SAFETY", 2: "OTHER", 3: "BLOCKLIST", 4: "PROHIBITED_CONTENT"}
"""``blockReason`` by its number."""

_UNSPECIFIED = frozenset({"FINISH_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"})


def reason_in(value: Any, numbered: Mapping[int, str]) -> str:
    """The word for the end in a ``finishReason`` or a ``blockReason``; empty if it says nothing.

    :raises TypeError: it is neither word nor number.
    """
    if not value or value in _UNSPECIFIED:
        return ""
    return numbered.get(value, str(value)) if type(value) is int else text(value)


def read_usage(counts: Mapping[str, Any]) -> Usage:
    """Token counts in our way of counting; what is left out is 0."""
    # Every chunk of a stream counts anew, and most counts are not there.
    told = counts.get
    thoughts = count(told("thoughtsTokenCount")) if "thoughtsTokenCount" in counts else 0
    cached = count(told("cachedContentTokenCount")) if "cachedContentTokenCount" in counts else 0
    read_by_tools = count(told("toolUsePromptTokenCount")) if "toolUsePromptTokenCount" in counts else 0
    sent, written = count(told("promptTokenCount")), count(told("candidatesTokenCount"))
    return Usage(sent + read_by_tools, written + thoughts, cached, 0, thoughts)
