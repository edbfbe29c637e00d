"""Hypothesis strategies for events and what they are made of, read from the classes themselves."""

import dataclasses
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from pydantic import JsonValue

from loopbus.bus import Event, known_events
from loopbus.events.content import Media

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
"""Any Unicode that can be written, U+0000 and all planes included."""

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
"""Any JSON value: integers of any size and negative zero included."""

PLAIN: dict[object, st.SearchStrategy[Any]] = {
    JsonValue: JSON,
    Mapping[str, JsonValue]: st.dictionaries(TEXT, JSON, max_size=3),
    str: TEXT,
    int: st.integers(),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    bytes: st.binary(max_size=20),
    NoneType: st.none(),
}

VOCABULARY = sorted(
    (each for each in known_events() if each.__module__.startswith("loopbus.")), key=lambda each: each.event_name
)
"""Every event that the library defines."""


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Whatever the type of a field allows."""
    if get_origin(annotation) is Annotated:
        return values(get_args(annotation)[0])
    if annotation in PLAIN:
        return PLAIN[annotation]
    arguments = get_args(annotation)
    match get_origin(annotation):
        case origin if origin is Union or origin is UnionType:
            return st.one_of([values(each) for each in arguments])
        case origin if origin is Literal:
            return st.sampled_from(arguments)
        case origin if origin is tuple:
            return st.lists(values(arguments[0]), max_size=3).map(tuple)
        case _:
            return blocks(annotation)


def blocks(kind: type[Any]) -> st.SearchStrategy[Any]:
    """A dataclass with any values in its fields; its ``kind`` is its own."""
    hints = get_type_hints(kind, include_extras=True)
    fields = {each.name: values(hints[each.name]) for each in dataclasses.fields(kind) if each.name != "kind"}
    if not issubclass(kind, Media):
        return st.builds(kind, **fields)
    by_data = st.builds(kind, **{**fields, "data": PLAIN[bytes], "url": st.none()})
    by_url = st.builds(kind, **{**fields, "data": st.none(), "url": TEXT})
    return by_data | by_url


def events(event_class: type[Event]) -> st.SearchStrategy[Event]:
    """An event with any values in its fields."""
    return st.builds(event_class, **{name: values(each.annotation) for name, each in event_class.model_fields.items()})
