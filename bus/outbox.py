"""Events that were published in this turn of the event loop, on their way to everyone who hears them."""

import asyncio
from collections.abc import Callable

from .event import Event
from .routes import Routes, Sink
from .tasks import loop_here

MOST = 1024
"""Events that wait here at most, whatever a publisher does without letting go of the loop."""


class Outbox:
    """Collects events and puts them into the queues of all subscribers together.

    No subscriber's task can run before the publisher lets go of the event loop, so until then one list is enough: a
    queue is then filled once for many events, which costs a third of filling it for each. It never holds many: a
    publisher that does not let go fills the queues in portions, and what overflows there is dropped.
    """

    __slots__ = ("_scheduled", "_sinks", "events")

    def __init__(self, sinks: Callable[[], tuple[Sink, ...]]) -> None:
        self._sinks = sinks
        self.events: list[Event] = []
        """What waits. A publisher that finds some here, and is no handler, may append its own and see to ``MOST``."""
        self._scheduled: asyncio.Handle | None = None

    def put(self, event: Event, routes: Routes) -> None:
        """Take an event; it is in the queues at the next turn of the loop at the latest, or after ``flush``."""
        events = self.events
        if events:
            events.append(event)
            if len(events) >= MOST:
                self.flush()
        elif routes.sinks[0].queue.idle:
            # The first of a turn, most likely, and often the only one: whoever sleeps is woken without a detour.
            for offer in routes.offers:
                offer(event)
        else:
            events.append(event)
            self._schedule()

    def flush(self) -> None:
        """Put everything into the queues now."""
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None
        events, self.events = self.events, []
        if events:
            for sink in self._sinks():
                sink.offer_all(events)

    def _schedule(self) -> None:
        loop = loop_here()
        if loop is None:
            # Nobody's turn is to be waited for where no loop runs.
            self.flush()
        else:
            self._scheduled = loop.call_soon(self.flush)
