"""The real model. ``make test-local`` runs these; the first time they download it."""

import sys

import anyio
import pytest

from loopbus.backends.embeddings import cosine, embedder

from ....architecture import ROOT

pytestmark = pytest.mark.local

REFERENCE = {
    "The cat sits outside": (0.13919112, 0.00302905, 0.0470147, 0.03957381, -0.04799851, -0.00681155),
    "A feline rests in the open": (0.09648721, -0.00941945, 0.00953325, 0.1272848, -0.02476194, 0.0340127),
    "Naïve Straße, 你好世界! $5.00 (e-mail: a@b.c)": (
        -0.03370642, 0.11228181, 0.05281982, -0.00072609, 0.02453281, -0.03308123,
    ),
    "😀 emoji and antidisestablishmentarianism": (
        -0.00966234, 0.01409528, 0.08558837, 0.01029099, -0.00267468, -0.10621402,
    ),
}  # fmt: skip
"""The first numbers of each vector as another implementation computes them: transformers 4.57's BERT on JAX, and its
tokenizer, with the mean of the states brought to length 1."""

PAIRS = [
    ("How do I reset my password?", "I forgot my login and need a new one."),
    ("The stock market fell sharply today.", "Shares dropped a lot this afternoon."),
    ("She plays the violin in an orchestra.", "She is a musician in a symphony."),
    ("The recipe needs two eggs and some flour.", "You bake it with flour and a couple of eggs."),
]
"""The same thing said twice."""


async def test_its_vectors_are_the_authors() -> None:
    """To a ten-thousandth and better."""
    found = await embedder("local").embed(list(REFERENCE))
    assert found.dimensions == 384
    for vector, expected in zip(found.vectors, REFERENCE.values(), strict=True):
        assert list(vector[:6]) == pytest.approx(expected, abs=1e-5)


async def test_what_means_the_same_is_nearer_than_what_does_not() -> None:
    """Every sentence's nearest is its own paraphrase, by a margin."""
    found = await embedder().embed([sentence for pair in PAIRS for sentence in pair])
    for index, vector in enumerate(found.vectors):
        likeness = {
            other: cosine(vector, found.vectors[other]) for other in range(len(found.vectors)) if other != index
        }
        partner = likeness.pop(index ^ 1)
        assert partner > max(likeness.values()) + 0.2


async def test_the_example_finds_by_meaning() -> None:
    """The note that answers has no word in common with the question."""
    done = await anyio.run_process([sys.executable, "-W", "error", str(ROOT / "examples" / "semantic_search.py")])
    said = done.stdout.decode()
    assert "'How much time off do I get?' finds" in said
    assert "Found it: Employees have 28 days of annual leave." in said
