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

    __slots__ = ("classes", "fields")

    def __init__(self) -> None:
        # The two halves of every event, side by side; the journal appends to both, several times a turn.
        self.classes: list[type[Event]] = []
        self.fields: list[dict[str, Any]] = []

    def add(self, event: Event) -> None:
        """Append an event."""
        self.classes.append(type(event))
        self.fields.append(vars(event))

    def __len__(self) -> int:
        return len(self.fields)

    def __iter__(self) -> Iterator[Event]:
        return map(revive, self.classes, self.fields)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        if isinstance(index, slice):
            return [revive(*kept) for kept in zip(self.classes[index], self.fields[index], strict=True)]
        return revive(self.classes[index], self.fields[index])
