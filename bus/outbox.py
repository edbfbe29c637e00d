"""Events that were published in this turn of the event loop, on their way to everyone who hears them."""

import asyncio
from collections.abc import Callable

from .event import Event
from .routes import Sink


class Outbox:
    """Collects events and puts them into the queues of all subscribers together.

    No subscriber's task can run before the publisher lets go of the event loop, so until then one list is enough: a
    queue is then filled once for many events, which costs a third of filling it for each.
    """

    __slots__ = ("_events", "_scheduled", "_sinks")

    def __init__(self, sinks: Callable[[], tuple[Sink, ...]]) -> None:
        self._sinks = sinks
        self._events: list[Event] = []
        self._scheduled: asyncio.Handle | None = None

    def put(self, event: Event) -> None:
        """Take an event; it is in the queues at the next turn of the loop, or after ``flush``."""
        self._events.append(event)
        if self._scheduled is None:
            self._schedule()

    def flush(self) -> None:
        """Put everything into the queues now."""
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None
        events, self._events = self._events, []
        if events:
            for sink in self._sinks():
                sink.offer_all(events)

    def _schedule(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            # Nobody's turn is to be waited for where no loop runs.
            self.flush()
        else:
            self._scheduled = loop.call_soon(self.flush)
