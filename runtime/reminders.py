"""Looks at a run again when the time is up: for somebody who was asked, or for the run itself while it waits."""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from ..bus.event import Event
from ..bus.tasks import Spawn
from ..events.state import RunState
from ..stores.errors import NoSuchRun, StoreError
from .alarms import Alarms
from .errors import RunInterrupted
from .left import NOT_LEFT, Left
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

    @property
    def log(self) -> Sequence[Event]: ...

    async def remind(self, now: float, left: Left) -> None:
        """Append what is overdue, and let the run act on it, wherever it stands."""
        ...


class Reminders:
    """Keeps the time of all questions of a runtime, of runs that are driven and of those that only wait for people.

    Of those that only wait it keeps the run's own time too, and what it is to go on with: perhaps nobody else holds
    the run any more. ``find_run`` gives a run by its id. Nothing is kept, and no timer runs, where nothing has a time.
    """

    def __init__(
        self, spawn: Spawn, find_run: Callable[[str], Awaitable[Reminded]], wall: Callable[[], float] = time.time
    ) -> None:
        self._spawn = spawn
        self._find_run = find_run
        self._alarms = Alarms(self._ring, wall)
        self._left: dict[str, Left] = {}

    def watch(self, run_id: str, state: RunState, left: Left = NOT_LEFT) -> None:
        """Look at a run when its next time is up; call it when a run begins to wait, and again when it is ``left``."""
        due = _next(state, left)
        if due is None:
            self.forget(run_id)
            return
        self._left[run_id] = left
        self._alarms.set(run_id, due)

    def forget(self, run_id: str) -> None:
        """Look no more: the run is over, or deleted. Harmless where it was not watched."""
        self._left.pop(run_id, None)
        self._alarms.clear(run_id)

    def close(self) -> None:
        """Look at nothing any more."""
        self._left.clear()
        self._alarms.close()

    def _ring(self, run_id: str, now: float) -> None:
        self._spawn(self._look(run_id, now), name=f"reminder of run {run_id}")

    async def _look(self, run_id: str, now: float) -> None:
        left = self._left.get(run_id, NOT_LEFT)
        try:
            run = await self._find_run(run_id)
            if not left.holds(run.log):
                left = NOT_LEFT
            await run.remind(now, left)
        except NoSuchRun:
            self.forget(run_id)
        except (StoreError, RunInterrupted) as error:
            _log.warning("nobody could be reminded of run %s, trying again in %g s: %s", run_id, _AGAIN_S, error)
            self._alarms.set(run_id, now + _AGAIN_S)
        else:
            self._look_again(run_id, run.state, left, now)

    def _look_again(self, run_id: str, state: RunState, left: Left, now: float) -> None:
        due = _next(state, left)
        if due is None:
            self.forget(run_id)
        else:
            self._alarms.set(run_id, due if due > now else now + _SOON_S)


def _next(state: RunState, left: Left) -> float | None:
    """When to look at a run again; None is never."""
    if state.status is not None:
        return None
    times = [next_due(state), left.deadline.at if left.deadline is not None else None]
    return min((at for at in times if at is not None), default=None)
