"""A line of a script as the deltas of a stream: as few as can be, or cut into pieces."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from ..events.content import Text, Thinking, ToolCall
from ..events.usage import NO_USAGE
from .contract import BlockPiece, Delta, Reply, StopPiece, TextPiece, ThinkingPiece, ToolCallPiece, UsagePiece
from .errors import NotConfigured
from .script import Failure
from .wire.objects import write_object

Cut = Callable[[str], Sequence[str]]
"""Cuts a text into pieces."""


def uncut(words: str) -> Sequence[str]:
    """The text as one piece."""
    return (words,)


def cutter(stream: Literal["words"] | int | None) -> Cut:
    """What cuts texts into words, or into pieces of so many characters.

    :raises NotConfigured: ``stream`` is none of these.
    """
    if stream is None:
        return uncut
    if stream == "words":
        return re.compile(r"\s*\S+|\s+").findall
    if type(stream) is int and stream > 0:
        return re.compile(f".{{1,{stream}}}", re.DOTALL).findall
    raise NotConfigured(f"stream={stream!r}: give 'words', a number of characters above 0, or None")


def deltas_of(said: Reply | Failure, cut: Cut, place: int) -> Iterator[Delta]:
    """The deltas of a reply; its calls get ids that tell its ``place`` in the script."""
    slot = 0
    for block in said.content if isinstance(said, Reply) else said.after:
        match block:
            case Text(words):
                yield from map(TextPiece, cut(words))
            case Thinking(words, signature):
                yield from map(ThinkingPiece, cut(words))
                if signature is not None:
                    yield ThinkingPiece("", signature)
            case ToolCall() if cut is uncut and block.malformed is None:
                yield BlockPiece(replace(block, provider_id=block.provider_id or f"{place}.{slot}"))
                slot += 1
            case ToolCall():
                arguments = write_object(block.arguments).decode() if block.malformed is None else block.malformed
                first, *others = cut(arguments) or ("",)
                yield ToolCallPiece(slot, block.provider_id or f"{place}.{slot}", block.name, first)
                yield from (ToolCallPiece(slot, arguments=piece) for piece in others)
                slot += 1
            case _:
                yield BlockPiece(block)
    if isinstance(said, Reply):
        if said.usage != NO_USAGE:
            yield UsagePiece(said.usage)
        yield StopPiece(said.stop, said.raw_stop)
