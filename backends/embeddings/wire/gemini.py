"""Gemini's embeddings with an API key (``batchEmbedContents``) and those of Vertex (``predict``).

Sources: https://ai.google.dev/api/embeddings and
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api. ``batchEmbedContents`` cuts
what is too long and does not say so; only Vertex can be told not to. Vectors that were asked to be shorter than a
model's own are not of length 1.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ...wire.fields import items
from ..batches import Limits
from ..contract import Purpose
from ..vectors import from_floats
from .wire import Answer, Ask, EmbeddingWire, Headers, Json, tokens_at

TASKS: Mapping[Purpose, str] = {
    "document": "RETRIEVAL_DOCUMENT",
    "query": "RETRIEVAL_QUERY",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}
PROMPTS: Mapping[Purpose, str] = {
    "document": "title: none | text: ",
    "query": "task: search result | query: ",
    "classification": "task: classification | query: ",
    "clustering": "task: clustering | query: ",
}
"""What stands before a text for a model that takes no task type: https://ai.google.dev/gemini-api/docs/embeddings."""


def encode_with_task(ask: Ask) -> Json:
    """The body for models that take a task type."""
    return _encode(ask, "", {"taskType": TASKS[ask.purpose]})


def encode_with_prompt(ask: Ask) -> Json:
    """The body for models that are told their task in the text."""
    return _encode(ask, PROMPTS[ask.purpose], {})


def _encode(ask: Ask, before: str, fields: Json) -> Json:
    if ask.dimensions is not None:
        fields = {**fields, "outputDimensionality": ask.dimensions}
    model = _resource(ask.model)
    return {
        "requests": [{"model": model, "content": {"parts": [{"text": before + text}]}, **fields} for text in ask.texts]
    }


def read(answer: Json, headers: Headers) -> Answer:
    """The vectors; newer models tell the tokens too."""
    vectors = [from_floats(items(one["values"])) for one in items(answer["embeddings"])]
    return Answer(vectors, tokens_at(answer, "usageMetadata", "promptTokenCount"))


def encode_instances(ask: Ask) -> Json:
    """The body for Vertex."""
    parameters: dict[str, Any] = {"autoTruncate": ask.truncate}
    if ask.dimensions is not None:
        parameters["outputDimensionality"] = ask.dimensions
    task = TASKS[ask.purpose]
    return {"instances": [{"content": text, "task_type": task} for text in ask.texts], "parameters": parameters}


def read_predictions(answer: Json, headers: Headers) -> Answer:
    """The vectors, and the sum of what each says of its tokens."""
    found = [one["embeddings"] for one in items(answer["predictions"])]
    tokens = sum(tokens_at(one, "statistics", "token_count") for one in found)
    return Answer([from_floats(items(one["values"])) for one in found], tokens)


def _resource(model: str) -> str:
    return model if "/" in model else f"models/{model}"


def _path(model: str) -> str:
    return f"/{quote(_resource(model), safe='/@')}"


GEMINI = EmbeddingWire(
    name="gemini.batchEmbedContents",
    path=lambda model: f"{_path(model)}:batchEmbedContents",
    encode=encode_with_task,
    read=read,
    limits=Limits(texts=100, bytes=100_000),
)
GEMINI_2 = replace(GEMINI, encode=encode_with_prompt)
VERTEX = EmbeddingWire(
    name="vertex.predict",
    path=lambda model: f"{_path(model)}:predict",
    encode=encode_instances,
    read=read_predictions,
    limits=Limits(texts=250, bytes=40_000),
)
VERTEX_GEMINI = replace(VERTEX, limits=Limits(texts=1, bytes=40_000))
"""``gemini-embedding-001`` takes one text a request there."""
