"""Fields of decoded JSON, checked where a codec takes them out."""

from typing import Any, cast

WRONG_SHAPE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What a codec catches when an answer is JSON, but not of the shape that its format says."""


def text(value: Any) -> str:
    """``value``, if it is text.

    :raises TypeError: it is none.
    """
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.50} stands where text should")
    return value


def items(value: Any) -> list[Any]:
    """``value``, if it is a list.

    :raises TypeError: it is none.
    """
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.50} stands where a list should")
    return cast("list[Any]", value)


def count(value: Any) -> int:
    """``value`` as a number of tokens; anything that cannot be one is 0. Some servers write whole numbers as floats."""
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and value > 0 else 0
