"""Lets the garbage collector wait longer while runtimes are open."""

import gc
from threading import Lock

PATIENCE = 200_000
"""Objects that may be made, and not freed, before the collector looks for cycles among the youngest."""


class _Patience:
    """The collector's first threshold, raised while anyone wants that.

    A live run is a hundred objects that wait for a model. With Python's own threshold of 700 they are old before the
    model answers, so that the collector goes through everything that is alive, again and again, and finds nothing: at
    a thousand runs that is two fifths of all CPU time, and with 50,000 still a fourteenth. What the longer wait may
    cost is memory: as many objects as this, that hold on to each other and that nobody else holds. The threshold
    belongs to the whole process, so it is only ever raised, never when the collector is switched off, and set back
    when the last runtime closes.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._before: tuple[int, int, int] | None = None

    def want(self) -> None:
        """One more runtime is open."""
        with self._lock:
            self._users += 1
            before = gc.get_threshold()
            if self._users == 1 and 0 < before[0] < PATIENCE:
                self._before = before
                gc.set_threshold(PATIENCE, *before[1:])

    def release(self) -> None:
        """One runtime is closed. A threshold that somebody else has set meanwhile stays as it is."""
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._before is not None:
                if gc.get_threshold() == (PATIENCE, *self._before[1:]):
                    gc.set_threshold(*self._before)
                self._before = None


patience = _Patience()
"""The process's own."""
