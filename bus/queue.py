"""A bounded queue of events and the four things it may do when it is full."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Literal, get_args

from .errors import StreamTaken
from .event import Event
from .options import one_of, positive
from .tasks import loop_here

Overflow = Literal["block", "drop_oldest", "coalesce", "disconnect"]


class BoundedQueue:
    """Events on their way to one subscriber, oldest first; ``put`` never waits.

    When ``capacity`` events wait already:

    - ``block``: takes the event all the same and is ``congested`` until it is half empty; publishers wait for that
      between two events, so each can be at most one event over.
    - ``drop_oldest``: forgets the oldest.
    - ``coalesce``: joins neighbours that can be one (text deltas of one message), then behaves like ``drop_oldest``.
    - ``disconnect``: forgets everything and takes nothing more.

    Whatever is forgotten goes to ``on_drop`` first.

    :raises BadOption: the capacity is no positive number, or the overflow is none of the four.
    """

    __slots__ = ("_capacity", "_getter", "_on_drop", "_putters", "_seam", "_when_full", "closed", "items", "overflow")

    def __init__(self, capacity: int, overflow: Overflow, on_drop: Callable[[Event], None]) -> None:
        positive("capacity", capacity)
        one_of("overflow", overflow, get_args(Overflow))
        self.items: deque[Event] = deque()
        self.closed = False
        self.overflow: Overflow = overflow
        self._capacity = capacity
        self._when_full = _WHEN_FULL[overflow]
        self._on_drop = on_drop
        self._seam: Event | None = None
        self._getter: asyncio.Future[None] | None = None
        self._putters: asyncio.Future[None] | None = None

    def put(self, event: Event) -> None:
        """Add an event, or do what the overflow policy says."""
        if self.closed:
            return
        items = self.items
        if len(items) < self._capacity:
            items.append(event)
        else:
            self._when_full(self, event)
        getter = self._getter
        if getter is not None:
            self._getter = None
            if not getter.done():
                getter.set_result(None)

    def put_all(self, events: list[Event]) -> None:
        """Add events in their order, as if each were ``put``."""
        if self.closed or len(self.items) + len(events) > self._capacity:
            for event in events:
                self.put(event)
            return
        self.items.extend(events)
        if self._getter is not None and not self._getter.done():
            self._getter.set_result(None)

    async def wait_items(self) -> bool:
        """Wait until there is something to take; False once the queue is closed and empty.

        :raises StreamTaken: another task waits here.
        """
        while not self.items:
            if self.closed:
                return False
            if self.idle:
                raise StreamTaken("another task takes from this stream already; open a stream for each")
            self._getter = asyncio.get_running_loop().create_future()
            await self._getter
        return True

    @property
    def idle(self) -> bool:
        """Whether the subscriber sleeps until there is something to take."""
        return self._getter is not None and not self._getter.done()

    @property
    def congested(self) -> bool:
        """Whether publishers should wait for ``wait_room``."""
        return self._putters is not None

    async def wait_room(self) -> None:
        """Wait until the queue is no longer congested."""
        while self._putters is not None:
            await asyncio.shield(self._putters)

    def relieve(self) -> None:
        """Let waiting publishers go on if there is room again; whoever takes items calls this now and then."""
        if self._putters is not None and (self.closed or len(self.items) <= self._capacity // 2):
            self._putters.set_result(None)
            self._putters = None

    def close(self, *, forget: bool = False) -> None:
        """Take nothing more. What waits can still be taken, unless it is to be forgotten."""
        self.closed = True
        if forget:
            self.items.clear()
        if self._getter is not None and not self._getter.done():
            self._getter.set_result(None)
        self.relieve()

    def _block(self, event: Event) -> None:
        self.items.append(event)
        # Where no loop runs, no publisher can wait.
        if self._putters is None and (loop := loop_here()) is not None:
            self._putters = loop.create_future()

    def _drop_oldest(self, event: Event) -> None:
        self._on_drop(self.items.popleft())
        self.items.append(event)

    def _coalesce(self, event: Event) -> None:
        items, fresh = self.items, [event]
        # What is left of the seam was joined as far as it can be; looking at it again would cost every event a pass.
        while items and items[-1] is not self._seam:
            fresh.append(items.pop())
        for each in reversed(fresh):
            both = _joined(items[-1], each) if items else None
            if both is None:
                items.append(each)
            else:
                items[-1] = both
        self._seam = items[-1]
        if len(items) > self._capacity:
            self._on_drop(items.popleft())

    def _disconnect(self, event: Event) -> None:
        for each in (*self.items, event):
            self._on_drop(each)
        self.close(forget=True)


def _joined(earlier: Event, later: Event) -> Event | None:
    try:
        return earlier.merged(later)
    except Exception:
        # Publishers wait for this, and an application's events join as they like; two that cannot stay two.
        return None


_WHEN_FULL: Mapping[Overflow, Callable[[BoundedQueue, Event], None]] = {
    "block": BoundedQueue._block,  # pyright: ignore[reportPrivateUsage]  # the table is part of the class
    "drop_oldest": BoundedQueue._drop_oldest,  # pyright: ignore[reportPrivateUsage]
    "coalesce": BoundedQueue._coalesce,  # pyright: ignore[reportPrivateUsage]
    "disconnect": BoundedQueue._disconnect,  # pyright: ignore[reportPrivateUsage]
}
