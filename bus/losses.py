"""Says which events a subscriber missed, without drowning it in saying so."""

import asyncio
import logging
from collections.abc import Callable
from contextvars import Context

from .event import Event
from .house import EventsDropped, House
from .tasks import loop_here

_log = logging.getLogger("loopbus.bus")
_EVERY_S = 0.1


class Losses:
    """Collects what one subscriber missed and publishes it as ``EventsDropped``, one for each run it concerns."""

    __slots__ = ("_missed", "_publish", "_subscriber", "_timer")

    def __init__(self, subscriber: str, publish: Callable[[Event], None]) -> None:
        self._subscriber = subscriber
        self._publish = publish
        self._missed: dict[str, tuple[int, int, int]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def note(self, event: Event) -> None:
        """An event was dropped; house events are not counted, or a full queue would report itself for ever."""
        if isinstance(event, House):
            return
        first, last, count = self._missed.get(event.run_id, (event.seq, event.seq, 0))
        self._missed[event.run_id] = (min(first, event.seq), max(last, event.seq), count + 1)
        # Where no loop runs there is no later: it is reported at the end, or behind the first loss in a loop.
        if self._timer is None and (loop := loop_here()) is not None:
            # An empty context: it is not the handler, if any, that published this event which reports.
            self._timer = loop.call_later(_EVERY_S, self.report, context=Context())

    def report(self) -> None:
        """Publish now what was missed since the last report."""
        self._timer = None
        missed, self._missed = self._missed, {}
        total = sum(count for _, _, count in missed.values())
        _log.warning("%s was too slow and missed %d events of %d runs", self._subscriber, total, len(missed))
        for run_id, (first, last, count) in missed.items():
            self._publish(
                EventsDropped(run_id=run_id, subscriber=self._subscriber, first_seq=first, last_seq=last, count=count)
            )

    def close(self) -> None:
        """Report what is left and stop the clock."""
        if self._timer is not None:
            self._timer.cancel()
        if self._missed:
            self.report()
