"""The runs of a runtime, by their ids: those that go on, and the last of those that are over."""

from collections import OrderedDict

from .run import Run

FINISHED = 1024
"""How many runs that are over are kept at most, each with its log."""
EVENTS = 50_000
"""How many events their logs may have together; a hundred runs of seventy turns, 50 MB if nothing in them is large."""


class Roll:
    """Knows every run that goes on, and the last that are over: ``finished`` runs and ``events`` events at most.

    The very last one is kept however long it is.
    """

    def __init__(self, finished: int = FINISHED, events: int = EVENTS) -> None:
        self._capacity = finished
        self._most_events = events
        self._events = 0
        self._live: dict[str, Run] = {}
        self._finished: OrderedDict[str, Run] = OrderedDict()

    @property
    def live(self) -> tuple[Run, ...]:
        """The runs that go on, the oldest first."""
        return tuple(self._live.values())

    @property
    def finished(self) -> tuple[Run, ...]:
        """Those of the runs that are over which are remembered, in the order of their ends."""
        return tuple(self._finished.values())

    def find(self, run_id: str) -> Run | None:
        """The run of this id, or None if there was none, or if it ended too long ago."""
        return self._live.get(run_id) or self._finished.get(run_id)

    def add(self, run: Run) -> None:
        """Note a run that begins."""
        self._live[run.id] = run

    def leave(self, run: Run) -> None:
        """Note that a run goes on elsewhere, or another time."""
        self._live.pop(run.id, None)

    def forget(self, run_id: str) -> None:
        """Keep nothing of a run that is over."""
        gone = self._finished.pop(run_id, None)
        if gone is not None:
            self._events -= gone.state.seq

    def end(self, run: Run) -> None:
        """Note that a run is over; those that ended first are forgotten when there are too many."""
        if self._live.pop(run.id, None) is None:
            return
        finished = self._finished
        finished[run.id] = run
        self._events += run.state.seq
        while len(finished) > self._capacity or (self._events > self._most_events and len(finished) > 1):
            _, oldest = finished.popitem(last=False)
            self._events -= oldest.state.seq
