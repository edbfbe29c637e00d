"""Takes up the runs that a crash has left, so that one which brings its process down takes no other along."""

import logging
from collections.abc import AsyncIterable, Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio

from ...events.run import RunSuspended
from ...events.turn import TurnFinished
from ...stores.errors import StoreError
from ..errors import NoDeps, RunElsewhere, RunInterrupted, RuntimeClosed, UnknownAgent
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
    ``look`` gives a run that there is something to do for.
    """

    def __init__(
        self,
        look: Callable[[str], Awaitable[Run[Any] | None]],
        take_up: Callable[[Run[Any]], Awaitable[None]],
        options: KeepOptions,
    ) -> None:
        self._look = look
        self._take_up = take_up
        self._lease_s = options.lease_s
        self._alone = min(_ALONE, options.attempts - 1)
        self._taken: list[Run[Any]] = []
        self._suspects: list[Run[Any]] = []
        self._elsewhere: list[str] = []

    async def begin(self, run_ids: AsyncIterable[str]) -> list[Run[Any]]:
        """Take up what is free and above suspicion; the answer is what goes on by this, suspects included."""
        async for run_id in run_ids:
            await self._consider(run_id)
        return [*self._taken, *self._suspects]

    @property
    def unfinished(self) -> bool:
        """Whether there is anything to do for ``finish``."""
        return bool(self._suspects or self._elsewhere)

    async def finish(self) -> None:
        """Take up the suspects, and then what was held, until the runtime is closed."""
        with suppress(RuntimeClosed):
            await self._finish()

    async def _finish(self) -> None:
        await self._one_by_one()
        elsewhere, self._elsewhere = self._elsewhere, []
        if elsewhere:
            await anyio.sleep(self._lease_s)
            for run_id in elsewhere:
                await self._consider(run_id)
            await self._one_by_one()

    async def _consider(self, run_id: str) -> None:
        try:
            run = await self._look(run_id)
        except StoreError as error:
            _log.warning("run %s was not recovered: %s", run_id, error)
            return
        if run is None:
            return
        if _count(run) >= self._alone:
            self._suspects.append(run)
        elif await self._took_up(run):
            self._taken.append(run)

    async def _one_by_one(self) -> None:
        suspects, self._suspects = self._suspects, []
        for run in sorted(suspects, key=_count):
            seen = len(run.log)
            if await self._took_up(run):
                # What has lived for so long brings nothing down at once, and the next one has waited long enough.
                with anyio.move_on_after(self._lease_s):
                    await _turn_over(run, seen)

    async def _took_up(self, run: Run[Any]) -> bool:
        try:
            await self._take_up(run)
        except RunElsewhere as elsewhere:
            _log.info("run %s was not recovered: %s", run.id, elsewhere)
            self._elsewhere.append(run.id)
        except (StoreError, RunInterrupted, UnknownAgent, NoDeps) as error:
            _log.warning("run %s was not recovered: %s", run.id, error)
        else:
            return True
        return False


def _count(run: Run[Any]) -> int:
    return attempts(run.journal.events)


async def _turn_over(run: Run[Any], seen: int) -> None:
    """Wait until a run has finished a turn behind the events that were ``seen``, or is not driven any more."""
    try:
        async for event in run.events(after=seen):
            if isinstance(event, TurnFinished | RunSuspended):
                return
    except RunInterrupted:
        return
