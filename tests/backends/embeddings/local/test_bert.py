"""The encoder computes what the book says, for any batch."""

import math
from collections.abc import Sequence
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopbus.backends.embeddings.local.bert import Bert, gelu
from loopbus.backends.local import BrokenWeights

from .tiny import HEADS, HIDDEN, LAYERS, PIECES, PLACES, plain_vector, tensors

TENSORS = tensors()
BERT = Bert(TENSORS, HEADS)
TEXTS = st.lists(st.lists(st.integers(0, len(PIECES) - 1), min_size=1, max_size=9), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None)
@given(TEXTS)
def test_vectors_are_those_of_the_plain_arithmetic(texts: Sequence[Sequence[int]]) -> None:
    """In 64 bits, a token at a time; what stands beside a text in the batch makes no difference to it."""
    found = BERT.vectors(texts)
    assert found.shape == (len(texts), HIDDEN)
    for row, text in zip(found, texts, strict=True):
        assert row.tolist() == pytest.approx(plain_vector(TENSORS, text), abs=2e-5)


def test_vectors_have_length_1_and_32_bits() -> None:
    """Also those of the longest texts."""
    found = BERT.vectors([[5] * PLACES, [6]])
    assert numpy.linalg.norm(found, axis=1).tolist() == pytest.approx([1, 1], abs=1e-6)
    assert found.dtype == numpy.float32
    assert BERT.dimensions == HIDDEN


def test_gelu_is_exact_to_seven_digits() -> None:
    """Over blocks, and where it is tiny."""
    points = numpy.linspace(-12, 12, 100_001, dtype=numpy.float32)
    found = points.copy()
    gelu(numpy, found)
    exact = [x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in points.tolist()]
    assert numpy.abs(found - exact).max() < 1e-6


@pytest.mark.parametrize("lost", ["embeddings.LayerNorm.bias", "encoder.layer.1.output.dense.weight"])
def test_a_tensor_that_is_missing_is_named(lost: str) -> None:
    """At once, not when the first text comes."""
    with pytest.raises(BrokenWeights, match=lost):
        Bert({name: tensor for name, tensor in TENSORS.items() if name != lost}, HEADS)


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("embeddings.LayerNorm.weight", numpy.ones(HIDDEN + 1, numpy.float32)),
        (f"encoder.layer.{LAYERS - 1}.output.dense.weight", numpy.ones((HIDDEN, 3), numpy.float32)),
        ("embeddings.word_embeddings.weight", numpy.ones((0, HIDDEN), numpy.float32)),
    ],
)
def test_a_tensor_that_does_not_fit_is_no_model(name: str, tensor: Any) -> None:
    """Nor is one whose heads do not divide it."""
    with pytest.raises(BrokenWeights, match="not those of such a model"):
        Bert({**TENSORS, name: tensor}, HEADS)
    with pytest.raises(BrokenWeights, match="not those of such a model"):
        Bert(TENSORS, 7)
