"""What a wire for embeddings is: one way to write a request, and to read its answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from ...errors import Misunderstood
from ...wire.fields import WRONG_SHAPE, count
from ..batches import Limits
from ..contract import Purpose
from ..vectors import Vector, is_sound

Json = dict[str, Any]
Headers = Mapping[str, str]
"""Their names are looked up in lower case."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What one request asks; see ``Embedder.embed``."""

    texts: Sequence[str]
    model: str
    purpose: Purpose = "document"
    dimensions: int | None = None
    truncate: bool = False


class Answer(NamedTuple):
    """What one answer says: a vector for each text, and how many tokens were read, 0 if it does not tell."""

    vectors: Sequence[Vector]
    input_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingWire:
    """A wire, as data. Its parts are pure.

    ``read`` may raise whatever a wrong shape makes it raise: ``read_answer`` calls it and translates.
    """

    name: str
    path: Callable[[str], str]
    """What is appended to a base URL, for a model."""
    encode: Callable[[Ask], Json]
    read: Callable[[Json, Headers], Answer]
    limits: Limits
    dimensions: bool = True
    """Whether shorter vectors can be asked for."""
    truncates: bool = True
    """Whether it can be left to the provider to cut what is too long."""


def read_answer(wire: EmbeddingWire, answer: Json, headers: Headers, texts: int) -> Answer:
    """The vectors in ``answer``, of which there must be as many as ``texts``.

    :raises Misunderstood: there are not, or what stands there are no vectors of one length.
    """
    try:
        vectors, tokens = wire.read(answer, headers)
    except (*WRONG_SHAPE, OverflowError) as exc:
        raise Misunderstood(f"this is no answer of {wire.name} ({exc!r:.200})", frame=_excerpt(answer)) from exc
    if len(vectors) != texts:
        raise Misunderstood(f"{texts} texts were sent and {len(vectors)} vectors came back", frame=_excerpt(answer))
    for index, vector in enumerate(vectors):
        if len(vector) != len(vectors[0]) or not is_sound(vector):
            raise Misunderstood(f"vector {index} of {len(vectors)} is empty, of another length, or not of numbers")
    return Answer(vectors, tokens)


def tokens_at(answer: Json, *path: str) -> int:
    """The number of tokens that stands at ``path`` in ``answer``; 0 if it is not told."""
    value: Any = answer
    for name in path:
        value = cast("Json", value).get(name) if isinstance(value, dict) else None
    return count(value)


def _excerpt(answer: Json) -> bytes:
    return repr(answer)[:500].encode(errors="replace")
