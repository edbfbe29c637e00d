"""Tools as a model is told of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue


@dataclass(frozen=True)
class Spec:
    """A ``ToolSpec`` with nothing behind it."""

    name: str
    description: str = ""
    parameters: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    strict: bool = False


ADD = Spec(
    "add",
    "Add two whole\n numbers.",
    {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
)
WEATHER = Spec(
    "get_weather",
    "Look up the weather.",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "The city's\nname."},
            "unit": {"enum": ["celsius", "fahrenheit"], "default": "celsius"},
        },
        "required": ["city"],
        "additionalProperties": False,
    },
)
BOOK = Spec(
    "book_table",
    "Book a table.",
    {
        "type": "object",
        "properties": {
            "guests": {"type": "array", "items": {"$ref": "#/$defs/Guest"}},
            "day": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "kind": {"const": "dinner"},
            "seat": {"type": "object", "properties": {"row": {"type": "integer"}}, "additionalProperties": False},
            "unit": {"enum": ["celsius"]},
            "any": {},
        },
        "required": ["guests"],
        "$defs": {"Guest": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
    },
)
