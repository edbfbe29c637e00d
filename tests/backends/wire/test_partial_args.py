"""Arguments that come value by value."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.wire.partial_args import PartialArgs

NAMES = st.text(min_size=1, max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-100, 100) | st.floats(-9, 9).filter(lambda value: value % 1) | st.text(),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3) | st.lists(inner, min_size=1, max_size=3),
    max_leaves=8,
)
FIELDS = {bool: "boolValue", int: "numberValue", float: "numberValue", str: "stringValue"}


def args(*partials: dict[str, Any]) -> dict[str, Any]:
    """The arguments that the values make."""
    found = PartialArgs()
    for partial in partials:
        found.add(partial)
    return found.value()


def quoted(name: str) -> str:
    """A name as it stands between quotes."""
    return name.replace("\\", "\\\\").replace("'", "\\'")


def partials(value: Any, path: str = "$") -> list[dict[str, Any]]:
    """A value as it would be sent: texts letter by letter, every name quoted."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return [each for name, item in fields.items() for each in partials(item, f"{path}['{quoted(name)}']")]
    if isinstance(value, list):
        items = enumerate(cast("list[Any]", value))
        return [each for place, item in items for each in partials(item, f"{path}[{place}]")]
    if isinstance(value, str):
        return [{"jsonPath": path, "stringValue": letter, "willContinue": True} for letter in value or [""]]
    return [{"jsonPath": path, **({"nullValue": "NULL_VALUE"} if value is None else {FIELDS[type(value)]: value})}]


@given(st.dictionaries(NAMES, VALUES, max_size=3))
def test_any_arguments_come_together_again(value: dict[str, Any]) -> None:
    """Objects in arrays in objects, names of any letters, texts in pieces."""
    assert args(*partials(value)) == value


def test_names_may_stand_behind_points() -> None:
    """As Google's own examples have them."""
    assert args({"jsonPath": "$.stops[0].city", "stringValue": "Bonn"}, {"jsonPath": '$.stops[0]["a b"]'}) == {
        "stops": [{"city": "Bonn", "a b": ""}]
    }


def test_a_whole_number_is_whole() -> None:
    """On the wire every number is a double; a tool that wants an int gets one."""
    count = args({"jsonPath": "$.n", "numberValue": 2.0})["n"]
    assert (count, type(count)) == (2, int)


@pytest.mark.parametrize("path", ["", "$", "n", "$.", "$..n", "$[x]", "$.n x[", "$[99999999999]", "$" + ".n" * 101])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    """Instead of putting the value somewhere."""
    with pytest.raises(ValueError, match="is no path"):
        args({"jsonPath": path, "numberValue": 1})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"jsonPath": "$.a", "stringValue": "x"}, {"jsonPath": "$.a", "numberValue": 1}),
        ({"jsonPath": "$.a", "stringValue": "x"}, {"jsonPath": "$.a.b", "numberValue": 1}),
        ({"jsonPath": "$.a[0]", "numberValue": 1}, {"jsonPath": "$.a[2]", "numberValue": 1}),
        ({"jsonPath": "$.a[0]", "numberValue": 1}, {"jsonPath": "$.a.b", "numberValue": 1}),
        ({"jsonPath": "$[0]", "numberValue": 1}, {"jsonPath": "$[1]", "numberValue": 1}),
    ],
)
def test_values_that_contradict_each_other_are_refused(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Two values in one place, a gap in an array, an array that is an object: no tool runs on a guess."""
    with pytest.raises(ValueError, match=r"value already|has a gap|are an array"):
        args(first, second)
