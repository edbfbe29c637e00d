"""JSON objects as bytes: what cannot be read or written is told or mended, never raised as a library's error."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.errors import Misunderstood
from loopbus.backends.wire.objects import read_object, write_object

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.text(), JSON))
def test_what_is_written_is_read_back(value: dict[str, object]) -> None:
    """Any object of JSON values survives, whatever its text."""
    assert read_object(write_object(value)) == value


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b'"x"', b"{", b'{"a": 1} x', b"<html>", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_misunderstood(data: bytes) -> None:
    """The error holds the first bytes, and not all of them."""
    with pytest.raises(Misunderstood, match="expected a JSON object") as caught:
        read_object(data)
    assert caught.value.frame == data[:500]


@given(st.binary())
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    """A provider cannot make us raise a library's error."""
    with suppress(Misunderstood):
        read_object(data)


def test_half_a_surrogate_pair_is_replaced() -> None:
    """No text can hold it on: read, it is U+FFFD; written, a question mark. What stands around it stays."""
    assert read_object(rb'{"a": ["\ud83d!", "\ud83d\ude00", "\ude00"]}') == {"a": ["\ufffd!", "\U0001f600", "\ufffd"]}
    assert json.loads(write_object({"a": "\ud83d!", "b": "\u00e9"})) == {"a": "?!", "b": "\u00e9"}
