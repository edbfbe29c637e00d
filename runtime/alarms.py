"""One timer for everything that a runtime has to look at later."""

import asyncio
import logging
import time
from collections.abc import Callable
from heapq import heapify, heappop, heappush

_log = logging.getLogger("loopbus.runtime")

Ring = Callable[[str, float], None]
"""Is told which run it is time for, and what time it is: never before the time that was set."""


class Alarms:
    """Calls ``ring`` when it is time for a run: one timer for all of them, and none while there is nothing to wait for.

    Times are given in seconds since the epoch, as logs have them. The wait itself is by the loop's own clock, so that
    a wall clock that is put forward or back in the meantime changes nothing.
    """

    def __init__(self, ring: Ring, wall: Callable[[], float] = time.time) -> None:
        self._ring = ring
        self._wall = wall
        self._set: dict[str, tuple[float, float]] = {}
        """Of each run, when to ring by the loop's clock, and by the calendar."""
        self._heap: list[tuple[float, str]] = []
        """The same in order, with what was set anew or cleared still among it."""
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._set)

    def set(self, run_id: str, due_at: float | None) -> None:
        """Ring for a run at this time and no other; None is never. A time that is past is as soon as possible."""
        if due_at is None:
            self.clear(run_id)
            return
        if (known := self._set.get(run_id)) is not None and known[1] == due_at:
            return
        when = asyncio.get_running_loop().time() + max(0.0, due_at - self._wall())
        self._set[run_id] = (when, due_at)
        heappush(self._heap, (when, run_id))
        self._trim()
        self._arm()

    def clear(self, run_id: str) -> None:
        """Do not ring for a run. Harmless where nothing was set."""
        if self._set.pop(run_id, None) is not None:
            self._trim()
            self._arm()

    def close(self) -> None:
        """Ring no more."""
        self._set.clear()
        self._heap.clear()
        self._arm()

    def _trim(self) -> None:
        """Keep at the front what is set, and not much of what is not."""
        if len(self._heap) > 2 * len(self._set) + 8:
            self._heap = [(when, run_id) for run_id, (when, _) in self._set.items()]
            heapify(self._heap)
        while self._heap and not self._holds(*self._heap[0]):
            heappop(self._heap)

    def _holds(self, when: float, run_id: str) -> bool:
        return run_id in self._set and self._set[run_id][0] == when

    def _arm(self) -> None:
        """Have the timer stand at the earliest time."""
        when = self._heap[0][0] if self._heap else None
        if self._timer is not None:
            if self._timer.when() == when:
                return
            self._timer.cancel()
        self._timer = None if when is None else asyncio.get_running_loop().call_at(when, self._wake)

    def _wake(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        due: list[tuple[str, float]] = []
        while self._heap and self._heap[0][0] <= now:
            _, run_id = heappop(self._heap)
            _, due_at = self._set.pop(run_id)
            due.append((run_id, due_at))
            self._trim()
        self._arm()
        for run_id, due_at in due:
            try:
                self._ring(run_id, max(due_at, self._wall()))
            except Exception:
                _log.exception("run %s could not be looked at when its time was up", run_id)
