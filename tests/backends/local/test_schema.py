"""Arguments of the wrong shape are noticed before the tool is bothered."""

from typing import Any

import pytest
from pydantic import JsonValue

from loopbus.backends.local.schema import closed, fits

from .tools import ADD, BOOK, WEATHER

GUESTS: JsonValue = [{"name": "Ada"}]
NOBODY: JsonValue = [{}]


@pytest.mark.parametrize(
    ("parameters", "arguments"),
    [
        (ADD.parameters, {"a": 1, "b": 2}),
        (WEATHER.parameters, {"city": "Lima"}),
        (WEATHER.parameters, {"city": "Lima", "unit": "fahrenheit"}),
        (BOOK.parameters, {"guests": GUESTS, "day": None, "kind": "dinner", "seat": {"row": 2}, "any": [1]}),
        (BOOK.parameters, {"guests": [], "day": "Monday"}),
        ({"type": "object", "properties": {}, "additionalProperties": {"type": "integer"}}, {"x": 1}),
        ({"type": "object", "properties": {}, "additionalProperties": True}, {"x": "any"}),
        ({"type": "object", "properties": {"n": {"oneOf": [{"type": "integer"}]}}}, {"n": 1}),
        ({"type": "object", "properties": {"n": {"type": ["number", "null"]}}}, {"n": 1.5}),
        ({"type": "object", "properties": {"n": {"minimum": 5}}}, {"n": 1}),
    ],
)
def test_what_has_the_shape_fits(parameters: dict[str, Any], arguments: JsonValue) -> None:
    """Ranges are left to the tool."""
    assert fits(arguments, closed(parameters))


@pytest.mark.parametrize(
    ("parameters", "arguments"),
    [
        (ADD.parameters, {"a": 1}),
        (ADD.parameters, {"a": 1, "b": "2"}),
        (ADD.parameters, {"a": 1, "b": True}),
        (ADD.parameters, {"a": 1, "b": 2, "c": 3}),
        (ADD.parameters, [1, 2]),
        (WEATHER.parameters, {"city": "Lima", "unit": "kelvin"}),
        (BOOK.parameters, {"guests": NOBODY}),
        (BOOK.parameters, {"guests": "Ada"}),
        (BOOK.parameters, {"guests": GUESTS, "day": 5}),
        (BOOK.parameters, {"guests": GUESTS, "kind": "lunch"}),
        (BOOK.parameters, {"guests": GUESTS, "seat": {"row": 2, "column": 3}}),
        ({"type": "object", "properties": {}, "additionalProperties": {"type": "integer"}}, {"x": "1"}),
        ({"properties": {"a": {"type": "array", "items": {"type": "integer"}}}}, {"a": [1, "2"]}),
    ],
)
def test_what_has_another_shape_does_not(parameters: dict[str, Any], arguments: JsonValue) -> None:
    """Missing, unknown or of the wrong type, at any depth; ``true`` is no whole number."""
    assert not fits(arguments, closed(parameters))


def test_keywords_about_another_type_ask_for_nothing() -> None:
    """That is what JSON Schema says, and ``type`` stands beside them."""
    assert fits(5, {"properties": {"a": {}}, "required": ["a"], "items": {"type": "string"}})
