"""The JSON schema that a model is shown."""

import json
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, Literal, cast

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from loopbus.tools.schema import clean, schema_of


class Size(Enum):
    SMALL = "S"
    LARGE = "L"


class Shoe(BaseModel):
    """Something for a foot."""

    size: Size
    title: str
    tags: list[str] = []


class Tree(BaseModel):
    label: str
    branches: list["Tree"] = []


class Forest(BaseModel):
    oldest: Tree
    trees: dict[str, Tree]


class Husband(BaseModel):
    wife: "Wife | None" = None


class Wife(BaseModel):
    husband: Husband | None = None


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]


def schemas(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value."""
    if isinstance(value, dict):
        found = cast(dict[str, Any], value)
        yield found
        yield from schemas(list(found.values()))
    elif isinstance(value, list):
        for inner in cast(list[Any], value):
            yield from schemas(inner)


def schema(kind: Any) -> dict[str, Any]:
    """What a model is shown of a type."""
    return schema_of(TypeAdapter(kind))


def test_titles_go_and_properties_named_title_stay() -> None:
    """The keyword is noise; a field of that name is the user's."""
    shoe = schema(Shoe)
    assert shoe["properties"]["title"] == {"type": "string"}
    assert [part for part in schemas(shoe) if isinstance(part.get("title"), str)] == []


def test_definitions_stand_where_they_are_used() -> None:
    """No reference is left in a schema that does not contain itself; what stands beside it wins."""
    shoes = schema(list[Annotated[Shoe, Field(description="A pair.")]])
    assert "$ref" not in json.dumps(shoes)
    assert "$defs" not in shoes
    assert shoes["items"]["description"] == "A pair."
    assert shoes["items"]["properties"]["size"] == {"enum": ["S", "L"], "type": "string"}


def test_defaults_and_enums_are_data_and_not_touched() -> None:
    """A default that looks like a schema is left as it is."""
    odd: dict[str, Any] = {"title": "kept", "$ref": "#/kept", "properties": {}}
    assert clean({"type": "object", "default": odd, "title": "gone"}) == {"type": "object", "default": odd}


@pytest.mark.parametrize("kind", [Tree, Forest, Husband])
def test_a_definition_that_contains_itself_stays_a_reference(kind: type[BaseModel]) -> None:
    """Every reference that is left leads to a definition that is kept, and no other is kept."""
    found = schema(kind)
    targets = {part["$ref"] for part in schemas(found) if "$ref" in part}
    assert targets == {f"#/$defs/{name}" for name in found["$defs"]}
    assert len(targets) == 1


def test_what_only_refers_to_a_recursive_definition_is_still_inlined() -> None:
    """A forest is written out, its trees are references."""
    forest = schema(dict[str, Forest])
    assert set(forest["$defs"]) == {"Tree"}
    assert forest["additionalProperties"]["properties"]["oldest"] == {"$ref": "#/$defs/Tree"}


def test_a_schema_cannot_explode() -> None:
    """Models that each hold the one below twice would double with every level; the large ones stay references."""
    model: Any = int
    for level in range(40):
        model = create_model(f"Level{level}", left=(model, ...), right=(model, ...))
    assert len(json.dumps(schema(model))) < 100_000


def test_objects_are_closed_unless_they_say_that_they_are_open() -> None:
    """A model is told of no more keys than have a meaning."""
    assert schema(Shoe)["additionalProperties"] is False
    assert schema(Open)["additionalProperties"] is True
    assert schema(dict[str, int])["additionalProperties"] == {"type": "integer"}
    assert "additionalProperties" not in schema(int)


def test_openapis_discriminator_goes() -> None:
    """It would point at definitions that are no longer there; the constants tell the branches apart."""
    pet = schema(Pet)
    assert "discriminator" not in pet
    assert [branch["properties"]["kind"]["const"] for branch in pet["oneOf"]] == ["cat", "dog"]


def test_a_default_that_is_no_json_is_left_out_in_silence() -> None:
    """Warnings are errors in these tests: none is given."""
    found = schema(Annotated[Any, Field(default=object())])
    assert found == {}
