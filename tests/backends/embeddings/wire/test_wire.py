"""Whatever the wire, an answer is a sound vector for each text, or it is misunderstood."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.embeddings.services import SERVICES
from loopbus.backends.embeddings.wire.openai import OPENAI_COMPATIBLE
from loopbus.backends.embeddings.wire.wire import EmbeddingWire, read_answer, tokens_at
from loopbus.backends.errors import Misunderstood

READ: dict[object, EmbeddingWire] = {
    wire.read: wire for service in SERVICES.values() for wire in service.wires.values()
}
"""The wires that read in ways of their own."""
NAMES = [
    "data", "embedding", "embeddings", "float", "index", "meta", "billed_units", "input_tokens", "predictions",
    "values", "statistics", "token_count", "usage", "prompt_tokens", "usageMetadata",
]  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize("wire", READ.values(), ids=lambda wire: wire.name)
@given(answer=st.dictionaries(st.sampled_from(NAMES), ANYTHING))
def test_any_json_is_vectors_or_misunderstood(wire: EmbeddingWire, answer: dict[str, Any]) -> None:
    """No other error ever comes out of a codec."""
    try:
        found = read_answer(wire, answer, {"x-amzn-bedrock-input-token-count": "many"}, 1)
    except Misunderstood:
        return
    assert all(map(math.isfinite, found.vectors[0]))
    assert found.input_tokens >= 0


WRONG: list[tuple[list[Any], str]] = [
    ([[1.0]], "2 texts were sent and 1 vectors came back"),
    ([[1.0], [1.0, 2.0]], "vector 1 of 2 is empty, of another length"),
    ([[], []], "vector 0 of 2 is empty"),
    ([[1.0], [math.nan]], "vector 1 of 2"),
    ([[1.0], [None]], "no answer of openai.embeddings"),
]


@pytest.mark.parametrize(("vectors", "says"), WRONG)
def test_what_is_wrong_with_an_answer_is_said(vectors: list[Any], says: str) -> None:
    """So that nobody stores a vector under the wrong text."""
    answer = {"data": [{"embedding": vector} for vector in vectors]}
    with pytest.raises(Misunderstood, match=says):
        read_answer(OPENAI_COMPATIBLE, answer, {}, 2)


def test_tokens_that_are_not_told_are_none() -> None:
    """Whatever stands in their place."""
    answer: dict[str, Any] = {"a": {"b": 3}, "c": [], "d": {"b": "many"}}
    assert [tokens_at(answer, *path) for path in (("a", "b"), ("c", "b"), ("d", "b"), ("e",), ("a", "b", "c"))] == [
        3, 0, 0, 0, 0,
    ]  # fmt: skip
