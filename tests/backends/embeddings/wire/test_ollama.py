"""Ollama's own embeddings."""

from loopbus.backends.embeddings.wire.ollama import OLLAMA

from .shapes import VECTORS, body, meaning


def test_a_request_says_that_nothing_is_to_be_cut() -> None:
    """Ollama would, and not tell."""
    assert body(OLLAMA, "a", "b") == {"model": "m", "input": ["a", "b"], "truncate": False}
    assert body(OLLAMA, "a", truncate=True, dimensions=8) == {
        "model": "m", "input": ["a"], "truncate": True, "dimensions": 8,
    }  # fmt: skip
    assert OLLAMA.path("m") == "/api/embed"


def test_vectors_are_read_in_the_order_of_the_texts() -> None:
    """With the tokens of all of them."""
    answer = {"model": "m", "embeddings": VECTORS, "total_duration": 1, "prompt_eval_count": 11}
    assert meaning(OLLAMA, answer) == (VECTORS, 11)
