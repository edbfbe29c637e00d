"""From a signature to one validator and one schema that say the same."""

import datetime
import enum
import functools
import types
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, Unpack
from uuid import UUID

import jsonschema_rs
import pytest
from annotated_doc import Doc
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictInt, ValidationError
from typing_extensions import TypedDict

from loopbus.tools import BadTool, ToolContext
from loopbus.tools.arguments import Arguments, Extra, arguments_of
from loopbus.tools.signature import EMPTY, Parameter, Signature, read_signature


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: int
    y: int = 0


class Opening(TypedDict):
    day: str
    hours: NotRequired[int]


class Order(BaseModel):
    number: int
    color: Color = Color.RED


class Pair(NamedTuple):
    left: int
    right: str


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    on: datetime.date
    color: Color


class NoSchema:
    """What pydantic knows nothing of."""


def arguments(fn: Callable[..., Any], extra: Extra = "forbid", **said: str) -> Arguments:
    """The arguments of ``fn``, where the docstring said ``said``."""
    return arguments_of(read_signature(fn, "it", {}), "it", said, extra)


def test_the_result_is_keyword_arguments_with_everything_built() -> None:
    """Models, dataclasses, enums and dates come out as such, defaults are filled in."""

    def fn(order: Order, point: Point, open: Opening, on: datetime.date, colors: set[Color], much: int = 3) -> None: ...

    assert arguments(fn).check(
        {
            "order": {"number": "5", "color": "blue"},
            "point": {"x": 1},
            "open": {"day": "Monday"},
            "on": "2026-11-21",
            "colors": ["red", "red"],
        }
    ) == {
        "order": Order(number=5, color=Color.BLUE),
        "point": Point(1, 0),
        "open": {"day": "Monday"},
        "on": datetime.date(2026, 11, 21),
        "colors": {Color.RED},
        "much": 3,
    }


def test_the_schema_says_what_the_signature_says() -> None:
    """Types, limits, defaults and what is required."""

    def fn(a: Annotated[int, Field(ge=1)], b: Literal["x", "y"] = "x", c: list[float] | None = None) -> None: ...

    assert arguments(fn).parameters == {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "minimum": 1},
            "b": {"type": "string", "enum": ["x", "y"], "default": "x"},
            "c": {"anyOf": [{"type": "array", "items": {"type": "number"}}, {"type": "null"}], "default": None},
        },
        "required": ["a"],
        "additionalProperties": False,
    }


def test_a_function_without_parameters_takes_an_empty_object() -> None:
    """Its schema is an object all the same."""

    def fn() -> None: ...

    assert arguments(fn).parameters == {"type": "object", "properties": {}, "additionalProperties": False}
    assert arguments(fn).check({}) == {}


def test_the_users_own_description_comes_before_the_docstrings() -> None:
    """``Field``, a text and ``Doc`` describe; the docstring describes what they leave."""

    def fn(
        a: int,
        b: Annotated[int, "text"],
        c: Annotated[int, Doc("doc")],
        d: Annotated[int, Field(description="field")],
        e: int = Field(1, description="default"),
        f: Annotated[int, Field(ge=1)] = 2,
    ) -> None: ...

    said = dict.fromkeys("abcdef", "docstring")
    properties: Any = arguments(fn, "forbid", **said).parameters["properties"]
    assert {name: one["description"] for name, one in properties.items()} == {
        "a": "docstring",
        "b": "text",
        "c": "doc",
        "d": "field",
        "e": "default",
        "f": "docstring",
    }
    assert (properties["e"]["default"], properties["f"]["minimum"]) == (1, 1)


def test_a_default_may_be_given_by_field() -> None:
    """The function itself never sees pydantic's marker."""

    def fn(
        a: int = Field(5, ge=1),
        b: Annotated[list[int], Field(default_factory=list)] = Field(default_factory=lambda: [1]),  # noqa: B008 - how pydantic's users write it
        c: Annotated[int, Field(default=7)] = 8,
    ) -> None: ...

    assert arguments(fn).check({}) == {"a": 5, "b": [1], "c": 8}


def test_none_as_default_accepts_null() -> None:
    """``x: int = None`` is how many write an optional argument, and models send null for one."""
    written: Any = None

    def fn(a: int = written, b: Annotated[int, Field(ge=1)] = written, c: Any = None, d: object = None) -> None: ...

    check, parameters = arguments(fn)
    assert check({"a": None, "b": None}) == check({}) == dict.fromkeys("abcd")
    assert parameters["properties"]["c"] == {"default": None}  # type: ignore[index]
    with pytest.raises(ValidationError):
        check({"b": 0})


