"""Takes up the runs that a crash has left, so that one which brings its process down takes no other along."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple

import anyio

from ...events.run import RunSuspended
from ...events.turn import TurnFinished
from ...stores.contract import RunInfo
from ...stores.errors import StoreDamaged, StoreError
from ..errors import CannotResume, NoDeps, RunElsewhere, RunInterrupted, RuntimeClosed, UnknownAgent
from ..run import Run
from .options import KeepOptions
from .room import Room
from .taking_up import attempts
from .unfinished import Unfinished

_log = logging.getLogger("loopbus.runtime")
_ALONE = 2
"""A run that was taken up so often without finishing a turn is taken up while no other like it has begun one."""


class Ways(NamedTuple):
    """What a recovery has done for it by those who drive runs, as whose ``holder`` they hold leases."""

    holder: str
    look: Callable[[str], Awaitable[Run[Any] | None]]
    """A run, brought up to date; None if it is driven here, or over."""
    waits: Callable[[Run[Any]], bool]
    """Whether a run only waits for people; then its time is kept."""
    take_up: Callable[[Run[Any]], Awaitable[None]]


class Recovery:
    """Takes up runs, one after the other: at once those that are free, the others in ``finish``, which takes its time.

    Of those that were there each time that a process died, nobody can tell which one is to blame. So they begin a turn
    one after the other, those first that were taken up least: the next time only one of them is counted.

    A run that is held may be held by a process that is dead: ``finish`` tries it once more when its lease has ended.
    At most ``KeepOptions.recover_at_once`` go on by this at a time; those behind are not read before there is room.
    """

    def __init__(self, unfinished: Unfinished, ways: Ways, room: Room, options: KeepOptions) -> None:
        self._unfinished = unfinished
        self._ways = ways
        self._room = room
        self._lease_s = options.lease_s
        self._alone = min(_ALONE, options.attempts - 1)
        self._suspects: list[tuple[int, str]] = []
        self._elsewhere: list[str] = []
        self._passed: dict[str, int] = {}
        """Runs with which there was nothing to do, by their last events: not read again before they have more."""
        self._passed_before: dict[str, int] = {}
        self._told_at = logging.INFO

    async def begin(self) -> list[Run[Any]]:
        """Take up what is free and above suspicion, while there is room; suspects are in the answer too."""
        found: list[Run[Any]] = []
        while self._room.has(len(self._suspects) + 1):
            info = await self._unfinished.next()
            if info is None:
                break
            run = await self._consider(info)
            if run is not None:
                found.append(run)
        return found

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to do for ``finish``."""
        return not (self._suspects or self._elsewhere) and self._unfinished.all_seen

    async def finish(self, every_s: float | None = None) -> None:
        """Take up the suspects, what there was no room for, and then what was held, until the runtime is closed.

        With ``every_s`` there is no end to that: every so many seconds it all begins again.
        """
        with suppress(RuntimeClosed):
            await self._rest()
            if every_s is None:
                await self._try_elsewhere()
            while every_s is not None:
                await anyio.sleep(every_s)
                self._start_over()
                await self._rest()

    def _start_over(self) -> None:
        self._unfinished.start_over()
        self._elsewhere.clear()
        self._passed_before, self._passed = self._passed, {}
        # What others drive was told once, and is as it should be.
        self._told_at = logging.DEBUG

    async def _rest(self) -> None:
        try:
            await self._one_by_one()
            while not self._unfinished.all_seen:
                await self._room.wait()
                await self.begin()
                await self._one_by_one()
        except StoreError as error:
            _log.warning("runs could not be recovered: %s", error)

    async def _try_elsewhere(self) -> None:
        elsewhere, self._elsewhere = self._elsewhere, []
        if elsewhere:
            await anyio.sleep(self._lease_s)
            for run_id in elsewhere:
                await self._room.wait()
                await self._try(run_id)
            await self._one_by_one()

    # --- one run ---

    async def _consider(self, info: RunInfo) -> Run[Any] | None:
        """Take up a run, or make it a suspect; None if neither is to be done."""
        if info.lease is not None and info.lease.holder != self._ways.holder:
            self._is_elsewhere(info.run_id, f"run {info.run_id} is driven by {info.lease.holder} just now")
        elif self._passed_before.get(info.run_id) == info.seq:
            self._passed[info.run_id] = info.seq
        else:
            return await self._try(info.run_id, info.seq)
        return None

    async def _try(self, run_id: str, seq: int = 0) -> Run[Any] | None:
        run = await self._look(run_id, seq)
        if run is None:
            return None
        if self._ways.waits(run):
            self._passed[run_id] = run.state.seq
            return None
        if _count(run) >= self._alone:
            self._suspects.append((_count(run), run_id))
            return run
        return run if await self._took_up(run) else None

    async def _look(self, run_id: str, seq: int) -> Run[Any] | None:
        try:
            return await self._ways.look(run_id)
        except StoreDamaged as error:
            self._passed[run_id] = seq
            _log.warning("run %s was not recovered: %s", run_id, error)
        except StoreError as error:
            _log.warning("run %s was not recovered: %s", run_id, error)
        return None

    async def _one_by_one(self) -> None:
        suspects, self._suspects = self._suspects, []
        for _, run_id in sorted(suspects):
            run = await self._look(run_id, 0)
            seen = 0 if run is None else run.state.seq
            if run is not None and await self._took_up(run):
                # What has lived for so long brings nothing down at once, and the next one has waited long enough.
                with anyio.move_on_after(self._lease_s):
                    await _turn_over(run, seen)

    async def _took_up(self, run: Run[Any]) -> bool:
        try:
            await self._ways.take_up(run)
        except RunElsewhere as elsewhere:
            self._is_elsewhere(run.id, str(elsewhere))
        except (CannotResume, UnknownAgent, StoreDamaged) as error:
            self._passed[run.id] = run.state.seq
            _log.warning("run %s was not recovered: %s", run.id, error)
        except (StoreError, RunInterrupted, NoDeps) as error:
            _log.warning("run %s was not recovered: %s", run.id, error)
        else:
            self._room.add(run)
            return True
        return False

    def _is_elsewhere(self, run_id: str, words: str) -> None:
        _log.log(self._told_at, "run %s was not recovered: %s", run_id, words)
        self._elsewhere.append(run_id)


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
