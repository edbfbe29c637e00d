"""What a request may say in two ways: both are read by the provider as the same, so both are compared as one.

================================ ====================================================================================
an empty value                   its absence: null, no text, no tools, no options
a list of one text               the text
``image_url`` as text            as an object with the ``url``
``arguments`` as text            as the object that the text holds
``index`` of a tool call         its place in the list
``schema`` of a response format  its documented name, ``json_schema`` (Cohere)
``User``, ``Chatbot``, ...       the documented ``USER``, ``CHATBOT`` (Cohere, version 1)
the role ``developer``           the role ``system``: each model is given the one that it knows (OpenAI)
``name`` beside a tool's result  its absence: the call names the tool
``ttl`` of five minutes          its absence (a cache mark)
``stream`` and ``prefix`` false  their absence
``strict`` false                 its absence (Chat Completions)
a tool of type ``function``      a tool without one
================================ ====================================================================================
"""
# JSON of any shape is taken apart here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

NOTHING: Sequence[object] = (None, [], {}, "")
DEFAULTS: Sequence[tuple[str, object]] = (
    ("stream", False),
    ("prefix", False),
    ("type", "function"),
    ("ttl", "5m"),
)


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


def _strictness(value: Any) -> Any:
    return {name: item for name, item in alike(value).items() if (name, item) != ("strict", False)}


def _response_format(value: Any) -> Any:
    fields: dict[str, Any] = value or {}
    names: Mapping[str, str] = {"schema": "json_schema"} if fields.get("type") == "json_object" else {}
    told = {names.get(name, name): item for name, item in fields.items()}
    return {name: _READ.get(name, alike)(item) for name, item in told.items()}


def _messages(value: Any) -> Any:
    return [_message(entry) if isinstance(entry, dict) else entry for entry in value]


def _message(entry: dict[str, Any]) -> Any:
    told = {**alike(entry), "role": {"developer": "system"}.get(entry["role"], entry["role"])}
    if entry["role"] == "tool":
        told.pop("name", None)
    return told


def _chat_history(value: Any) -> Any:
    return [{**alike(entry), "role": entry["role"].upper()} for entry in value]


_READ: Mapping[str, Callable[[Any], Any]] = {
    "content": _content,
    "image_url": _image_url,
    "arguments": _arguments,
    "tool_calls": _tool_calls,
    "response_format": _response_format,
    "function": _strictness,
    "json_schema": _strictness,
    "chat_history": _chat_history,
    "messages": _messages,
}
