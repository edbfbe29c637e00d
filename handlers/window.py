"""The part of a conversation that a model is shown, without a copy of it."""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import overload

from ..events.content import Message
from ..events.transcript import Transcript


class Window(Sequence[Message]):
    """The pinned messages before ``first``, then everything from ``first`` up to message ``end``.

    The conversation may grow behind ``end`` meanwhile; the window does not.
    """

    __slots__ = ("_end", "_first", "_messages", "_pinned")

    def __init__(self, messages: list[Message], end: int, first: int = 0, pinned: tuple[int, ...] = ()) -> None:
        self._messages = messages
        self._end = end
        self._first = first
        self._pinned = pinned

    def __len__(self) -> int:
        return len(self._pinned) + self._end - self._first

    def __iter__(self) -> Iterator[Message]:
        messages = self._messages
        for place in self._pinned:
            yield messages[place]
        yield from islice(messages, self._first, self._end)

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> list[Message]: ...
    def __getitem__(self, index: int | slice) -> Message | list[Message]:
        if index == -1 and self._end > self._first:
            return self._messages[self._end - 1]
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"message {index} of {len(self)}")
        pinned = len(self._pinned)
        return self._messages[self._pinned[place] if place < pinned else self._first + place - pinned]


def whole_from(messages: list[Message], first: int) -> int:
    """The nearest place, not behind ``first``, that does not begin with a tool's results."""
    while 0 < first < len(messages) and messages[first].role == "tool":
        first -= 1
    return first


def kept_before(transcript: Transcript, first: int, pinned: Collection[int] = ()) -> tuple[int, ...]:
    """The messages before ``first`` that are shown all the same: ``pinned`` ones, and the run's own prompt.

    One that belongs to another, a tool's results to what asked for them, brings it along.
    """
    kept = {*pinned, *transcript.pinned[: bisect_left(transcript.pinned, first)]}
    if transcript.prompt < first:
        kept.add(transcript.prompt)
    return tuple(sorted({place for each in kept for place in _pair(transcript.messages, each)}))


def _pair(messages: list[Message], place: int) -> range:
    """The places of a message and of those that cannot be shown without it."""
    begin = whole_from(messages, place)
    end = begin + 1
    if messages[begin].tool_calls:
        while end < len(messages) and messages[end].role == "tool":
            end += 1
    return range(begin, max(end, place + 1))
