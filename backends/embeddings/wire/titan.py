"""Amazon's Titan embeddings behind Bedrock, one text a request.

Source of the format: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html.
"""

from dataclasses import replace

from ...wire.bedrock_converse import model_path
from ...wire.fields import items
from ..batches import Limits
from ..vectors import from_floats
from .wire import Answer, Ask, EmbeddingWire, Headers, Json, tokens_at


def encode_v1(ask: Ask) -> Json:
    """The body for the first version, which takes nothing but a text."""
    (text,) = ask.texts
    return {"inputText": text}


def encode_v2(ask: Ask) -> Json:
    """The body for version 2."""
    wanted = {} if ask.dimensions is None else {"dimensions": ask.dimensions}
    return {**encode_v1(ask), "normalize": True, **wanted}


def read(answer: Json, headers: Headers) -> Answer:
    """The one vector."""
    return Answer([from_floats(items(answer["embedding"]))], tokens_at(answer, "inputTextTokenCount"))


TITAN_V2 = EmbeddingWire(
    name="bedrock.titan.embed",
    path=lambda model: model_path(model, "invoke"),
    encode=encode_v2,
    read=read,
    limits=Limits(texts=1, bytes=50_000),
    truncates=False,
)
TITAN_V1 = replace(TITAN_V2, encode=encode_v1, dimensions=False)
