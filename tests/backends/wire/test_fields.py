"""Fields of decoded JSON are what they should be, or the codec hears of it."""

import pytest

from loopbus.backends.wire.fields import WRONG_SHAPE, count, items, text


def test_what_has_the_right_type_passes() -> None:
    """Unchanged, and be it empty."""
    assert text("") == ""
    assert items([1]) == [1]


@pytest.mark.parametrize("value", [None, 1, {}, b"x"])
def test_what_has_another_type_is_told(value: object) -> None:
    """As an error that a codec catches, with the value in it."""
    with pytest.raises(WRONG_SHAPE, match="stands where text should"):
        text(value)
    with pytest.raises(WRONG_SHAPE, match="stands where a list should"):
        items(value)


@pytest.mark.parametrize(
    ("value", "tokens"),
    [(3, 3), (3.0, 3), (0, 0), (-1, 0), (2.5, 0), (float("inf"), 0), (float("nan"), 0), (True, 0), ("3", 0), (None, 0)],
)
def test_a_count_is_a_whole_number(value: object, tokens: int) -> None:
    """Cohere writes some as floats. What is no count is none: an answer is worth more than its statistics."""
    assert count(value) == tokens
