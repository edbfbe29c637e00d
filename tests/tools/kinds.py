"""Types that an output may be of, each with values of it, for Hypothesis to choose from."""

from dataclasses import field, make_dataclass
from datetime import date
from enum import Enum
from typing import Any, Literal, NamedTuple, cast

from hypothesis import strategies as st
from pydantic import BaseModel, create_model
from typing_extensions import TypedDict


class Shade(Enum):
    LIGHT = "light"
    DARK = "dark"


class Point(BaseModel):
    """A place on a plane."""

    x: int
    y: int = 0


class Tree(BaseModel):
    """A name, and what is below it."""

    name: str
    below: list["Tree"] = []


class Address(TypedDict):
    street: str
    number: int | None


class Kind(NamedTuple):
    """A type, and a strategy for its values."""

    type: Any
    values: st.SearchStrategy[Any]


INTEGERS = st.integers(-(2**53), 2**53)
WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
TREES = st.recursive(
    st.builds(Tree, name=WORDS, below=st.just([])),
    lambda trees: st.builds(Tree, name=WORDS, below=st.lists(trees, max_size=3)),
    max_leaves=5,
)
PLAIN = [
    Kind(int, INTEGERS),
    Kind(bool, st.booleans()),
    Kind(float, st.floats(allow_nan=False, allow_infinity=False)),
    Kind(date, st.dates()),
    Kind(Literal["yes", "no", 3], st.sampled_from(["yes", "no", 3])),
    Kind(Shade, st.sampled_from(Shade)),
    Kind(Point, st.builds(Point, x=INTEGERS, y=INTEGERS)),
    Kind(Tree, TREES),
    Kind(Address, st.fixed_dictionaries({"street": WORDS, "number": st.none() | INTEGERS})),
    Kind(list[str], st.lists(WORDS, max_size=3)),
]


def kinds() -> st.SearchStrategy[Kind]:
    """Any type: a plain one, or one that is made of others."""
    return st.recursive(st.sampled_from(PLAIN), _made_of, max_leaves=4)


def _made_of(inner: st.SearchStrategy[Kind]) -> st.SearchStrategy[Kind]:
    members = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        inner.map(lambda kind: Kind(list[kind.type], st.lists(kind.values, max_size=3))),
        inner.map(lambda kind: Kind(dict[str, kind.type], st.dictionaries(WORDS, kind.values, max_size=3))),
        inner.map(lambda kind: Kind(kind.type | None, st.none() | kind.values)),
        members.map(lambda kinds: Kind(tuple[*(kind.type for kind in kinds)], st.tuples(*(k.values for k in kinds)))),
        members.map(_model),
        members.map(_dataclass),
    )


def _model(members: list[Kind]) -> Kind:
    fields = {f"field_{place}": kind for place, kind in enumerate(members)}
    made = create_model("Made", **cast("Any", {name: (kind.type, ...) for name, kind in fields.items()}))
    return Kind(made, st.builds(made, **{name: kind.values for name, kind in fields.items()}))


def _dataclass(members: list[Kind]) -> Kind:
    fields = {f"field_{place}": kind for place, kind in enumerate(members)}
    made = make_dataclass("MadeToo", [(name, kind.type, field()) for name, kind in fields.items()])
    return Kind(made, st.builds(made, **{name: kind.values for name, kind in fields.items()}))