def test_one_calls_default_is_not_the_nexts() -> None:
    """A tool that changes a list it got by default changes no other call's."""

    def fn(items: list[int] = []) -> None: ...  # noqa: B006 - the point of the test

    check = arguments(fn).check
    check({})["items"].append(1)
    assert check({}) == {"items": []}


def test_a_default_that_is_no_json_stays_with_the_function() -> None:
    """The schema leaves it out, the call has it."""
    marker = NoSchema()

    def fn(a: Any = marker) -> None: ...

    assert arguments(fn).parameters["properties"] == {"a": {}}
    assert isinstance(arguments(fn).check({})["a"], NoSchema)


def test_names_that_models_reserve_are_free_here() -> None:
    """A parameter may be called as it likes, also as pydantic's own methods are."""

    def fn(
        schema: int, model_config: int, _private: int, copy: int, self_: Annotated[int, Field(alias="self")]
    ) -> None: ...

    given = {"schema": 1, "model_config": 2, "_private": 3, "copy": 4}
    assert arguments(fn).check({**given, "self": 5}) == {**given, "self_": 5}


def test_unknown_keys_are_refused_or_ignored_as_declared() -> None:
    """The policy holds for the arguments, and for dataclasses and typed dicts in them."""

    def fn(point: Point, opening: Opening) -> None: ...

    extra: dict[str, JsonValue] = {"point": {"x": 1, "z": 1}, "opening": {"day": "Monday", "hour": 1}, "more": 1}
    with pytest.raises(ValidationError) as caught:
        arguments(fn).check(extra)
    assert {error["loc"] for error in caught.value.errors()} == {("point", "z"), ("opening", "hour"), ("more",)}
    assert arguments(fn, "ignore").check(extra) == {"point": Point(1), "opening": {"day": "Monday"}}
    assert arguments(fn, "ignore").parameters["additionalProperties"] is False


def test_further_arguments_are_taken_where_the_function_takes_them() -> None:
    """``**kwargs: int`` opens the schema for whole numbers."""

    def fn(a: int, **rest: int) -> None: ...

    check, parameters = arguments(fn)
    assert parameters["additionalProperties"] == {"type": "integer"}
    assert check({"a": 1, "b": "2"}) == {"a": 1, "b": 2}
    with pytest.raises(ValidationError):
        check({"a": 1, "b": "x"})


class Vault:
    def open(self, key: str, context: ToolContext[None], **rest: str) -> None: ...


@pytest.mark.parametrize("name", ["self", "key", "context", "rest"])
def test_what_is_filled_in_cannot_be_sent(name: str) -> None:
    """Neither a secret in a partial nor the context, nor an instance, is open to the model where other names are."""
    check = arguments(functools.partial(Vault().open, key="secret")).check
    assert check({"other": "x"}) == {"other": "x"}
    with pytest.raises(ValidationError) as caught:
        check({name: "mallory"})
    assert caught.value.errors()[0]["loc"] == (name,)


def test_unpacked_options_are_arguments_of_their_own() -> None:
    """What the typed dict leaves open may be left out, and is then not passed."""

    def fn(**options: Unpack[Opening]) -> None: ...

    check, parameters = arguments(fn, hours="How long.")
    assert parameters["required"] == ["day"]
    assert parameters["properties"]["hours"] == {"type": "integer", "description": "How long."}  # type: ignore[index]
    assert check({"day": "Monday"}) == {"day": "Monday"}


def test_any_mapping_is_taken() -> None:
    """The arguments in an event may be a read-only view."""

    def fn(a: int) -> None: ...

    assert arguments(fn).check(types.MappingProxyType({"a": 1})) == {"a": 1}


@pytest.mark.parametrize("kind", [NoSchema, Callable[[int], int], type[int], list[NoSchema], dict[str, NoSchema]])
def test_a_type_without_a_schema_is_refused_by_name(kind: Any) -> None:
    """The error names the tool and the one parameter that is at fault, at registration."""
    parameters = (Parameter("good", int), Parameter("bad", kind))
    with pytest.raises(BadTool, match=r"tool 'it', parameter 'bad' cannot be described to a model: ."):
        arguments_of(Signature(parameters, None, (), EMPTY), "it", {}, "forbid")


def test_the_way_out_is_said_for_those_who_write_tools() -> None:
    """Not the advice that pydantic has for those who write types."""
    with pytest.raises(BadTool, match=r"NoSchema'>; take what JSON has, such as str, or a pydantic model$"):
        arguments_of(Signature((Parameter("bad", NoSchema),), None, (), EMPTY), "it", {}, "forbid")


def test_further_arguments_without_a_schema_are_refused_too() -> None:
    """They have no name, so the stars stand for it."""
    with pytest.raises(BadTool, match=r"parameter '\*\*' cannot be described"):
        arguments_of(Signature((), None, (), NoSchema), "it", {}, "forbid")


