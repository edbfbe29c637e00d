"""Cohere's embeddings, at Cohere and behind Bedrock."""

import pytest

from loopbus.backends.embeddings.wire.cohere import BEDROCK_COHERE, COHERE
from loopbus.backends.errors import Misunderstood

from .shapes import PURPOSES, VECTORS, body, meaning


def test_a_request_says_what_the_vectors_are_for() -> None:
    """And that nothing is to be cut, for Cohere would by default."""
    assert body(COHERE, "a", "b", dimensions=256) == {
        "model": "m",
        "texts": ["a", "b"],
        "input_type": "search_document",
        "embedding_types": ["float"],
        "truncate": "NONE",
        "output_dimension": 256,
    }
    kinds = [body(COHERE, "a", purpose=purpose)["input_type"] for purpose in PURPOSES]
    assert kinds == ["search_document", "search_query", "classification", "clustering"]
    assert body(COHERE, "a", truncate=True)["truncate"] == "END"
    assert COHERE.path("m") == "/v2/embed"


def test_vectors_are_read_with_what_is_billed() -> None:
    """The only count there is."""
    answer = {"embeddings": {"float": VECTORS}, "meta": {"billed_units": {"input_tokens": 5}}}
    assert meaning(COHERE, answer) == (VECTORS, 5)


@pytest.mark.parametrize("embeddings", [VECTORS, {"float": VECTORS}])
def test_bedrock_has_the_model_in_the_address_and_the_tokens_in_a_header(embeddings: object) -> None:
    """Its older answers are a bare list."""
    assert "model" not in body(BEDROCK_COHERE, "a")
    assert BEDROCK_COHERE.path("cohere.embed-v4:0") == "/model/cohere.embed-v4%3A0/invoke"
    assert meaning(BEDROCK_COHERE, {"embeddings": embeddings}, x_amzn_bedrock_input_token_count="6") == (VECTORS, 6)
    assert meaning(BEDROCK_COHERE, {"embeddings": embeddings}) == (VECTORS, 0)


def test_vectors_of_another_type_are_not_taken_for_floats() -> None:
    """They were not asked for."""
    with pytest.raises(Misunderstood, match=r"no answer of cohere\.embed"):
        meaning(COHERE, {"embeddings": {"int8": [[1, 2], [3, 4]]}})
