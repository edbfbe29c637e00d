"""Titan's embeddings behind Bedrock."""

from loopbus.backends.embeddings.wire.titan import TITAN_V1, TITAN_V2

from .shapes import body, meaning


def test_a_request_has_one_text() -> None:
    """The first version takes nothing else."""
    assert body(TITAN_V1, "a") == {"inputText": "a"}
    assert body(TITAN_V2, "a") == {"inputText": "a", "normalize": True}
    assert body(TITAN_V2, "a", dimensions=256) == {"inputText": "a", "normalize": True, "dimensions": 256}
    assert TITAN_V1.limits.texts == TITAN_V2.limits.texts == 1
    assert (TITAN_V1.dimensions, TITAN_V2.dimensions) == (False, True)
    assert TITAN_V2.path("amazon.titan-embed-text-v2:0") == "/model/amazon.titan-embed-text-v2%3A0/invoke"


def test_the_vector_is_read_with_its_tokens() -> None:
    """Whatever else is told."""
    answer = {"embedding": [1.0, 2.0], "inputTextTokenCount": 3, "embeddingsByType": {"float": [1.0, 2.0]}}
    assert meaning(TITAN_V2, answer, 1) == ([[1.0, 2.0]], 3)
