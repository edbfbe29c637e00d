"""The runs of a runtime, by their ids: those that go on, and the last of those that are over."""

from collections import OrderedDict

from .run import Run

FINISHED = 1024
"""How many runs that are over are kept, each with its log."""


class Roll:
    """Knows every run that goes on, and the last ``finished`` that are over."""

    def __init__(self, finished: int = FINISHED) -> None:
        self._capacity = finished
        self._live: dict[str, Run] = {}
        self._finished: OrderedDict[str, Run] = OrderedDict()

    @property
    def live(self) -> tuple[Run, ...]:
        """The runs that go on, the oldest first."""
        return tuple(self._live.values())

    def find(self, run_id: str) -> Run | None:
        """The run of this id, or None if there was none, or if it ended too long ago."""
        return self._live.get(run_id) or self._finished.get(run_id)

    def add(self, run: Run) -> None:
        """Note a run that begins."""
        self._live[run.id] = run

    def end(self, run: Run) -> None:
        """Note that a run is over; the one that ended first is forgotten when there are too many."""
        del self._live[run.id]
        self._finished[run.id] = run
        if len(self._finished) > self._capacity:
            self._finished.popitem(last=False)
