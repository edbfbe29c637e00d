"""A run's events in memory, kept so that the garbage collector has little to look at."""

from collections.abc import Iterator, Sequence
from typing import Any, overload

from ..bus.event import Event, revive


class EventList(Sequence[Event]):
    """Events in the order of their ``seq``; it only grows, at its end.

    It keeps what an event is made of and makes the event again for whoever reads it: the copy equals the original. A
    dictionary of plain values is nothing that the garbage collector follows, an object is, and in a process with
    thousands of runs the log is most of what lives: this halves what its full collections cost a turn.
    """

    __slots__ = ("_classes", "_fields", "keep_class", "keep_fields")

    def __init__(self) -> None:
        self._classes: list[type[Event]] = []
        self._fields: list[dict[str, Any]] = []
        # Both halves of appending one event; the journal calls them side by side, several times a turn.
        self.keep_class = self._classes.append
        self.keep_fields = self._fields.append

    def __len__(self) -> int:
        return len(self._fields)

    def __iter__(self) -> Iterator[Event]:
        return map(revive, self._classes, self._fields)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        if isinstance(index, slice):
            return [revive(*kept) for kept in zip(self._classes[index], self._fields[index], strict=True)]
        return revive(self._classes[index], self._fields[index])
