"""A bounded stream: the events a subscriber wants, as an async iterator."""

from collections.abc import AsyncIterator, Callable
from typing import Generic, Self, TypeVar, cast

from .event import Event
from .losses import Losses
from .queue import BoundedQueue, Overflow
from .selector import Selector

E = TypeVar("E", bound=Event)


class Stream(Generic[E]):
    """Selected events in the order of publication, from now on; use it as ``async with`` and ``async for``.

    It belongs to one task and costs none. Leaving the block ends the subscription. A consumer that falls ``capacity``
    events behind meets the ``overflow`` policy; after ``disconnect`` the iteration just ends, and ``EventsDropped``
    says what was missed. Taking the next event raises ``StreamTaken`` while another task waits for it.
    """

    def __init__(
        self,
        selector: Selector[E],
        detach: "Callable[[Stream[E]], None]",
        publish: Callable[[Event], None],
        *,
        name: str,
        capacity: int,
        overflow: Overflow,
    ) -> None:
        self.name = name
        self.selector = selector
        self._detach = detach
        self._losses = Losses(name, publish)
        self.queue = BoundedQueue(capacity, overflow, self._losses.note)

    def offer_all(self, events: list[Event]) -> None:
        """Take those of the events that are selected."""
        chosen = self.selector.select(events)
        if chosen:
            self.queue.put_all(chosen)

    def offer(self, event: Event) -> None:
        """Take an event if the selector's condition holds."""
        if self.selector.matches(event):
            self.queue.put(event)

    def close(self) -> None:
        """End the subscription; the iteration ends after what is queued already. Twice is harmless."""
        self._detach(self)

    def end(self) -> None:
        """Take nothing more; the bus calls this when it has forgotten the subscription."""
        self.queue.close()
        self._losses.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> AsyncIterator[E]:
        return self

    async def __anext__(self) -> E:
        if not self.queue.items and not await self.queue.wait_items():
            self.close()
            raise StopAsyncIteration
        event = cast(E, self.queue.items.popleft())
        self.queue.relieve()
        return event
