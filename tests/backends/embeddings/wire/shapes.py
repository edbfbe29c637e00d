"""A wire put to work without a transport: the body of a request, and what an answer reads as."""

from typing import Any

from loopbus.backends.embeddings.contract import Purpose
from loopbus.backends.embeddings.wire.wire import Ask, EmbeddingWire, read_answer


def body(wire: EmbeddingWire, *texts: str, **options: Any) -> dict[str, Any]:
    """What is sent for ``texts``."""
    return wire.encode(Ask(texts, "m", **options))


def meaning(
    wire: EmbeddingWire, answer: dict[str, Any], texts: int = 2, **headers: str
) -> tuple[list[list[float]], int]:
    """The vectors and the tokens of an answer."""
    found = read_answer(wire, answer, {name.replace("_", "-"): value for name, value in headers.items()}, texts)
    return [list(vector) for vector in found.vectors], found.input_tokens


PURPOSES: tuple[Purpose, ...] = ("document", "query", "classification", "clustering")
VECTORS = [[1.0, 2.0], [3.0, 4.0]]
