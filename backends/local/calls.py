"""Tool calls out of what a small model wrote: tagged, fenced or bare JSON, the name perhaps a little off. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple, cast

from pydantic import JsonValue

from ..contract import ToolSpec
from .schema import Schema

LIKENESS = 0.65
"""How like a tool's name another must be to mean it: ``weather`` means ``get_weather``, ``get_color`` does not."""

_CALL = re.compile(r'\{\s*"name"\s*:\s*"([^"]*)"')
_WORD = re.compile(r"\w+")
_SHORTEST_WORD = 3


class Found(NamedTuple):
    """A call as it was written, and where. ``arguments`` is None if it is no JSON object."""

    name: str
    arguments: dict[str, JsonValue] | None
    start: int
    end: int


def find_calls(text: str) -> Iterator[Found]:
    """Everything in ``text`` that looks like a call, in order."""
    place = 0
    while match := _CALL.search(text, place):
        value, place = _decode(text, match.start())
        place = max(place, match.end())
        yield Found(match[1], _arguments(value), match.start(), place)


def meant_tool(name: str, tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """The tool of that name, or the one whose name is like it."""
    names = {tool.name: tool for tool in tools}
    return names[nearest[0]] if (nearest := get_close_matches(name, names, 1, LIKENESS)) else None


def has_a_source(arguments: Mapping[str, JsonValue], parameters: Schema, said: str) -> bool:
    """Whether any argument occurs in what was ``said``, or there is none that would have to.

    Choices, yes and no do not count: their words are the tool's.
    """
    properties: Mapping[str, Schema] = parameters.get("properties", {})
    free = (argument for name, argument in arguments.items() if "enum" not in properties.get(name, {}))
    values = [leaf for argument in free for leaf in _leaves(argument)]
    said = said.casefold()
    words = set(_WORD.findall(said))
    return not values or any(_was_said(value, said, words) for value in values)


def _decode(text: str, start: int) -> tuple[Any, int]:
    try:
        return json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start


def _arguments(value: Any) -> dict[str, JsonValue] | None:
    if not isinstance(value, dict):
        return None
    call = cast("dict[str, JsonValue]", value)
    arguments = call.get("arguments", call.get("parameters"))
    if isinstance(arguments, str):
        arguments = cast("JsonValue", _decode(arguments, 0)[0])
    return arguments if isinstance(arguments, dict) else None


def _leaves(value: JsonValue) -> Iterator[str | float]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    elif value and not isinstance(value, bool):
        yield value


def _was_said(value: str | float, said: str, words: set[str]) -> bool:
    parts = _WORD.findall(str(value).casefold())
    if isinstance(value, str):
        return value.casefold() in said or any(len(part) >= _SHORTEST_WORD and part in words for part in parts)
    return not words.isdisjoint(parts)
