"""Whatever an event holds comes out short, plain and without secrets."""

import json
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from loopbus.bus.redaction import MASK
from loopbus.events import ToolCall
from loopbus.handlers.excerpt import DEPTH, ITEMS, excerpt, short

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner) | st.frozensets(st.text()),
    max_leaves=30,
)


@given(VALUES)
def test_any_value_becomes_json_of_bounded_size(value: object) -> None:
    """What comes out can be written as UTF-8 JSON, whatever went in."""
    json.dumps(excerpt(value, characters=50), ensure_ascii=False).encode("utf-8")


def test_a_long_text_is_cut_and_says_how_long_it_was() -> None:
    """The beginning is shown."""
    assert short("x" * 1000, 10) == "xxxxxxxxxx... (1000 characters)"
    assert short("x" * 10, 10) == "xxxxxxxxxx"


def test_a_long_collection_says_how_much_is_left_out() -> None:
    """So does a mapping, and depth is bounded too."""
    assert excerpt(list(range(100)))[ITEMS:] == ["... 80 more"]
    assert excerpt({str(number): number for number in range(100)})["..."] == "80 more"
    deep: object = "bottom"
    for _ in range(100):
        deep = [deep]
    assert json.dumps(excerpt(deep)) == "[" * DEPTH + '"..."' + "]" * DEPTH


def test_secrets_are_masked_by_name_and_by_shape_at_any_depth() -> None:
    """Counts and flags with such a name are no secrets."""
    given_value = {"headers": [{"Authorization": ["Bearer x"], "token": 7}], "text": "sk-abcdefgh12345"}
    assert excerpt(given_value) == {"headers": [{"Authorization": MASK, "token": 7}], "text": MASK}


def test_a_name_that_is_cut_still_hides_its_secret() -> None:
    """However little of it is shown."""
    assert excerpt({"authorization": "planted"}, characters=3) == {"aut... (13 characters)": MASK}


def test_a_secret_at_the_cut_is_not_shown_in_half() -> None:
    """It is looked for before the text is cut."""
    assert "sk-" not in short("x" * 190 + " sk-" + "a" * 60, 200)


def test_values_with_fields_are_shown_by_field() -> None:
    """Dataclasses and pydantic models alike; a ``SecretStr`` keeps its secret."""

    class Login(BaseModel):
        user: str
        key: SecretStr

    @dataclass
    class Point:
        x: int

    login = Login(user="bob", key=SecretStr("hunter2"))
    assert excerpt(login) == {"user": "bob", "key": "**********"}
    assert excerpt(Point(3)) == {"x": 3}
    assert excerpt(ToolCall("c1", "login", {"password": "x"}))["arguments"] == {"password": MASK}


def test_bytes_are_counted_and_not_shown() -> None:
    """An image in a message is one short line."""
    assert excerpt(b"abc") == "<3 bytes>"
