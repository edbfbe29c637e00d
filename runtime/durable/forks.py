"""Begins runs with the events of others."""

import secrets
from contextlib import nullcontext, suppress
from typing import Any

from anyio import CancelScope

from ...handlers.limits import Limits
from ...stores.errors import NoSuchRun, StoreError
from ..errors import RunElsewhere
from ..frontier import frontier
from ..given import Given
from ..prepared import Prepared
from ..run import Run
from ..spec import AgentSpec
from .deleter import StoreDeleter
from .forking import Edit, check_fork, check_place, fork_off, half_made
from .journal import DurableJournal
from .sessions import StoredSessions
from .shelf import Shelf, wait_begun
from .taking_up import check_readable


class Forks:
    """Forks runs of a shelf, and clears away forks that came to nothing."""

    def __init__(self, shelf: Shelf, prepared: Prepared, sessions: StoredSessions, deleter: StoreDeleter) -> None:
        self._shelf = shelf
        self._prepared = prepared
        self._sessions = sessions
        self._deleter = deleter

    async def fork(
        self,
        source: str,
        at: int,
        edit: Edit,
        agent: AgentSpec[Any],
        session: str | None,
        deps: Any,
        limits: Limits | None,
    ) -> Run[Any]:
        """Begin a run with the first ``at`` events of another, and drive it on from there.

        :raises NoSuchRun: the store has no such source.
        :raises BadInput: the run cannot be forked there, or not with this edit.
        :raises SessionBusy: a run of the session has no end.
        """
        check_place(await self._shelf.log.info(source), at)
        ready = self._prepared.ready(agent, limits)
        async with nullcontext() if session is None else self._sessions.free(session):
            run, journal = await self._begin(source, at, edit, agent, session, ready.models.first.model)
        left = frontier(journal.events, journal.state, journal.phase)
        used = limits or agent.limits
        self._shelf.launch(run, Given(agent, deps, used), ready, left, used)
        return run

    async def _begin(
        self, source: str, at: int, edit: Edit, agent: AgentSpec[Any], session: str | None, model: str
    ) -> tuple[Run[Any], DurableJournal]:
        run, journal = self._shelf.make(secrets.token_hex(10), agent.name, session, agent)
        lease = await self._shelf.leases.claim(run.id)
        try:
            await self._shelf.log.fork(source, run.id, at=at, agent=agent.name, session=session, token=lease.token)
            await self._shelf.catch_up(journal)
            check_readable(run.id, journal.events)
            check_fork(journal, edit, model)
            fork_off(journal, source, edit)
            self._shelf.drive(journal, lease)
        except BaseException:
            with CancelScope(shield=True):
                await self._shelf.log.delete(run.id)
                self._shelf.leases.forget(run.id)
            raise
        try:
            await wait_begun(journal)
        except StoreError:
            self._shelf.known.pop(run.id)
            with suppress(StoreError):
                await self._shelf.log.delete(run.id)
            raise
        return run, journal

    async def delete_half_made(self, run_id: str) -> None:
        """Delete a fork whose process died before it could say what is different in it; not if it is still at it."""
        if run_id in self._shelf.known:
            return
        try:
            await self._shelf.leases.claim(run_id)
        except RunElsewhere:
            return
        try:
            if half_made(await self._shelf.log.info(run_id)):
                await self._deleter.delete(run_id)
        except NoSuchRun:
            await self._shelf.log.delete(run_id)
        finally:
            await self._shelf.leases.release(run_id)
