"""OpenAI's embeddings, and those of everyone who speaks the same.

Source of the format: https://platform.openai.com/docs/api-reference/embeddings. The numbers may stand there as a list
or as base64, which is shorter and faster to read; both are read, whichever was asked for.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from ...wire.fields import items
from ..batches import Limits
from ..vectors import Vector, from_base64, from_floats
from .wire import Answer, Ask, EmbeddingWire, Headers, Json, tokens_at

LIMITS = Limits(texts=128, bytes=128 * 1024)
"""For a server of which nothing is known."""


def openai_wire(
    *,
    base64: bool = False,
    dimensions: str = "dimensions",
    limits: Limits = LIMITS,
    path: Callable[[str], str] = lambda model: "/embeddings",
) -> EmbeddingWire:
    """The wire as a server speaks it: whether it knows ``base64``, and what it calls the number of dimensions."""
    fixed: Mapping[str, Any] = {"encoding_format": "base64"} if base64 else {}

    def encode(ask: Ask) -> Json:
        wanted = {} if ask.dimensions is None else {dimensions: ask.dimensions}
        return {"model": ask.model, "input": list(ask.texts), **fixed, **wanted}

    return EmbeddingWire(name="openai.embeddings", path=path, encode=encode, read=read, limits=limits, truncates=False)


def read(answer: Json, headers: Headers) -> Answer:
    """The vectors, by their index; where a server gives each the same, as they come."""
    data = sorted(items(answer["data"]), key=lambda one: one.get("index") or 0)
    return Answer([_vector(one["embedding"]) for one in data], tokens_at(answer, "usage", "prompt_tokens"))


def _vector(value: Any) -> Vector:
    return from_base64(value) if isinstance(value, str) else from_floats(items(value))


def _deployment(model: str) -> str:
    return f"/openai/deployments/{quote(model, safe='')}/embeddings"


OPENAI_COMPATIBLE = openai_wire()
# 2,048 texts are allowed. The answer to so many keeps the event loop for 60 ms; this, for 15.
OPENAI = openai_wire(base64=True, limits=Limits(texts=512, bytes=300_000))
AZURE_DEPLOYMENT = openai_wire(base64=True, limits=Limits(texts=512, bytes=300_000), path=_deployment)
MISTRAL = openai_wire(dimensions="output_dimension", limits=Limits(texts=128, bytes=48 * 1024))
ALIBABA = openai_wire(limits=Limits(texts=10, bytes=80 * 1024))
ZAI = openai_wire(limits=Limits(texts=64, bytes=64 * 1024))
