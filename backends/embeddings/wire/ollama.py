"""Ollama's own embeddings.

Source of the format: https://docs.ollama.com/api/embed. Unlike Ollama's OpenAI door, this one can be told not to cut
what is too long, so it always is told.
"""

from ...wire.fields import items
from ..batches import Limits
from ..vectors import from_floats
from .wire import Answer, Ask, EmbeddingWire, Headers, Json, tokens_at


def encode(ask: Ask) -> Json:
    """The body."""
    wanted = {} if ask.dimensions is None else {"dimensions": ask.dimensions}
    return {"model": ask.model, "input": list(ask.texts), "truncate": ask.truncate, **wanted}


def read(answer: Json, headers: Headers) -> Answer:
    """The vectors, in the order of the texts."""
    vectors = [from_floats(items(one)) for one in items(answer["embeddings"])]
    return Answer(vectors, tokens_at(answer, "prompt_eval_count"))


OLLAMA = EmbeddingWire(
    name="ollama.embed",
    path=lambda model: "/api/embed",
    encode=encode,
    read=read,
    limits=Limits(texts=128, bytes=256 * 1024),
)
