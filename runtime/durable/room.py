"""How many runs a recovery drives at once, so that a store of any length fits into a process."""

from typing import Any
from weakref import WeakSet

from ...stores.bells import Bells
from ..run import Run
from .shelf import durable


class Room:
    """Room for ``size`` runs. Those that are over, or driven here no more, make room again.

    ``left`` rings for nobody in particular, ``""``, when that becomes of any run.
    """

    def __init__(self, size: int, left: Bells) -> None:
        self._size = size
        self._left = left
        self._runs: WeakSet[Run[Any]] = WeakSet()

    def add(self, run: Run[Any]) -> None:
        """Note a run that goes on."""
        self._runs.add(run)

    def has(self, wanted: int = 1) -> bool:
        """Whether there is room for so many more."""
        if len(self._runs) + wanted > self._size:
            self._runs = WeakSet(run for run in self._runs if durable(run.journal).driven)
        return len(self._runs) + wanted <= self._size

    async def wait(self) -> None:
        """Wait until there is room for one more."""
        while True:
            # The bell comes before the look, or what ends in between would be heard too late.
            bell = self._left.of("")
            if self.has():
                return
            await bell.wait()
