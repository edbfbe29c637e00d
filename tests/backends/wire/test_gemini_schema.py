"""The schema of a tool's arguments, in the words in which Gemini takes it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.wire.gemini_schema import json_schema, parameters


def of_one(field: dict[str, Any]) -> dict[str, Any]:
    """An object with one field."""
    return {"type": "object", "properties": {"a": field}}


def test_a_plain_schema_is_told_in_geminis_own_words() -> None:
    """Which every model knows; its types are in capitals."""
    field = {"type": "array", "items": {"type": "string", "enum": ["x"], "description": "d"}, "minItems": 1}
    assert parameters({**of_one(field), "required": ["a"]}) == {
        "parameters": {
            "type": "OBJECT",
            "properties": {
                "a": {
                    "type": "ARRAY",
                    "items": {"type": "STRING", "enum": ["x"], "description": "d"},
                    "minItems": 1,
                }
            },
            "required": ["a"],
        }
    }


@pytest.mark.parametrize(
    "field",
    [
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": ["string", "null"]},
        {"type": "null"},
        {"type": "integer", "enum": [1, 2]},
        {"type": "string", "format": "uuid"},
        {"type": "object", "properties": {}, "additionalProperties": False},
        {"$ref": "#/$defs/A"},
        {"const": "x"},
        {"type": "array", "items": True},
        {},
    ],
)
def test_what_those_words_cannot_say_is_told_as_json_schema(field: dict[str, Any]) -> None:
    """Nothing of the schema is lost to make it fit."""
    assert parameters(of_one(field)) == {"parametersJsonSchema": of_one(field)}


@pytest.mark.parametrize(("kind", "name"), [("string", "date-time"), ("integer", "int64"), ("number", "double")])
def test_a_format_that_gemini_knows_stays_in_its_words(kind: str, name: str) -> None:
    """Each type has its own; a model is refused over any other."""
    assert parameters(of_one({"type": kind, "format": name}))["parameters"]["properties"]["a"]["format"] == name


def test_keywords_that_gemini_refuses_become_words() -> None:
    """The model reads the bound, and our own check of the answer keeps it."""
    told = json_schema(of_one({"type": "integer", "exclusiveMinimum": 0}))["properties"]["a"]
    assert told == {"type": "integer", "description": "(exclusiveMinimum: 0)"}


def test_a_schema_without_end_is_sent_as_it_is() -> None:
    """Deeper than we can walk is for the provider to judge."""
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(5000):
        deep = {"type": "array", "items": deep}
    assert parameters(deep)["parametersJsonSchema"]["items"] is deep["items"]


def typed(kind: str) -> dict[str, Any]:
    """A schema of one type."""
    return {"type": kind}


def array(items: dict[str, Any]) -> dict[str, Any]:
    """A schema of an array."""
    return {"type": "array", "items": items}


def record(fields: dict[str, Any]) -> dict[str, Any]:
    """A schema of an object."""
    return {"type": "object", "properties": fields}


PLAIN = st.recursive(
    st.builds(typed, st.sampled_from(["string", "integer", "number", "boolean"])),
    lambda inner: st.builds(array, inner) | st.builds(record, st.dictionaries(st.text(max_size=3), inner)),
)


def lowered(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema in Gemini's words as the JSON schema that it means."""
    words = {**schema, "type": schema["type"].lower()}
    if "items" in schema:
        words["items"] = lowered(schema["items"])
    if "properties" in schema:
        words["properties"] = {name: lowered(each) for name, each in schema["properties"].items()}
    return words


@given(PLAIN)
def test_geminis_words_say_the_same(schema: dict[str, Any]) -> None:
    """Only the case of the types is another, whatever the properties are called."""
    assert lowered(parameters(schema)["parameters"]) == schema
