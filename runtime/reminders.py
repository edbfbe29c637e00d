"""Looks at a run again when the time is up for somebody who was asked."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from ..bus.tasks import Spawn
from ..events.state import RunState
from ..stores.errors import NoSuchRun, StoreError
from .alarms import Alarms
from .errors import RunInterrupted
from .overdue import next_due

_log = logging.getLogger("loopbus.runtime")
_AGAIN_S = 60.0
"""When to try again with a run that could not be looked at ..."""
_SOON_S = 1.0
"""... and with one that did nothing, because it was just being left."""


class Reminded(Protocol):
    """A run, as far as it matters here."""

    @property
    def state(self) -> RunState: ...

    async def remind(self, now: float) -> None:
        """Append what is overdue, and let the run act on it, wherever it stands."""
        ...


class Reminders:
    """Keeps the time of all questions of a runtime, of runs that are driven and of those that only wait for people.

    ``find_run`` gives a run by its id. Nothing is kept, and no timer runs, for questions without a time.
    """

    def __init__(
        self, spawn: Spawn, find_run: Callable[[str], Awaitable[Reminded]], wall: Callable[[], float] = time.time
    ) -> None:
        self._spawn = spawn
        self._find_run = find_run
        self._alarms = Alarms(self._ring, wall)

    def watch(self, run_id: str, state: RunState) -> None:
        """Look at a run when the next of its questions is overdue; call it when a run begins to wait."""
        self._alarms.set(run_id, next_due(state))

    def forget(self, run_id: str) -> None:
        """Look no more: the run is over, or deleted. Harmless where it was not watched."""
        self._alarms.clear(run_id)

    def close(self) -> None:
        """Look at nothing any more."""
        self._alarms.close()

    def _ring(self, run_id: str, now: float) -> None:
        self._spawn(self._look(run_id, now), name=f"reminder of run {run_id}")

    async def _look(self, run_id: str, now: float) -> None:
        try:
            run = await self._find_run(run_id)
            await run.remind(now)
        except NoSuchRun:
            return
        except (StoreError, RunInterrupted) as error:
            _log.warning("nobody could be reminded of run %s, trying again in %g s: %s", run_id, _AGAIN_S, error)
            self._alarms.set(run_id, now + _AGAIN_S)
        else:
            due = next_due(run.state)
            self._alarms.set(run_id, due if due is None or due > now else now + _SOON_S)
