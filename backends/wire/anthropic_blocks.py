"""The blocks of an answer of Anthropic Messages: how each kind begins, grows and ends.

Source of the format: https://platform.claude.com/docs/en/build-with-claude/streaming.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import to_json

from ..contract import Delta, TextPiece, ThinkingPiece, ToolCallPiece
from .fields import items, text
from .objects import read_arguments

Fields = dict[str, Any]

TOLD = frozenset({"type", "id", "name", "input"})
"""Fields of a ``tool_use`` block that ``ToolCall`` has a place for."""

DIRECT = {"type": "direct"}
"""The ``caller`` of a tool that the model calls itself, not by code that it runs."""


class Block:
    """A block that has begun: its fields so far, the stretches that came for it, and a call's slot."""

    __slots__ = ("fields", "pieces", "slot")

    def __init__(self, fields: Fields, slot: int) -> None:
        self.fields = fields
        self.pieces: list[str] = []
        self.slot = slot


def begin(fields: Fields, slot: int, deltas: list[Delta]) -> Block:
    """A block out of its first fields, which of an answer that was not streamed are all."""
    block = Block(fields, slot)
    if (tell := _BEGINS.get(text(fields["type"]))) is not None:
        tell(block, deltas)
    return block


def grow(block: Block, delta: Fields, deltas: list[Delta]) -> None:
    """Take in one more stretch. One of a kind that nobody has heard of yet says nothing."""
    if (tell := _GROWS.get(delta["type"])) is not None:
        tell(block, delta, deltas)


def end(block: Block, deltas: list[Delta]) -> Fields | None:
    """The last deltas, and what only the provider understands."""
    return _ENDS.get(block.fields["type"], _end_opaque)(block, deltas)


def _begin_text(block: Block, deltas: list[Delta]) -> None:
    _grow_text(block, block.fields, deltas)


def _begin_thinking(block: Block, deltas: list[Delta]) -> None:
    _grow_thinking(block, block.fields, deltas)


def _begin_call(block: Block, deltas: list[Delta]) -> None:
    fields = block.fields
    deltas.append(ToolCallPiece(block.slot, text(fields.get("id") or ""), text(fields["name"])))


_BEGINS: Mapping[str, Callable[[Block, list[Delta]], None]] = {
    "text": _begin_text,
    "thinking": _begin_thinking,
    "tool_use": _begin_call,
}


def _grow_text(block: Block, delta: Fields, deltas: list[Delta]) -> None:
    if piece := text(delta["text"]):
        block.pieces.append(piece)
        deltas.append(TextPiece(piece))


def _grow_thinking(_block: Block, delta: Fields, deltas: list[Delta]) -> None:
    if piece := text(delta["thinking"]):
        deltas.append(ThinkingPiece(piece))


def _grow_input(block: Block, delta: Fields, deltas: list[Delta]) -> None:
    if piece := text(delta["partial_json"]):
        block.pieces.append(piece)
        if block.fields["type"] == "tool_use":
            deltas.append(ToolCallPiece(block.slot, arguments=piece))


def _grow_citations(block: Block, delta: Fields, _deltas: list[Delta]) -> None:
    block.fields["citations"] = citations = items(block.fields.get("citations") or [])
    citations.append(delta["citation"])


def _set_fields(block: Block, delta: Fields, _deltas: list[Delta]) -> None:
    block.fields.update({name: value for name, value in delta.items() if name != "type" and value is not None})


_GROWS: Mapping[str, Callable[[Block, Fields, list[Delta]], None]] = {
    "text_delta": _grow_text,
    "thinking_delta": _grow_thinking,
    "input_json_delta": _grow_input,
    "citations_delta": _grow_citations,
    "signature_delta": _set_fields,
    "compaction_delta": _set_fields,
}


def _end_text(block: Block, _deltas: list[Delta]) -> Fields | None:
    return {**block.fields, "text": "".join(block.pieces)} if block.fields.get("citations") else None


def _end_thinking(block: Block, deltas: list[Delta]) -> None:
    if signature := block.fields.get("signature"):
        deltas.append(ThinkingPiece("", text(signature)))


def _end_call(block: Block, deltas: list[Delta]) -> Fields | None:
    fields = block.fields
    if not block.pieces and fields.get("input"):
        deltas.append(ToolCallPiece(block.slot, arguments=to_json(fields["input"]).decode()))
    more = {name: value for name, value in fields.items() if name not in TOLD and value not in (None, DIRECT)}
    return {"type": "tool_use", "id": fields.get("id"), **more} if more else None


def _end_opaque(block: Block, _deltas: list[Delta]) -> Fields:
    # Of a call that was cut the provider itself knows how far it came.
    arguments = read_arguments("".join(block.pieces)) if block.pieces else None
    return block.fields if arguments is None else {**block.fields, "input": arguments}


_ENDS: Mapping[str, Callable[[Block, list[Delta]], Fields | None]] = {
    "text": _end_text,
    "thinking": _end_thinking,
    "tool_use": _end_call,
}
