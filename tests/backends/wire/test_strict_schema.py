"""A schema in a provider's dialect: what it refuses is told as words, and what it cannot enforce is not promised."""

from datetime import date
from typing import Annotated, Any, Literal

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from loopbus.backends.wire.schema_dialects import ANTHROPIC, GEMINI, OPENAI, SchemaDialect
from loopbus.backends.wire.strict_schema import strict_schema
from loopbus.tools import OutputType

from ...tools.kinds import Kind, Point, Tree, kinds

DIALECTS = {"openai": OPENAI, "anthropic": ANTHROPIC, "gemini": GEMINI}


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]


class Visit(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    name: Annotated[str, Field(min_length=1, max_length=9, description="What it is called.")]
    age: Annotated[int, Field(ge=0, lt=30)] = 1
    notes: Annotated[list[str], Field(min_length=2, max_length=5)] = []
    site: Annotated[str, Field(json_schema_extra={"format": "uri"})] = ""


def adapted(kind: Any, dialect: SchemaDialect) -> Any:
    """The schema of a type, in a dialect."""
    return strict_schema(OutputType(kind).schema, dialect)


def test_openai_wants_every_property_and_takes_no_lengths_and_no_defaults() -> None:
    """A union is ``anyOf`` there; ranges it enforces itself."""
    schema = adapted(Visit, OPENAI)
    fields = schema["properties"]
    assert schema["required"] == ["pet", "name", "age", "notes", "site"]
    assert [set(pet["required"]) for pet in fields["pet"]["anyOf"]] == [{"kind", "lives"}, {"kind"}]
    assert fields["name"] == {"type": "string", "description": "What it is called. (maxLength: 9, minLength: 1)"}
    assert fields["age"] == {"type": "integer", "minimum": 0, "exclusiveMaximum": 30}
    assert fields["notes"] == {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 5}
    assert fields["site"] == {"type": "string", "description": '(format: "uri")'}


def test_anthropic_takes_no_bounds_but_lets_properties_be_left_out() -> None:
    """Bounds become words; one that says no more than that there is a list stays."""
    schema = adapted(Visit, ANTHROPIC)
    fields = schema["properties"]
    assert schema["required"] == ["pet", "name"]
    assert fields["age"]["description"] == "(exclusiveMaximum: 30, minimum: 0)"
    assert fields["notes"]["description"] == "(maxItems: 5, minItems: 2)"
    assert fields["site"]["format"] == "uri"
    assert adapted(Annotated[list[int], Field(min_length=1)], ANTHROPIC)["properties"]["value"]["minItems"] == 1


def test_gemini_takes_open_objects_and_tuples() -> None:
    """It enforces what it can of them."""
    assert adapted(dict[str, int], GEMINI) == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert adapted(tuple[int, str], GEMINI) == OutputType(tuple[int, str]).schema
    assert adapted(Any, GEMINI) == OutputType(Any).schema
    assert "exclusiveMaximum: 30" in adapted(Visit, GEMINI)["properties"]["age"]["description"]


@pytest.mark.parametrize("kind", [dict[str, int], tuple[int, str], Any, list[Any], dict[str, Any]])
@pytest.mark.parametrize("dialect", [OPENAI, ANTHROPIC], ids=["openai", "anthropic"])
def test_what_a_provider_cannot_enforce_is_not_adapted(kind: Any, dialect: SchemaDialect) -> None:
    """The codec then sends the original, without ``strict``."""
    assert adapted(kind, dialect) is None


def test_a_type_that_holds_itself_is_for_those_that_take_it() -> None:
    """And stays a reference, with nothing beside it."""
    schema = adapted(Tree, OPENAI)
    assert schema["properties"]["below"] == {"type": "array", "items": {"$ref": "#/$defs/Tree"}}
    assert schema["$defs"]["Tree"]["required"] == ["name", "below"]
    assert adapted(Tree, ANTHROPIC) is None
    round_about: dict[str, Any] = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}},
        "$defs": {"A": {"$ref": "#/$defs/B", "description": "an A"}, "B": {"anyOf": [{"$ref": "#/$defs/A"}]}},
    }
    assert strict_schema(round_about, ANTHROPIC) is None
    definitions = (strict_schema(round_about, OPENAI) or {})["$defs"]
    assert definitions["A"] == {"$ref": "#/$defs/B"}


@pytest.mark.parametrize("keyword", ["allOf", "prefixItems"])
def test_rare_shapes_are_enforced_by_nobody_who_wants_closed_ones(keyword: str) -> None:
    """They are not taken apart."""
    schema: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "array", keyword: [{"type": "integer"}]}}}
    assert strict_schema(schema, OPENAI) is None
    assert strict_schema(schema, GEMINI) == schema


def test_a_schema_without_end_is_not_adapted() -> None:
    """Somebody's own schema may be nested deeper than anything can be walked."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(5000):
        schema = {"type": "array", "items": schema}
    assert strict_schema(schema) is None


@settings(max_examples=60)
@given(data=st.data(), kind=kinds(), name=st.sampled_from(sorted(DIALECTS)))
def test_what_was_adapted_still_allows_every_value(data: st.DataObject, kind: Kind, name: str) -> None:
    """A dialect may lose a bound, never a value that has all its fields; and what fits a dialect comes back equal."""
    output = OutputType(kind.type)
    schema = strict_schema(output.schema, DIALECTS[name])
    if schema is None:
        return
    plain = TypeAdapter[Any](kind.type).dump_python(data.draw(kind.values), mode="json")
    wrapped = list(schema.get("properties", {})) == ["value"]
    jsonschema_rs.validate(schema, {"value": plain} if wrapped else plain)
    assert strict_schema(schema, DIALECTS[name]) == schema


def test_the_original_stays_as_it_was() -> None:
    """It belongs to the agent, and other providers are asked with it too."""
    before = repr(OutputType(Point).schema)
    output = OutputType(Point)
    strict_schema(output.schema, OPENAI)
    assert repr(output.schema) == before
    assert adapted(date, OPENAI)["properties"]["value"] == {"type": "string", "format": "date"}
