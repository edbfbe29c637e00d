"""JSON values that nobody can change."""

import copy
import json
import pickle
from types import MappingProxyType
from typing import Any, cast

import pytest
from hypothesis import given
from pydantic import JsonValue
from pydantic_core import to_json

from loopbus.events import BadContent
from loopbus.events.frozen import FrozenDict, FrozenList, freeze, freeze_object, thaw, whole

from .strategies import JSON

OF_OBJECTS: dict[str, tuple[object, ...]] = {
    "__setitem__": ("a", 2),
    "__delitem__": ("a",),
    "__ior__": ({"b": 2},),
    "clear": (),
    "pop": ("a",),
    "popitem": (),
    "setdefault": ("b", 2),
    "update": ({"b": 2},),
}
OF_ARRAYS: dict[str, tuple[object, ...]] = {
    "__setitem__": (0, 2),
    "__delitem__": (0,),
    "__iadd__": ([3],),
    "__imul__": (2,),
    "append": (3,),
    "clear": (),
    "extend": ([3],),
    "insert": (0, 3),
    "pop": (),
    "remove": (1,),
    "reverse": (),
    "sort": (),
}


@given(JSON)
def test_a_frozen_value_is_the_same_value(value: Any) -> None:
    """Equal, of the same types to every reader, and the same text in JSON."""
    frozen = freeze(value)
    assert frozen == value
    assert json.dumps(frozen) == json.dumps(value)
    assert to_json(frozen) == to_json(value)
    assert freeze(frozen) is frozen or not isinstance(frozen, dict | list)


@given(JSON)
def test_copies_are_ordinary_again(value: Any) -> None:
    """Whoever wants to change something has a copy of their own: thawed or deep; pickling keeps it frozen."""
    frozen = freeze(value)
    for ordinary in (thaw(frozen), copy.deepcopy(frozen)):
        assert ordinary == value
        assert type(cast(object, ordinary)) is type(value)
    again = pickle.loads(pickle.dumps(frozen))
    assert again == value
    assert type(again) is type(frozen)


@pytest.mark.parametrize(("change", "arguments"), OF_OBJECTS.items())
def test_an_object_refuses_every_change(change: str, arguments: tuple[object, ...]) -> None:
    """With what to do instead."""
    value = freeze({"a": 1})
    with pytest.raises(TypeError, match=r"cannot be changed; change a copy: dict\(\.\.\.\)"):
        getattr(value, change)(*arguments)
    assert value == {"a": 1}


@pytest.mark.parametrize(("change", "arguments"), OF_ARRAYS.items())
def test_an_array_refuses_every_change(change: str, arguments: tuple[object, ...]) -> None:
    """With what to do instead."""
    value = freeze([2, 1])
    with pytest.raises(TypeError, match=r"cannot be changed; change a copy: list\(\.\.\.\)"):
        getattr(value, change)(*arguments)
    assert value == [2, 1]


def test_what_is_nested_is_frozen_too() -> None:
    """However deep, and the original is left as it was."""
    original: dict[str, Any] = {"a": [{"b": []}]}
    frozen = cast(Any, freeze_object(original))
    with pytest.raises(TypeError):
        frozen["a"][0]["b"].append(1)
    original["a"][0]["b"].append(1)
    assert frozen == {"a": [{"b": []}]}


def test_shallow_copies_are_ordinary() -> None:
    """``dict``, ``|``, ``copy``, ``list`` and ``+`` give what can be changed."""
    value, array = FrozenDict(a=1), FrozenList([1])
    changed: dict[str, JsonValue] = {"b": 2}
    objects: list[object] = [dict(value), value | changed, value.copy(), {**value}]
    arrays: list[object] = [list(array), array + [2], array.copy(), [*array]]  # noqa: RUF005  # a way like others
    assert {type(each) for each in objects} == {dict}
    assert {type(each) for each in arrays} == {list}


def test_an_object_is_frozen_once() -> None:
    """What is frozen is handed on as it is, so that all events share it."""
    frozen = freeze_object({"a": 1, "b": "text", "c": 1.5})
    assert freeze_object(frozen) is frozen
    assert freeze_object(MappingProxyType({"a": 1})) == {"a": 1}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), "the value is object, which is no JSON"),
        ({"a": {1, 2}}, "the value.a is set, which is no JSON"),
        ({"a": [b"bytes"]}, r"the value\.a\[0\] is bytes"),
        ({"a": float("nan")}, "the value.a is nan, which is no JSON number"),
        ([float("-inf")], r"the value\[0\] is -inf"),
        ({1: 2}, "the value has the key 1; the keys of a JSON object are texts"),
        ("\ud800", "the value holds half of a surrogate pair at character 0"),
        ({"\ud800": 1}, "a key of the value holds half of a surrogate pair"),
        ({"a": "b\udc00"}, "the value.a holds half of a surrogate pair at character 1"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(value: Any, words: str) -> None:
    """Law 11: the error is ours, and says where."""
    with pytest.raises(BadContent, match=words):
        freeze(value)
    with pytest.raises(BadContent):
        freeze_object({"a": value})


@pytest.mark.parametrize("value", [5, None, "text", [1], [("a", 1)]])
def test_arguments_are_an_object(value: Any) -> None:
    """And nothing else."""
    with pytest.raises(BadContent, match=f"a JSON object is needed, not {type(value).__name__}"):
        freeze_object(value)


def test_what_contains_itself_is_refused() -> None:
    """As is what is nested so deep that others would run out of stack."""
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(BadContent, match="nested deeper than 200 levels"):
        freeze(circle)


def test_numbers_may_be_of_any_size() -> None:
    """JSON knows no limit for integers."""
    assert freeze(10**400) == 10**400


def test_text_is_whole_or_refused() -> None:
    """With the place, and a way to mend it that works."""
    whole("a\u0000é😀", "a text")
    with pytest.raises(BadContent, match="a text holds half of a surrogate pair at character 2") as caught:
        whole("ab\ud83d", "a text")
    assert 'text.encode("utf-8", "replace").decode()' in str(caught.value)
    with pytest.raises(BadContent, match="a text is int, not text"):
        whole(cast(Any, 5), "a text")
