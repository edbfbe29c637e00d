"""Content blocks of Converse into deltas: those that come whole, and those that a stream tells bit by bit.

Source of the format: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic_core import from_json

from ...events.content import Image, Opaque
from ..contract import BlockPiece, Delta, TextPiece, ThinkingPiece
from .fields import items, text
from .tool_slots import CallSlots

SERVER_TOOL = "server_tool_use"
"""``toolUse.type`` of a call that Bedrock itself answers."""

Json = dict[str, Any]


def read_block(index: int, block: Json, slots: CallSlots, provider: str) -> Iterator[Delta]:
    """The deltas of one whole block; one of a kind that we do not know is kept for its provider.

    :raises ValueError: as any of ``WRONG_SHAPE``: the block has the wrong shape.
    """
    for kind, value in block.items():
        if kind == "toolUse" and value.get("type") != SERVER_TOOL:
            function = {"name": text(value["name"]), "arguments": value.get("input")}
            yield slots.piece(index, text(value["toolUseId"]), function)
        elif kind in _READERS:
            yield from _READERS[kind](value, provider)
        else:
            yield BlockPiece(Opaque(provider, {kind: value}))


def _read_text(value: Any, _: str) -> Iterator[Delta]:
    yield TextPiece(text(value))


def _read_reasoning(value: Json, provider: str) -> Iterator[Delta]:
    if words := value.get("reasoningText"):
        signature = words.get("signature")
        yield ThinkingPiece(text(words.get("text") or ""), text(signature) if signature else None)
    else:
        yield BlockPiece(Opaque(provider, {"reasoningContent": value}))


def _read_cited(value: Json, provider: str) -> Iterator[Delta]:
    for part in items(value.get("content") or []):
        yield TextPiece(text(part["text"]))
    if citations := items(value.get("citations") or []):
        # The words are text already: what is kept beside them says where they are from.
        yield BlockPiece(Opaque(provider, {"citationsContent": {"citations": citations}}))


def _read_image(value: Json, provider: str) -> Iterator[Delta]:
    source: Json = value.get("source") or {}
    media_type = f"image/{text(value['format'])}"
    if data := source.get("bytes"):
        yield BlockPiece(Image(media_type, data=base64.b64decode(text(data), validate=True)))
    elif place := source.get("s3Location"):
        yield BlockPiece(Image(media_type, url=text(place["uri"])))
    else:
        yield BlockPiece(Opaque(provider, {"image": value}))


_READERS: Mapping[str, Callable[[Any, str], Iterator[Delta]]] = {
    "text": _read_text,
    "reasoningContent": _read_reasoning,
    "citationsContent": _read_cited,
    "image": _read_image,
}


class _Gathered(NamedTuple):
    """One thing that a stream tells of a block, until the block ends."""

    start: Json
    pieces: list[Any]


class GatheredBlocks:
    """What a stream tells bit by bit, by the index of its block."""

    def __init__(self) -> None:
        self._open: dict[int, dict[str, _Gathered]] = {}

    def begin(self, index: int, kind: str, start: Json) -> None:
        """Keep what the block is told to begin with."""
        self._of(index, kind).start.update(start)

    def add(self, index: int, kind: str, piece: object) -> None:
        """Keep one bit more."""
        self._of(index, kind).pieces.append(piece)

    def holds(self, index: int, kind: str) -> bool:
        """Whether something of this kind was kept for the block."""
        return kind in self._open.get(index, ())

    def indices(self) -> list[int]:
        """The blocks that have not ended."""
        return list(self._open)

    def end(self, index: int) -> Iterator[Json]:
        """What was kept for the block, as the blocks that it would be in a whole answer."""
        for kind, gathered in self._open.pop(index, {}).items():
            yield _WHOLE[kind](gathered) if kind in _WHOLE else {kind: gathered.start}

    def _of(self, index: int, kind: str) -> _Gathered:
        return self._open.setdefault(index, {}).setdefault(kind, _Gathered({}, []))


def _joined(pieces: list[str]) -> str:
    return base64.b64encode(b"".join([base64.b64decode(piece, validate=True) for piece in pieces])).decode()


_WHOLE: Mapping[str, Callable[[_Gathered], Json]] = {
    "signature": lambda told: {"reasoningContent": {"reasoningText": {"signature": "".join(told.pieces)}}},
    "redactedContent": lambda told: {"reasoningContent": {"redactedContent": _joined(told.pieces)}},
    "citation": lambda told: {"citationsContent": {"citations": told.pieces}},
    "toolUse": lambda told: {"toolUse": {**told.start, "input": from_json("".join(told.pieces) or "{}")}},
    "toolResult": lambda told: {"toolResult": {**told.start, "content": told.pieces}},
    "image": lambda told: {"image": {**told.start, "source": {"bytes": _joined(told.pieces)}}},
}
