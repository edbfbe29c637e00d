"""What a request may say in two ways: both are read by the provider as the same, so both are compared as one.

================================ ====================================================================================
an empty value                   its absence: null, no text, no tools, no options
a list of one text               the text
``image_url`` as text            as an object with the ``url``
``arguments`` as text            as the object that the text holds
``index`` of a tool call         its place in the list
``schema`` of a response format  its documented name, ``json_schema`` (Cohere)
``User``, ``Chatbot``, ...       the documented ``USER``, ``CHATBOT`` (Cohere, version 1)
``stream`` and ``prefix`` false  their absence
a tool of type ``function``      a tool without one
================================ ====================================================================================
"""
# JSON of any shape is taken apart here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

NOTHING: Sequence[object] = (None, [], {}, "")
DEFAULTS: Sequence[tuple[str, object]] = (("stream", False), ("prefix", False), ("type", "function"))


def alike(value: Any) -> Any:
    """``value`` with everything said in one way."""
    if isinstance(value, list):
        return [alike(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    told = {name: _READ.get(name, alike)(item) for name, item in fields.items()}
    return {name: item for name, item in told.items() if item not in NOTHING and (name, item) not in DEFAULTS}


def _content(value: Any) -> Any:
    match value:
        case [{"type": "text", "text": text, **rest}] if not rest:
            return text
        case _:
            return alike(value)


def _image_url(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else alike(value)


def _arguments(value: Any) -> Any:
    try:
        return alike(json.loads(value))
    except (TypeError, ValueError):
        return alike(value)


def _tool_calls(value: Any) -> Any:
    return [{name: item for name, item in call.items() if name != "index"} for call in alike(value or [])]


def _response_format(value: Any) -> Any:
    names = {"schema": "json_schema"} if (value or {}).get("type") == "json_object" else {}
    return {names.get(name, name): alike(item) for name, item in (value or {}).items()}


def _chat_history(value: Any) -> Any:
    return [{**alike(entry), "role": entry["role"].upper()} for entry in value]


_READ: Mapping[str, Callable[[Any], Any]] = {
    "content": _content,
    "image_url": _image_url,
    "arguments": _arguments,
    "tool_calls": _tool_calls,
    "response_format": _response_format,
    "chat_history": _chat_history,
}
