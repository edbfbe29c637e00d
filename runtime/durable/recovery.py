"""Takes up the runs that a crash has left, so that one which brings its process down takes no other along."""

import logging
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any

import anyio

from ...events.run import RunSuspended
from ...events.turn import TurnFinished
from ...stores.errors import StoreError
from ..errors import RunElsewhere, RunInterrupted, UnknownAgent
from ..run import Run
from .options import KeepOptions
from .taking_up import attempts

_log = logging.getLogger("loopbus.runtime")
_ALONE = 2
"""A run that was taken up so often without finishing a turn is taken up while no other like it has begun one."""


class Recovery:
    """Takes up runs by ``take_up``: at once those that are free, the others in ``finish``, which takes its time.

    Of those that were there each time that a process died, nobody can tell which one is to blame. So they begin a turn
    one after the other, those first that were taken up least: the next time only one of them is counted.

    A run that is held may be held by a process that is dead: ``finish`` tries it once more when its lease has ended.
    """

    def __init__(self, take_up: Callable[[Run[Any]], Awaitable[None]], options: KeepOptions) -> None:
        self._take_up = take_up
        self._lease_s = options.lease_s
        self._alone = min(_ALONE, options.attempts - 1)
        self._suspects: list[Run[Any]] = []
        self._elsewhere: list[Run[Any]] = []
        self.unfinished = False
        """Whether there is anything to do for ``finish``."""

    async def begin(self, runs: AsyncIterable[Run[Any]]) -> list[Run[Any]]:
        """Take up what is free and above suspicion; the answer is what goes on by this, suspects included."""
        taken: list[Run[Any]] = []
        async for run in runs:
            if _count(run) >= self._alone:
                self._suspects.append(run)
            elif await self._took_up(run):
                taken.append(run)
        self.unfinished = bool(self._suspects or self._elsewhere)
        return [*taken, *self._suspects]

    async def finish(self) -> None:
        """Take up the suspects, and then what was held."""
        await self._one_by_one()
        elsewhere, self._elsewhere = self._elsewhere, []
        if not elsewhere:
            return
        await anyio.sleep(self._lease_s)
        self._suspects = [run for run in elsewhere if _count(run) >= self._alone]
        for run in elsewhere:
            if run not in self._suspects:
                await self._took_up(run)
        await self._one_by_one()

    async def _one_by_one(self) -> None:
        for run in sorted(self._suspects, key=_count):
            if await self._took_up(run):
                await _turn_over(run)

    async def _took_up(self, run: Run[Any]) -> bool:
        try:
            await self._take_up(run)
        except RunElsewhere as elsewhere:
            _log.info("run %s was not recovered: %s", run.id, elsewhere)
            self._elsewhere.append(run)
        except (StoreError, RunInterrupted, UnknownAgent) as error:
            _log.warning("run %s was not recovered: %s", run.id, error)
        else:
            return True
        return False


def _count(run: Run[Any]) -> int:
    return attempts(run.journal.events)


async def _turn_over(run: Run[Any]) -> None:
    """Wait until a run has finished a turn, or is not driven any more."""
    try:
        async for event in run.events(after=len(run.log)):
            if isinstance(event, TurnFinished | RunSuspended):
                return
    except RunInterrupted:
        return
