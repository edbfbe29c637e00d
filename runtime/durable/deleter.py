"""Deletes runs of a store for good: their logs, and what this process knows of them."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ...stores.contract import EventLog
from ..run import Run
from ..stopping import Stopping
from .journal import DurableJournal
from .losing import deleted
from .sessions import StoredSessions, lease_of

_PAGE = 500
_AT_ONCE = 1_000


class StoreDeleter:
    """See ``Deleter``. ``known`` are the runs that anybody here has; ``forget`` tells everybody else here."""

    def __init__(
        self,
        log: EventLog,
        sessions: StoredSessions,
        known: MutableMapping[str, Run[Any]],
        forget: Callable[[str], Awaitable[None]],
    ) -> None:
        self._log = log
        self._sessions = sessions
        self._known = known
        self._forget = forget

    async def delete(self, run_id: str) -> bool:
        """See ``Deleter``."""
        run = self._known.get(run_id)
        journal = None if run is None else _durable(run)
        if run is not None and journal is not None and journal.driven:
            run.stop(Stopping("cancelled", "the run is deleted"), "runtime")
            await journal.wait_left()
        try:
            await self._forget(run_id)
        finally:
            # Whatever a subscriber cannot forget, the log is deleted.
            there_was_one = await self._log.delete(run_id)
            self._let_go(run_id)
        return there_was_one

    async def delete_session(self, name: str) -> int:
        """See ``Deleter``."""
        count = 0
        async with self._sessions.held(name):
            while runs := await self._log.runs(session=name):
                for info in runs:
                    count += await self.delete(info.run_id)
            # The lease says the session's name too.
            await self._log.delete(lease_of(name))
        return count

    async def expire(self, ended_before: float) -> int:
        """See ``Deleter``."""
        for run_id in await self._ended(ended_before):
            await self._forget(run_id)
            self._let_go(run_id)
        count, more = 0, _AT_ONCE
        while more == _AT_ONCE:
            more = await self._log.expire(ended_before=ended_before, limit=_AT_ONCE)
            count += more
        return count

    async def _ended(self, before: float) -> list[str]:
        found: list[str] = []
        place = None
        while page := await self._log.runs(before=place, limit=_PAGE):
            place = page[-1].place
            found += [info.run_id for info in page if info.ended_at is not None and info.ended_at < before]
        return found

    def _let_go(self, run_id: str) -> None:
        run = self._known.pop(run_id, None)
        if run is not None and not run.journal.ended:
            _durable(run).fail(deleted(run_id))


def _durable(run: Run[Any]) -> DurableJournal:
    assert isinstance(run.journal, DurableJournal), "a runtime with a store has no other runs"
    return run.journal
