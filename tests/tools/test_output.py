"""An output's type: the schema that a model is asked for, and the way back from whatever it writes."""

import json
from contextlib import suppress
from datetime import date
from typing import Annotated, Any, Literal

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, field_validator

from loopbus.tools import BadOutputType, InvalidOutput, OutputType, Partial

from .kinds import Kind, Point, Tree, kinds


class Strict(BaseModel, strict=True, extra="forbid"):
    day: date
    count: Annotated[int, Field(ge=1)] = 1


class Moody(BaseModel):
    mood: str

    @field_validator("mood")
    @classmethod
    def sulk(cls, mood: str) -> str:
        if mood == "broken":
            raise KeyError("no such mood")
        return mood


def written(kind: Kind, value: Any) -> Any:
    """A value as a model would write it: the JSON object that the schema asks for."""
    plain = json.loads(TypeAdapter[Any](kind.type).dump_json(value))
    return {"value": plain} if list(properties(OutputType(kind.type))) == ["value"] else plain


def properties(output: OutputType[Any]) -> Any:
    """What the object has in it that the schema asks for."""
    return output.schema.get("properties", {})


@settings(max_examples=60)
@given(data=st.data(), kind=kinds())
def test_every_value_of_every_type_comes_back(data: st.DataObject, kind: Kind) -> None:
    """What fits the schema is read, is stored as JSON, and is the same value again, in a fence and among words too."""
    value = data.draw(kind.values)
    output = OutputType(kind.type)
    answer = written(kind, value)
    jsonschema_rs.validate(output.schema, answer)
    text = json.dumps(answer)
    for words in (text, f"```json\n{text}\n```", f"Let me see {{x}}.\n{text}\nThat is all."):
        stored = output.read(words)
        assert output.value(json.loads(json.dumps(stored))) == value


@settings(max_examples=60)
@given(data=st.data(), kind=kinds())
def test_half_an_answer_is_at_most_a_partial_one(data: st.DataObject, kind: Kind) -> None:
    """However far it is written, reading it raises nothing, and the whole of it is the value."""
    value = data.draw(kind.values)
    output = OutputType(kind.type)
    text = json.dumps(written(kind, value))
    for end in range(len(text)):
        output.partial(text[:end])
    last = output.partial(text)
    assert last is None or last.value == value


@settings(max_examples=60)
@given(kind=kinds(), text=st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_whatever_a_model_writes_is_an_answer_or_an_error_of_ours(kind: Kind, text: str) -> None:
    """No text breaks the reader."""
    output = OutputType(kind.type)
    output.partial(text)
    with suppress(InvalidOutput):
        output.value(output.read(text))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (list[int], "[1, 2]", [1, 2]),
        (list[int], '{"value": [1, 2]}', [1, 2]),
        (int | None, "null", None),
        (bool, "true", True),
        (Literal["yes", "no"], "yes", "yes"),
        (Literal["yes", "no"], ' "no" ', "no"),
        (Annotated[str, Field(max_length=5)], "plain", "plain"),
        (Annotated[str, Field(max_length=5)], "42", "42"),
        (Point | Tree, '{"name": "a"}', Tree(name="a")),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (Strict, '{"day": "2026-11-21"}', Strict(day=date(2026, 11, 21))),
        (Point, 'First I try {"x": 1}. No: {"x": 2}', Point(x=2)),
        (Point, 'So {"x": 2}, which is no {"z": 3}', Point(x=2)),
    ],
)
def test_a_model_may_write_it_its_own_way(kind: Any, text: str, value: object) -> None:
    """What is no object may come without its wrapper, a word without quotes, and an object among others."""
    output = OutputType(kind)
    assert output.value(output.read(text)) == value


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (Point, "It is at three.", r'The answer is no JSON. It must be JSON that this schema allows: \{.*"x".*\}'),
        (Point, "", "The answer is no JSON"),
        (Point, '{"y": 1}', r"The answer is wrong. Correct these:\n- x: missing \(integer\)"),
        (Point, '{"x": "one"}', r'- x: should be a valid integer, .*; got "one"'),
        (Point, "[1]", "- the fields: should be an object; got an array of 1"),
        (Point, '{"x": 1', "The answer is no JSON"),
        (list[int], "[1, null]", r"- value\[1\]: should be a valid integer; got null"),
        (Strict, '{"day": "2026-11-21", "cuont": 2}', '- cuont: there is no such field; did you mean "count"?'),
        (float, "1e999", "The answer cannot be stored: .* is inf, which is no JSON number"),
        (float, "NaN", "The answer is no JSON"),
        (Moody, r'{"mood": "\ud800"}', "The answer is no JSON|cannot be stored"),
        (Moody, '{"mood": "broken"}', "The answer could not be checked: KeyError: 'no such mood'"),
    ],
)
def test_a_wrong_answer_is_told_what_to_correct(kind: Any, text: str, words: str) -> None:
    """In words that the model can act on, whoever found the mistake."""
    with pytest.raises(InvalidOutput, match=words):
        OutputType(kind).read(text)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (3, "Unable to generate pydantic-core schema for 3"),
        (object(), "Unable to generate"),
        (type[int], "a class, which no JSON is"),
        ("Point", "it is a str"),
        (len, "it is a builtin_function_or_method"),
        (list["NoSuchThing"], "NoSuchThing"),  # pyright: ignore[reportUndefinedVariable]  # noqa: F821 - what the test is about
    ],
)
def test_what_no_model_can_be_asked_for_is_refused_at_once(kind: Any, words: str) -> None:
    """The error says why, and what to give."""
    with pytest.raises(
        BadOutputType, match=f"is no type that a model can be asked for: .*{words}.*; give what JSON has"
    ):
        OutputType(kind)


def test_the_schema_is_always_an_objects() -> None:
    """Providers enforce nothing else; a type that holds itself is written out at the root."""
    assert OutputType(Point).schema["properties"] == {
        "x": {"type": "integer"},
        "y": {"type": "integer", "default": 0},
    }
    tree = OutputType(Tree)
    assert (tree.name, tree.description, tree.schema["type"]) == ("Tree", "A name, and what is below it.", "object")
    assert OutputType(int).schema == {
        "type": "object",
        "properties": {"value": {"type": "integer"}},
        "required": ["value"],
        "additionalProperties": False,
    }
    assert OutputType(Point | Tree).name == "answer"
    assert repr(tree) == "OutputType('Tree')"


def test_a_stored_answer_that_does_not_fit_any_more_is_an_error_of_ours() -> None:
    """The type may have changed since it was given."""
    with pytest.raises(InvalidOutput, match="1 validation error"):
        OutputType(Point).value({"x": "far"})


def test_a_partial_answer_has_its_json_before_it_has_a_value() -> None:
    """A required field that is still missing is no reason to show nothing."""
    output = OutputType(Tree)
    assert output.partial('```json\n{"below": [{"name": "a"}, {"na') == Partial({"below": [{"name": "a"}, {}]})
    assert output.partial('{"name": "as fa') == Partial({"name": "as fa"}, Tree(name="as fa"))
    assert output.partial("Well, ") is None
    assert output.partial("{") is None
    points = OutputType(list[Point])
    assert points.partial('{"value": [{"x": 1}, {"y"') == Partial([{"x": 1}, {}], [Point(x=1)])
    assert points.partial('{"val') is None
