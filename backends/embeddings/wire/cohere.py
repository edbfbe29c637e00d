"""Cohere's embeddings, version 2, and the same models behind Bedrock.

Sources: https://docs.cohere.com/reference/embed and
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html. Cohere cuts what is too long unless it
is told not to, so it always is told.
"""

from collections.abc import Mapping
from typing import Any

from ...wire.bedrock_converse import model_path
from ...wire.fields import items
from ..batches import Limits
from ..contract import Purpose
from ..vectors import Vector, from_floats
from .wire import Answer, Ask, EmbeddingWire, Headers, Json, tokens_at

INPUT_TYPES: Mapping[Purpose, str] = {
    "document": "search_document",
    "query": "search_query",
    "classification": "classification",
    "clustering": "clustering",
}
LIMITS = Limits(texts=96, bytes=192 * 1024)


def encode_for_bedrock(ask: Ask) -> Json:
    """The body without the model, which Bedrock has in its address."""
    wanted = {} if ask.dimensions is None else {"output_dimension": ask.dimensions}
    return {
        "texts": list(ask.texts),
        "input_type": INPUT_TYPES[ask.purpose],
        "embedding_types": ["float"],
        "truncate": "END" if ask.truncate else "NONE",
        **wanted,
    }


def encode(ask: Ask) -> Json:
    """The body."""
    return {"model": ask.model, **encode_for_bedrock(ask)}


def read(answer: Json, headers: Headers) -> Answer:
    """The vectors; the tokens are those that are billed."""
    return Answer(_vectors(answer["embeddings"]), tokens_at(answer, "meta", "billed_units", "input_tokens"))


def read_from_bedrock(answer: Json, headers: Headers) -> Answer:
    """The vectors; Bedrock tells the tokens in a header."""
    told = headers.get("x-amzn-bedrock-input-token-count", "")
    return Answer(_vectors(answer["embeddings"]), int(told) if told.isdecimal() else 0)


def _vectors(found: Any) -> list[Vector]:
    # Version 3 behind Bedrock gives a bare list if it is not asked for a type, and some proxies do not ask.
    return [from_floats(items(one)) for one in items(found["float"] if isinstance(found, dict) else found)]


COHERE = EmbeddingWire(name="cohere.embed", path=lambda model: "/v2/embed", encode=encode, read=read, limits=LIMITS)
BEDROCK_COHERE = EmbeddingWire(
    name="bedrock.cohere.embed",
    path=lambda model: model_path(model, "invoke"),
    encode=encode_for_bedrock,
    read=read_from_bedrock,
    limits=LIMITS,
)
