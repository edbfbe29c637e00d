"""Takes what runs append to the store."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from time import monotonic

import anyio

from ...bus.event import Event
from ...bus.tasks import Spawn
from ...stores.contract import EventLog
from ...stores.errors import KeyTaken, LeaseLost, StoreUnavailable
from ...stores.log import Append, Log
from ..errors import LogUnavailable, RunInterrupted
from .journal import DurableJournal
from .losing import why_lost

AppendAll = Callable[[Sequence[Append]], Awaitable[list[Exception | None]]]

_log = logging.getLogger("loopbus.runtime")
_FIRST_S, _LONGEST_S = 0.05, 1.0
"""How long to wait before a store that could not be written to is tried again: doubled each time, up to the longest."""
MOST = 1_000
"""Runs whose logs are written together: more would make the first of them wait for long and save hardly anything."""


class Writer:
    """Writes journals behind the backs of their runs, which wait for it only where they must.

    All that a run appends in one turn of the event loop is one append, so a crash leaves all of it or nothing; what
    many runs append in it is handed to the store together. A store that is full, locked or away is tried again for
    ``patience_s`` seconds; after that, as when somebody else has the run by now, the journal has failed.
    """

    def __init__(self, log: EventLog, spawn: Spawn, patience_s: float) -> None:
        self._log = log
        self._append_all = _door(log)
        self._spawn = spawn
        self._patience_s = patience_s
        self._writing: set[DurableJournal] = set()
        self._gathered: list[DurableJournal] = []

    def record(self, journal: DurableJournal) -> None:
        """Note that a journal has something to write; it is written from the next turn of the loop on."""
        if journal in self._writing or journal.failure is not None:
            return
        self._writing.add(journal)
        if self._append_all is None:
            self._write_alone(journal)
            return
        if len(self._gathered) % MOST == 0:
            # It is about many runs, and belongs to none of those in whose midst it begins.
            self._spawn(self._write_gathered(self._append_all), name="logs of runs", context=Context())
        self._gathered.append(journal)

    async def _write_gathered(self, append_all: AppendAll) -> None:
        gathered, self._gathered = self._gathered[:MOST], self._gathered[MOST:]
        appends = [Append(journal.pending(), journal.token) for journal in gathered]
        try:
            answers = await append_all(appends)
        except Exception as error:
            answers = [error] * len(appends)
        for journal, (events, _), answer in zip(gathered, appends, answers, strict=True):
            if answer is None:
                await self._recorded(journal, len(events))
            else:
                self._write_alone(journal)

    async def _recorded(self, journal: DurableJournal, count: int) -> None:
        self._writing.discard(journal)
        try:
            journal.recorded(count)
        except Exception as error:
            await self._give_up(journal, error)
        if journal.unrecorded:
            self.record(journal)

    def _write_alone(self, journal: DurableJournal) -> None:
        self._spawn(self._write(journal), name=f"log of run {journal.run_id}")

    async def _write(self, journal: DurableJournal) -> None:
        try:
            while journal.failure is None and (events := journal.pending()):
                await self._append(events, journal.token)
                journal.recorded(len(events))
        except Exception as error:
            await self._give_up(journal, error)
        finally:
            self._writing.discard(journal)

    async def _give_up(self, journal: DurableJournal, error: Exception) -> None:
        # Whatever it is: who waits for this log must hear that it ends here.
        if not isinstance(error, KeyTaken):
            _log.error("run %s is left, for its log cannot be written: %s", journal.run_id, error)
        journal.fail(await self._interruption(journal, error))

    async def _append(self, events: list[Event], token: int) -> None:
        began, delay_s = monotonic(), _FIRST_S
        while True:
            try:
                await self._log.append(events, token=token)
            except StoreUnavailable as error:
                if monotonic() - began + delay_s > self._patience_s:
                    raise
                _log.warning("run %s waits for its log: %s", events[0].run_id, error)
                await anyio.sleep(delay_s)
                delay_s = min(2 * delay_s, _LONGEST_S)
            else:
                return

    async def _interruption(self, journal: DurableJournal, error: Exception) -> RunInterrupted:
        run_id = journal.run_id
        if isinstance(error, LeaseLost):
            failure = await why_lost(self._log, run_id)
        else:
            failure = LogUnavailable(
                f"run {run_id} stopped after event {journal.shown}, for its log could not be written ({error}); "
                "resume it when that is mended",
                run_id,
            )
        failure.__cause__ = error
        return failure


def _door(log: EventLog) -> AppendAll | None:
    """What takes the appends of many runs at once; None of a log that has an ``append`` of its own and not this."""
    return log.append_all if isinstance(log, Log) and type(log).append is Log.append else None
