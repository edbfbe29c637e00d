"""Takes what runs append to the store."""

import logging
from time import monotonic

import anyio

from ...bus.event import Event
from ...bus.tasks import Spawn
from ...stores.contract import EventLog
from ...stores.errors import KeyTaken, LeaseLost, StoreUnavailable
from ..errors import LogUnavailable, RunInterrupted, RunTaken
from .journal import DurableJournal

_log = logging.getLogger("loopbus.runtime")
_FIRST_S, _LONGEST_S = 0.05, 1.0
"""How long to wait before a store that could not be written to is tried again: doubled each time, up to the longest."""


class Writer:
    """Writes journals behind the backs of their runs, which wait for it only where they must.

    All that a run appends in one turn of the event loop is one append, so a crash leaves all of it or nothing. A store
    that is full, locked or away is tried again for ``patience_s`` seconds; after that, as when somebody else has the
    run by now, the journal has failed.
    """

    def __init__(self, log: EventLog, spawn: Spawn, patience_s: float) -> None:
        self._log = log
        self._spawn = spawn
        self._patience_s = patience_s
        self._writing: set[DurableJournal] = set()

    def record(self, journal: DurableJournal) -> None:
        """Note that a journal has something to write; it is written from the next turn of the loop on."""
        if journal not in self._writing and journal.failure is None:
            self._writing.add(journal)
            self._spawn(self._write(journal), name=f"log of run {journal.run_id}")

    async def _write(self, journal: DurableJournal) -> None:
        try:
            while journal.failure is None and (events := journal.pending()):
                await self._append(events, journal.token)
                journal.recorded(len(events))
        except Exception as error:
            # Whatever it is: who waits for this log must hear that it ends here.
            if not isinstance(error, KeyTaken):
                _log.error("run %s is left, for its log cannot be written: %s", journal.run_id, error)
            journal.fail(_interruption(journal, error))
        finally:
            self._writing.discard(journal)

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


def _interruption(journal: DurableJournal, error: Exception) -> RunInterrupted:
    run_id = journal.run_id
    if isinstance(error, LeaseLost):
        failure: RunInterrupted = RunTaken(
            f"run {run_id} is driven by another process now; attach to it to see how it goes on", run_id
        )
    else:
        failure = LogUnavailable(
            f"run {run_id} stopped after event {journal.shown}, for its log could not be written ({error}); "
            "resume it when that is mended",
            run_id,
        )
    failure.__cause__ = error
    return failure
