"""Vectors: compact, exact, and compared by their direction."""

import base64
import math
import struct
import sys

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.embeddings.vectors import cosine, from_base64, from_bytes, from_floats, is_sound

FLOATS = st.lists(st.floats(width=32, allow_nan=False), max_size=20)
SMALL = st.lists(st.floats(-1000, 1000, width=32), min_size=3, max_size=3)


@given(FLOATS)
def test_floats_bytes_and_base64_are_the_same_vector(numbers: list[float]) -> None:
    """Whichever way a wire writes it."""
    packed = struct.pack(f"<{len(numbers)}f", *numbers)
    expected = from_floats(numbers)
    assert list(expected) == numbers
    assert from_bytes(packed) == expected
    assert from_base64(base64.b64encode(packed).decode()) == expected


def test_the_bytes_are_little_endian_on_any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of the other kind turns them round."""
    packed, other = ("<f", ">f") if sys.byteorder == "little" else (">f", "<f")
    monkeypatch.setattr(sys, "byteorder", "big")
    assert list(from_bytes(struct.pack(other, 1.5))) == [1.5]
    monkeypatch.setattr(sys, "byteorder", "little")
    assert list(from_bytes(struct.pack(packed, 1.5))) == [1.5]


def test_numpy_shares_a_vectors_memory() -> None:
    """No copy is made."""
    vector = from_floats([1.0, 2.0])
    array = numpy.asarray(vector)
    vector[0] = 3.0
    assert array.tolist() == [3.0, 2.0]
    assert array.dtype == numpy.float32


@pytest.mark.parametrize("text", ["AAA", "!!!!", "AAAA", "AAAAAAA=\n"])
def test_what_is_no_vector_in_base64_is_refused(text: str) -> None:
    """Cut, or none at all."""
    with pytest.raises(ValueError, match=r"\w"):
        from_base64(text)


@pytest.mark.parametrize("numbers", [[], [math.nan], [1.0, math.inf], [1e39]])
def test_a_vector_without_finite_numbers_is_not_sound(numbers: list[float]) -> None:
    """Some servers send them when a model breaks."""
    assert not is_sound(from_floats(numbers))
    assert is_sound(from_floats([0.0]))


@given(SMALL, SMALL)
def test_a_cosine_is_between_minus_one_and_one(one: list[float], other: list[float]) -> None:
    """And the same both ways round."""
    found = cosine(from_floats(one), from_floats(other))
    assert -1.000001 <= found <= 1.000001
    assert found == cosine(from_floats(other), from_floats(one))


def test_a_cosine_tells_directions_apart() -> None:
    """Lengths do not count; a vector of zeros points nowhere."""
    one = from_floats([3.0, 0.0])
    assert cosine(one, from_floats([0.5, 0.0])) == pytest.approx(1)
    assert cosine(one, from_floats([0.0, 2.0])) == 0
    assert cosine(one, from_floats([-1.0, 0.0])) == pytest.approx(-1)
    assert cosine(one, from_floats([0.0, 0.0])) == 0


def test_vectors_of_two_lengths_cannot_be_compared() -> None:
    """They are of two models."""
    with pytest.raises(ValueError, match="2 dimensions cannot be compared with one of 1"):
        cosine(from_floats([1.0, 2.0]), from_floats([1.0]))
