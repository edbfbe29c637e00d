"""Vectors: arrays of 32-bit floats, a quarter of what a tuple takes, and numpy reads them without a copy."""

import binascii
import math
import sys
from array import array
from collections.abc import Iterable
from operator import mul
from typing import TypeAlias

Vector: TypeAlias = "array[float]"
"""``numpy.asarray(vector)`` shares its memory; ``list(vector)`` is for JSON."""

TYPECODE = "f"


def from_floats(numbers: Iterable[float]) -> Vector:
    """A vector of ``numbers``.

    :raises TypeError, OverflowError: they are no numbers, or too great.
    """
    return array(TYPECODE, numbers)


def from_bytes(data: bytes | memoryview) -> Vector:
    """A vector of little-endian floats, as wires and files hold them.

    :raises ValueError: the bytes are no whole number of floats.
    """
    vector = array(TYPECODE)
    vector.frombytes(data)
    if sys.byteorder == "big":
        vector.byteswap()
    return vector


def from_base64(text: str) -> Vector:
    """A vector of little-endian floats in base64.

    :raises ValueError: it is no base64, or no whole number of floats.
    """
    return from_bytes(binascii.a2b_base64(text, strict_mode=True))


def is_sound(vector: Vector) -> bool:
    """Whether there are numbers in it, and every one is finite."""
    return bool(vector) and math.isfinite(sum(vector))


def cosine(one: Vector, other: Vector) -> float:
    """How much two vectors point the same way, from -1 to 1. A vector of zeros points nowhere: it gives 0.

    :raises ValueError: they are not of one length, so not of one model.
    """
    if len(one) != len(other):
        raise ValueError(f"a vector of {len(one)} dimensions cannot be compared with one of {len(other)}")
    lengths = math.hypot(*one) * math.hypot(*other)
    return sum(map(mul, one, other)) / lengths if lengths else 0.0