def test_two_parameters_cannot_share_an_alias() -> None:
    """Each is fine alone, but a model could give only one of them."""

    def fn(a: Annotated[int, Field(alias="number")], b: Annotated[int, Field(alias="number")]) -> None: ...

    with pytest.raises(BadTool, match="tool 'it': its parameters cannot be described to a model: two of them"):
        arguments(fn)


@pytest.mark.parametrize(
    "kind", [Any, object, list, dict, tuple, list[Any], dict[str, Any], JsonValue, Annotated[Any, "any"]]
)
def test_a_tool_never_holds_the_events_own_lists(kind: Any) -> None:
    """Whatever a tool does to its arguments, the logged event stays as it was."""
    inner: list[JsonValue] = [1]
    sent: dict[str, JsonValue] = {"a": [inner] if kind not in (dict, dict[str, Any]) else {"x": inner}}
    check = arguments_of(Signature((Parameter("a", kind),), None, (), EMPTY), "it", {}, "forbid").check
    got = check(sent)["a"]
    found = got["x" if "x" in got else 0]
    assert found == inner
    assert found is not inner


def test_strict_types_take_what_json_can_say() -> None:
    """Strictness refuses ``"5"`` for 5, but a date can only come as text."""

    def fn(strict: Strict, much: StrictInt) -> None: ...

    check = arguments(fn).check
    sent: dict[str, JsonValue] = {"strict": {"on": "2026-11-21", "color": "red"}, "much": 5}
    assert check(sent) == {"strict": Strict(on=datetime.date(2026, 11, 21), color=Color.RED), "much": 5}
    with pytest.raises(ValidationError):
        check({**sent, "much": "5"})


# Each annotation with values that a model may send for it. Floats are finite, as they are in JSON.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
whole = st.integers(-(2**31), 2**31)
LEAVES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int, whole),
    (float, st.floats(allow_nan=False, allow_infinity=False) | whole),
    (str, texts),
    (bool, st.booleans()),
    (type(None), st.none()),
    (Literal["a", 1], st.sampled_from(["a", 1])),
    (Color, st.sampled_from(["red", "blue"])),
    (Annotated[int, Field(ge=3, le=9)], st.integers(3, 9)),
    (Annotated[str, Field(min_length=2)], texts.filter(lambda text: len(text) >= 2)),
    (datetime.date, st.dates().map(str)),
    (UUID, st.uuids().map(str)),
    (Decimal, whole | whole.map(str)),
    (Path, texts),
    (JsonValue, st.recursive(st.none() | whole | texts, lambda inner: st.lists(inner, max_size=3))),
    (Point, st.fixed_dictionaries({"x": whole}, optional={"y": whole})),
    (Order, st.fixed_dictionaries({"number": whole}, optional={"color": st.sampled_from(["red", "blue"])})),
    (Opening, st.fixed_dictionaries({"day": texts}, optional={"hours": whole})),
    (Pair, st.tuples(whole, texts).map(list)),
]


def wrapped(inner: st.SearchStrategy[tuple[Any, Any]]) -> st.SearchStrategy[tuple[Any, Any]]:
    """Containers and unions of what is there already."""
    return inner.flatmap(
        lambda one: st.sampled_from(
            [
                (list[one[0]], st.lists(one[1], max_size=3)),
                (dict[str, one[0]], st.dictionaries(texts, one[1], max_size=3)),
                (tuple[one[0], int], st.tuples(one[1], whole).map(list)),
                (one[0] | None, st.none() | one[1]),
                (Annotated[one[0], "a word on it"], one[1]),
            ]
        )
    )


annotated = st.recursive(st.sampled_from(LEAVES), wrapped, max_leaves=3)


@given(st.data(), st.lists(annotated, max_size=4), st.booleans())
def test_schema_and_validator_accept_what_the_annotations_accept(
    data: st.DataObject, kinds: list[tuple[Any, st.SearchStrategy[Any]]], optional: bool
) -> None:
    """For any signature: what a model sends by its types fits the schema, passes, and comes out under each name."""
    default = {"default": None} if optional else {}
    parameters = tuple(Parameter(f"p{number}", kind, **default) for number, (kind, _) in enumerate(kinds))
    made = arguments_of(Signature(parameters, None, (), EMPTY), "it", {}, "forbid")
    sent = {f"p{number}": data.draw(values) for number, (_, values) in enumerate(kinds)}
    if optional and sent:
        del sent["p0"]
    assert list(jsonschema_rs.validator_for(made.parameters).iter_errors(sent)) == []
    assert set(made.check(sent)) == {parameter.name for parameter in parameters}
    assert not jsonschema_rs.is_valid(made.parameters, {**sent, "unknown": 1})
    with pytest.raises(ValidationError):
        made.check({**sent, "unknown": 1})
