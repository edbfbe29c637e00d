"""Finds the JSON in what a model wrote: all of it, or objects among fences and other words. Pure."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import JsonValue
from pydantic_core import from_json

_MOST_OPENINGS = 200
"""How many braces may turn out to open no object: each costs a look at what follows it."""


def find_json(text: str) -> Iterator[JsonValue]:
    """The value that ``text`` is; or else every JSON object in it that stands in no other, the last one first.

    The last, for a model that thinks aloud comes to its answer at the end. NaN and infinities are no JSON.
    """
    try:
        yield from_json(text, allow_inf_nan=False)
    except ValueError:
        yield from reversed(list(_objects(text)))


def _objects(text: str) -> Iterator[JsonValue]:
    decoder = json.JSONDecoder(parse_constant=_refuse)
    place, openings = text.find("{"), 0
    while place >= 0 and openings < _MOST_OPENINGS:
        try:
            value, end = decoder.raw_decode(text, place)
            yield value
        except (ValueError, RecursionError):
            end = place + 1
            openings += 1
        place = text.find("{", end)


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")
