"""Idempotency keys: the same key gives the same run."""

from collections import OrderedDict

from ..events.run import RunStarted
from .run import Run


class Keys:
    """Which run was started with which key. The runs of the last ``capacity`` keys are kept, finished or not."""

    def __init__(self, capacity: int = 1024) -> None:
        self._capacity = capacity
        self._runs: OrderedDict[str, tuple[RunStarted, Run]] = OrderedDict()

    def find(self, key: str) -> tuple[RunStarted, Run] | None:
        """How a run began that was started with this key, and the run."""
        return self._runs.get(key)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that are known by a key."""
        return tuple(run for _, run in self._runs.values())

    def forget(self, run_id: str) -> None:
        """Keep nothing of a run."""
        for key in [key for key, (_, run) in self._runs.items() if run.id == run_id]:
            del self._runs[key]

    def remember(self, key: str, first: RunStarted, run: Run) -> None:
        """Note a new run; the oldest finished one is forgotten when there are too many."""
        self._runs[key] = (first, run)
        if len(self._runs) <= self._capacity:
            return
        for old, (_, known) in self._runs.items():
            if known.status is not None:
                del self._runs[old]
                return
