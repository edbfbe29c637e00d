"""Idempotency keys: the same key gives the same run."""

from collections import OrderedDict

from .errors import KeyReused
from .run import Run


class Keys:
    """Which run was started with which key. The runs of the last ``capacity`` keys are kept, finished or not."""

    def __init__(self, capacity: int = 1024) -> None:
        self._capacity = capacity
        self._runs: OrderedDict[str, tuple[object, Run]] = OrderedDict()

    def find(self, key: str, request: object) -> Run | None:
        """The run that was started with this key.

        :raises KeyReused: it was started with another request; give the new request its own key.
        """
        known = self._runs.get(key)
        if known is None:
            return None
        if known[0] != request:
            raise KeyReused(f"key {key!r} belongs to run {known[1].id}, which was started with another request")
        return known[1]

    def remember(self, key: str, request: object, run: Run) -> None:
        """Note a new run; the oldest finished one is forgotten when there are too many."""
        self._runs[key] = (request, run)
        if len(self._runs) <= self._capacity:
            return
        for old, (_, known) in self._runs.items():
            if known.status is not None:
                del self._runs[old]
                return
