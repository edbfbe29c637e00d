"""Wakes those who wait for more events of a run."""

from asyncio import Event
from weakref import WeakValueDictionary


class Bells:
    """One bell a run, which lives as long as somebody waits for it. All of it belongs to one event loop."""

    def __init__(self) -> None:
        self._bells: WeakValueDictionary[str, Event] = WeakValueDictionary()

    def of(self, run_id: str) -> Event:
        """What is set when the run has more events than now. Keep it: an unheard bell is forgotten."""
        bell = self._bells.get(run_id)
        if bell is None:
            bell = self._bells[run_id] = Event()
        return bell

    def ring(self, run_id: str) -> None:
        """Wake everybody who waits for this run."""
        bell = self._bells.pop(run_id, None)
        if bell is not None:
            bell.set()

    def ring_all(self) -> None:
        """Wake everybody: any run may have more events."""
        for run_id in list(self._bells):
            self.ring(run_id)
