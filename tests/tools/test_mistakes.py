"""What a model is told about arguments that do not fit."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from loopbus.tools import InvalidArguments, as_tool
from loopbus.tools.mistakes import nearest


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Owner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    age: int


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    breed: str


class Node(BaseModel):
    value: int
    below: list["Node"] = []


class Span(NamedTuple):
    first: int
    last: int


@dataclass
class Point:
    x: int


def told(fn: Callable[..., Any], arguments: Any) -> list[str]:
    """The lines that a model gets to read, without the first."""
    with pytest.raises(InvalidArguments) as caught:
        as_tool(fn).validate(arguments)
    head, *lines = str(caught.value).split("\n")
    assert head.startswith(f"The arguments of {fn.__name__} are wrong, so it was not called.")
    return lines


def charge(amount: int, customer: str, color: Color = Color.RED) -> None:
    """Take money."""


def house(owners: list[Owner], tree: Node | None = None, spot: Point | None = None, span: Span | None = None) -> None:
    """Describe a house."""


def feed(pet: Cat | Dog, either: int | list[int] = 1, by_room: dict[str, int] | None = None) -> None:
    """Feed an animal."""


def feed_tagged(pet: Annotated[Cat | Dog, Field(discriminator="kind")]) -> None:
    """Feed an animal that says what it is."""


def test_a_wrong_value_is_told_with_its_field_what_was_expected_and_what_came() -> None:
    """One line for each mistake, in the order of the schema."""
    assert told(charge, {"amount": "five", "customer": 5, "color": "green"}) == [
        '- amount: should be a valid integer, unable to parse string as an integer; got "five"',
        "- customer: should be a valid string; got 5",
        "- color: should be 'red' or 'blue'; got \"green\"",
    ]


def test_a_misspelt_name_is_told_with_the_nearest_one() -> None:
    """From both sides: what is unknown, and what is missing because of it."""
    assert told(charge, {"amuont": 5, "customer": "a"}) == [
        '- amount: missing (integer); is it what you called "amuont"?',
        '- amuont: there is no such argument; did you mean "amount"?',
    ]


def test_a_name_like_no_other_is_told_with_all_names() -> None:
    """Then the model has to choose."""
    given: dict[str, JsonValue] = {"amount": 5, "customer": "a", "zzz": 1}
    assert told(charge, given) == ["- zzz: there is no such argument; there are: amount, customer, color"]

    def ping() -> None: ...

    assert told(ping, {"zzz": 1}) == ["- zzz: there is no such argument; there are: none at all"]


def test_what_is_missing_is_told_with_its_type() -> None:
    """As far as a few words can say it."""

    def order(color: Color, one: Literal["x"], much: int | str, pet: Cat | None, anything: Any) -> None: ...

    assert told(order, {}) == [
        '- color: missing ("red" or "blue")',
        '- one: missing ("x")',
        "- much: missing (integer or string)",
        "- pet: missing (object or null)",
        "- anything: missing",
    ]


def test_the_path_leads_into_what_is_nested() -> None:
    """Through arrays, models, dataclasses and models that contain themselves; names are those that fit there."""
    assert told(
        house,
        {
            "owners": [{"name": "a", "age": 1}, {"name": 2, "agee": 3}],
            "tree": {"value": 1, "below": [{"value": 2}, {"valve": 3}]},
            "spot": {"x": 1, "y": 1},
            "span": [1, "b"],
        },
    ) == [
        "- owners[1].name: should be a valid string; got 2",
        '- owners[1].age: missing (integer); is it what you called "agee"?',
        '- owners[1].agee: there is no such argument; did you mean "age"?',
        "- tree.below[1].value: missing (integer)",
        "- spot.y: there is no such argument; there are: x",
        '- span[1]: should be a valid integer, unable to parse string as an integer; got "b"',
    ]


def test_the_branches_of_a_union_are_not_part_of_the_path() -> None:
    """The model wrote ``pet``; what pydantic calls the branches is no name of its."""
    assert told(feed, {"pet": {"kind": "cat"}, "either": "x", "by_room": {"hall": "y"}}) == [
        "- pet.lives: missing (integer)",
        "- pet.kind: should be 'dog'; got \"cat\"",
        "- pet.breed: missing (string)",
        '- either: should be a valid integer, unable to parse string as an integer; got "x"',
        '- either: should be a valid array; got "x"',
        '- by_room.hall: should be a valid integer, unable to parse string as an integer; got "y"',
    ]
    assert told(feed_tagged, {"pet": {"kind": "cat", "lives": "nine"}}) == [
        '- pet.lives: should be a valid integer, unable to parse string as an integer; got "nine"'
    ]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ([1, 2], "an array of 2"),
        ({"a": 1}, "an object with 1 keys"),
        ("x" * 1000, '"' + "x" * 80 + '…"'),
        (10**4000, "1" + "0" * 79 + "…"),
    ],
)
def test_what_came_is_shown_in_few_characters(sent: Any, shown: str) -> None:
    """However large it is."""

    def fn(a: Literal["x"]) -> None: ...

    assert told(fn, {"a": sent}) == [f"- a: should be 'x'; got {shown}"]


def talkative(value: int) -> int:
    """Explain at length."""
    raise ValueError("no, " * 1000)


def test_the_words_are_those_of_json_and_few() -> None:
    """No dictionary, list or instance: the model never saw Python. A long message is cut."""

    def fn(owner: Owner, spot: Point, number: Annotated[int, AfterValidator(talkative)]) -> None: ...

    owner, spot, number = told(fn, {"owner": 1, "spot": 2, "number": 3})
    assert (owner, spot) == ("- owner: should be an object; got 1", "- spot: should be an object; got 2")
    assert len(number) < 450


def test_arguments_that_are_no_object_are_told() -> None:
    """There is no field to name."""
    assert told(charge, [1]) == ["- the arguments: should be an object; got an array of 1"]


def test_a_hundred_mistakes_are_not_all_told() -> None:
    """The answer stays short, and says how much it leaves out."""

    def fn(numbers: list[int]) -> None: ...

    lines = told(fn, {"numbers": ["x"] * 100})
    assert (len(lines), lines[-1]) == (21, "- and 80 more")


def test_a_validator_of_the_users_may_raise_anything() -> None:
    """Its own ``ValueError`` is a mistake like any other; a bug in it is told too, and is ours to the caller."""

    def even(value: int) -> int:
        if value % 2:
            raise ValueError("must be even")
        return 10 // value

    def fn(a: Annotated[int, AfterValidator(even)]) -> None: ...

    assert told(fn, {"a": 1}) == ["- a: Value error, must be even; got 1"]
    with pytest.raises(InvalidArguments, match="could not be checked: ZeroDivisionError") as caught:
        as_tool(fn).validate({"a": 0})
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_the_nearest_name_is_looked_for_in_bounded_time() -> None:
    """A name of a million letters is compared by its beginning."""
    assert nearest("amount" * 200_000, ["amount", "other"]) is None
    assert nearest("amuont", ["amount", "other"]) == "amount"


any_text = st.text(st.characters())
any_json = st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | any_text, st.lists, max_leaves=4)


@given(any_json, any_text)
@example("\ud800", "\udfff")
def test_whatever_is_sent_the_text_can_be_stored(sent: Any, name: str) -> None:
    """Any JSON value under any name, lone surrogates included."""
    with pytest.raises(InvalidArguments) as caught:
        as_tool(charge).validate({"amount": [sent], "customer": sent, f"{name}!": sent})
    assert str(caught.value).encode()
