"""Lets the garbage collector wait longer while runtimes are open."""

import gc
from threading import RLock
from typing import Any

PATIENCE = 200_000
"""Objects that may be made, and not freed, before the collector looks for cycles among the youngest."""


class _Patience:
    """The collector's first threshold, raised while anyone wants that.

    A live run is a hundred objects that wait for a model. With Python's own threshold of 700 they are old before the
    model answers, so that the collector goes through everything that is alive, again and again, and finds nothing: at
    a thousand runs that is two fifths of all CPU time, and with 50,000 still a fourteenth. What the longer wait may
    cost is memory: as many objects as this, that hold on to each other and that nobody else holds. The threshold
    belongs to the whole process, so it is only ever raised, never when the collector is switched off, and set back by
    the first collection after the last runtime has closed. To set it back at once would begin one, of all that a crowd
    of runs has left, while others wait for the loop.
    """

    def __init__(self) -> None:
        # A collection, and with it ``_collected``, may begin wherever something is made.
        self._lock = RLock()
        self._users = 0
        self._before: tuple[int, int, int] | None = None

    def want(self) -> None:
        """One more runtime is open."""
        with self._lock:
            self._users += 1
            if self._collected not in gc.callbacks:
                gc.callbacks.append(self._collected)
            before = gc.get_threshold()
            if 0 < before[0] < PATIENCE and self._users == 1:
                self._before = before
                gc.set_threshold(PATIENCE, *before[1:])

    def release(self) -> None:
        """One runtime is closed."""
        with self._lock:
            self._users -= 1

    def _collected(self, phase: str, _: dict[str, Any]) -> None:
        """Set the threshold back if nobody is open. One that somebody else has set meanwhile stays as it is."""
        with self._lock:
            if phase == "stop" and self._users == 0 and self._before is not None:
                if gc.get_threshold() == (PATIENCE, *self._before[1:]):
                    gc.set_threshold(*self._before)
                self._before = None


patience = _Patience()
"""The process's own."""
