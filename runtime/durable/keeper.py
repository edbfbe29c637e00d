"""Keeps the runs of a runtime in a store: begins them there, takes them up, and lets go of them."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import Any, cast
from weakref import WeakValueDictionary

from anyio import CancelScope, Lock, move_on_after

from ...bus import nesting
from ...bus.bus import Bus
from ...bus.tasks import TaskOwner
from ...events.content import Message
from ...events.run import RunResumed, RunStarted
from ...handlers.limits import Limits
from ...stores.contract import EventLog
from ...stores.errors import KeyTaken, NoSuchRun, StoreError
from ..agents import Agents
from ..errors import (
    LogUnavailable,
    NotForgotten,
    RunDeleted,
    RunElsewhere,
    RunInterrupted,
    RunLeft,
    RuntimeClosed,
    UnknownAgent,
)
from ..frontier import Unanswered, frontier
from ..journal import Journal
from ..launch import Launcher
from ..prepared import Prepared, Ready
from ..run import Run
from ..spec import AgentSpec
from ..stopping import Stopping, close_run
from ..wish import Wish
from .deleter import StoreDeleter
from .forking import Edit, check_fork, check_place, fork_off, half_made
from .journal import DurableJournal
from .leases import Leases
from .losing import deleted, why_lost
from .options import KeepOptions
from .recovery import Recovery
from .sessions import StoredSessions
from .taking_up import attempts, check_readable, dead_letter, unfinished_stop
from .writer import Writer

_log = logging.getLogger("loopbus.runtime")
_PATIENCE_S = 2.0
"""How long a command waits for another process that holds the run just now."""


class Keeper:
    """The runs of one runtime, as a store has them. ``over`` and ``left`` are told when one ends here.

    ``forget`` is asked to keep nothing of one that was deleted.

    One ``Run`` a run is known at a time, for as long as anybody has it.
    """

    def __init__(
        self,
        log: EventLog,
        options: KeepOptions,
        *,
        bus: Bus,
        owner: TaskOwner,
        launcher: Launcher,
        prepared: Prepared,
        agents: Agents,
        over: Callable[[Run], None],
        began: Callable[[Run], None],
        left: Callable[[Run], None],
        forget: Callable[[str], Awaitable[None]],
    ) -> None:
        self.log = log
        self._options = options
        self._bus = bus
        self._owner = owner
        self._launcher = launcher
        self._prepared = prepared
        self._agents = agents
        self._over = over
        self._began = began
        self._left = left
        self._forget = forget
        self._writer = Writer(log, owner.spawn, options.patience_s)
        self._leases = Leases(log, options.lease_s, self._taken)
        self._sessions = StoredSessions(log, self._leases, self.get, self._give_back)
        self._known: WeakValueDictionary[str, Run] = WeakValueDictionary()
        self._closed = False
        self._locks: WeakValueDictionary[str, Lock] = WeakValueDictionary()
        self._driving: dict[str, AgentSpec[Any]] = {}
        self.deleter = StoreDeleter(log, self._sessions, self._known, forget)

    def open(self) -> None:
        """Begin to keep leases alive."""
        self._owner.spawn(self._leases.renew_for_ever(), name="leases")

    # --- runs ---

    async def start(self, wish: Wish) -> Run[Any]:
        """Start a run, or find the one that has the wish's key; it is recorded when this returns.

        :raises SessionBusy: a run of the session has no end.
        :raises KeyReused: the key belongs to another request.
        :raises StoreError: the run could not be recorded; there is none.
        """
        if wish.key is not None:
            for info in await self.log.runs(key=wish.key, limit=1):
                return await self._same(wish, info.run_id)
        ready = self._prepared.ready(wish.agent, wish.limits)
        run_id = secrets.token_hex(10)
        try:
            if wish.session is None:
                return await self._begin(run_id, wish, ready, None, ())
            async with self._sessions.entered(wish.session, run_id, wish) as (session, history):
                return await self._begin(run_id, wish, ready, session, history)
        except KeyTaken as taken:
            # Nothing stays of the run that did not begin, its lease neither.
            await self.log.delete(run_id)
            return await self._same(wish, taken.run_id)

    async def _same(self, wish: Wish, run_id: str) -> Run[Any]:
        """The run that has the wish's key; if its process is gone, it goes on here."""
        run = await self.get(run_id)
        wish.check_same(cast(RunStarted, run.log[0]))
        if not run.journal.over and frontier(run.journal.events, run.journal.state, run.journal.phase):
            await self.go_on(run, wish.agent, wish.deps, wish.limits, patience_s=0.0)
        return run

    async def _begin(
        self, run_id: str, wish: Wish, ready: Ready, session: str | None, history: Sequence[Message]
    ) -> Run[Any]:
        first = wish.first(ready, session, history)
        # The last thing that can go wrong here: who has claimed a run has to let go of it.
        nesting.chain_of(first)
        run, journal = self._make(run_id, wish.agent.name, session, wish.agent)
        journal.drive((await self._leases.claim(run_id)).token)
        journal.append(first, 0)
        await _wait_begun(journal)
        self._launch(run, wish.agent, ready, [Unanswered(first)], wish.deps, wish.limits)
        return run

    async def get(self, run_id: str) -> Run[Any]:
        """A run of the store, brought up to date, whoever drives it.

        :raises NoSuchRun: the store has no such run.
        """
        run = self._known.get(run_id)
        if run is not None and run.journal.writable:
            journal = _durable(run.journal)
            if not (journal.driven or journal.over):
                await self._catch_up(journal)
            return run
        info = await self.log.info(run_id)
        try:
            agent = self._agents.find(info.agent, "")
        except UnknownAgent:
            agent = None
        run, journal = self._make(run_id, info.agent, info.session, agent)
        await self._catch_up(journal)
        return run

    async def take_up(
        self,
        run: Run[Any],
        agent: AgentSpec[Any] | None = None,
        deps: Any = None,
        limits: Limits | None = None,
        *,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """Drive a run here, from where its log ends; without effect if it is driven here already, or over.

        If another process has it, it is waited for so long.

        :raises UnknownAgent: nobody said which agent it is, and its name is not known.
        :raises RunElsewhere: another process drives it.
        :raises CannotResume: its log has something in it that this program cannot go on from.
        """
        journal = _durable(run.journal)
        async with self._lock(run.id):
            await journal.wait_recorded()
            if journal.driven or journal.over:
                return
            found = agent or self._agents.find(run.agent, journal.state.setup)
            ready = self._prepared.ready(found, limits)
            await self._claim(journal, patience_s)
            if journal.over:
                await self._leases.release(run.id)
                return
            await self._resume(run, journal, found, ready, deps, limits or found.limits)

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
        check_place(await self.log.info(source), at)
        ready = self._prepared.ready(agent, limits)
        async with nullcontext() if session is None else self._sessions.free(session):
            run, journal = await self._begin_fork(source, at, edit, agent, session, ready.models.first.model)
        left = frontier(journal.events, journal.state, journal.phase)
        self._launch(run, agent, ready, left, deps, limits or agent.limits)
        return run

    async def _begin_fork(
        self, source: str, at: int, edit: Edit, agent: AgentSpec[Any], session: str | None, model: str
    ) -> tuple[Run[Any], DurableJournal]:
        run, journal = self._make(secrets.token_hex(10), agent.name, session, agent)
        lease = await self._leases.claim(run.id)
        try:
            await self.log.fork(source, run.id, at=at, agent=agent.name, session=session, token=lease.token)
            await self._catch_up(journal)
            check_readable(run.id, journal.events)
            check_fork(journal, edit, model)
            fork_off(journal, source, edit)
        except BaseException:
            with CancelScope(shield=True):
                await self.log.delete(run.id)
                self._leases.forget(run.id)
            raise
        journal.drive(lease.token)
        try:
            await _wait_begun(journal)
        except StoreError:
            self._known.pop(run.id)
            with suppress(StoreError):
                await self.log.delete(run.id)
            raise
        return run, journal

    async def delete_half_made(self, run_id: str) -> None:
        """Delete a fork whose process died before it could say what is different in it; not if it is still at it."""
        if run_id in self._known:
            return
        try:
            await self._leases.claim(run_id)
        except RunElsewhere:
            return
        try:
            if half_made(await self.log.info(run_id)):
                await self.deleter.delete(run_id)
        except NoSuchRun:
            await self.log.delete(run_id)
        finally:
            await self._leases.release(run_id)

    async def _resume(
        self, run: Run[Any], journal: DurableJournal, agent: AgentSpec[Any], ready: Ready, deps: Any, limits: Limits
    ) -> None:
        try:
            check_readable(run.id, journal.events)
            count = attempts(journal.events)
            stopping = unfinished_stop(journal.events)
            if stopping is None and count >= self._options.attempts:
                stopping = dead_letter(count)
            if stopping is not None and stopping.status is not None:
                close_run(journal, stopping.status, stopping, ())
                await journal.wait_recorded()
                return
            resumed = RunResumed(attempt=count + 1, holder=self._leases.holder)
            journal.append(resumed, len(journal.events))
            # What may bring the process down again must not begin before it is counted.
            await journal.wait_recorded()
        except BaseException:
            journal.leave()
            raise
        left = frontier(journal.events, journal.state, journal.phase)
        self._launch(run, agent, ready, left, deps, _from_now(limits, journal))

    def _launch(
        self, run: Run[Any], agent: AgentSpec[Any], ready: Ready, left: Sequence[Unanswered], deps: Any, limits: Limits
    ) -> None:
        self._began(run)
        self._driving[run.id] = agent
        self._launcher.launch(run, run.journal, ready.stages, left, deps, limits, parks=True)
        if self._closed:
            run.leave("the runtime was closed")

    async def recover(self, run_ids: AsyncIterable[str], deps: Any) -> list[Run[Any]]:
        """Take up those of these runs that can go on here, now or soon; the answer is which."""
        recovery = Recovery(self._left_behind, partial(self.take_up, deps=deps, patience_s=0.0), self._options)
        recovered = await recovery.begin(run_ids)
        if recovery.unfinished:
            self._owner.spawn(recovery.finish(), name="recovery")
        return recovered

    async def _left_behind(self, run_id: str) -> Run[Any] | None:
        """A run that is not driven here, and could go on; one that only waits for people is watched."""
        run = await self.get(run_id)
        journal = _durable(run.journal)
        if journal.driven or journal.over:
            return None
        if frontier(journal.events, journal.state, journal.phase):
            return run
        self._launcher.wait_for_people(run)
        return None

    # --- what runs that nobody drives are asked ---

    @asynccontextmanager
    async def noting(self, journal: Journal) -> AsyncGenerator[None, None]:
        """See ``Desk``."""
        durable = _durable(journal)
        async with self._lock(durable.run_id):
            # What is left just now is driven until that is recorded.
            await durable.wait_recorded()
            if durable.driven:
                # It was taken up here meanwhile, and another claim would lock its own driver out.
                yield
                return
            await self._claim(durable)
            try:
                yield
                await durable.wait_recorded()
            finally:
                if durable.driven:
                    durable.leave()

    async def go_on(
        self,
        run: Run[Any],
        agent: AgentSpec[Any] | None = None,
        deps: Any = None,
        limits: Limits | None = None,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """See ``Desk``."""
        try:
            await self.take_up(run, agent, deps, limits, patience_s=patience_s)
        except (UnknownAgent, RunElsewhere, RuntimeClosed) as error:
            _log.info("run %s does not go on here: %s", run.id, error)

    # --- the end ---

    async def aclose(self, grace_s: float) -> None:
        """Leave what is driven here, and say to everybody who still waits that nobody here goes on with it."""
        # What is taken up from here on would be cancelled, which is an end; what is left is not.
        self._closed = True
        for run in list(self._known.values()):
            journal = _durable(run.journal)
            if journal.driven:
                run.leave("the runtime was closed")
        with move_on_after(2 * grace_s):
            for run in list(self._known.values()):
                await _durable(run.journal).wait_left()
        for run in list(self._known.values()):
            if not run.journal.ended:
                words = f"the runtime of run {run.id} was closed; resume it in another one"
                _durable(run.journal).fail(RunLeft(words, run.id))
        with move_on_after(grace_s):
            await self._leases.release_all()

    # --- the parts ---

    def _make(
        self, run_id: str, agent_name: str, session: str | None, agent: AgentSpec[Any] | None
    ) -> tuple[Run[Any], DurableJournal]:
        journal = DurableJournal(
            run_id,
            self._bus,
            time.time,
            lambda: self._ended(run),
            record=self._writer.record,
            follow=self._follow,
            on_left=lambda _: self._was_left(run),
        )
        answer = agent.answer if agent is not None else None
        run: Run[Any] = Run(journal, agent_name, session, self._launcher.grace_s, answer, self)
        self._known[run_id] = run
        return run, journal

    def _lock(self, run_id: str) -> Lock:
        lock = self._locks.get(run_id)
        if lock is None:
            lock = self._locks[run_id] = Lock()
        return lock

    async def _claim(self, journal: DurableJournal, patience_s: float = _PATIENCE_S) -> None:
        """Take the lease of a run that may have gone on elsewhere meanwhile.

        :raises RuntimeClosed: nobody here would go on with it.
        """
        if self._closed:
            raise RuntimeClosed(f"the runtime of run {journal.run_id} is closed; resume it in another one")
        # It may have been left this moment: a new token would lock out what it still writes.
        await journal.wait_recorded()
        await self._catch_up(journal)
        if journal.over:
            return
        try:
            lease = await self._leases.claim(journal.run_id, patience_s)
        except RunElsewhere:
            await self._catch_up(journal)
            if journal.over:
                return
            raise
        try:
            await self._catch_up(journal)
        except BaseException:
            with CancelScope(shield=True):
                await self._leases.release(journal.run_id)
            raise
        if not journal.over:
            journal.drive(lease.token)

    async def _catch_up(self, journal: DurableJournal) -> None:
        async with aclosing(self.log.read(journal.run_id, after=journal.state.seq)) as events:
            async for event in events:
                journal.adopt(event)

    def _follow(self, journal: DurableJournal) -> asyncio.Task[None]:
        return self._owner.spawn(self._followed(journal), name=f"follow run {journal.run_id}")

    async def _followed(self, journal: DurableJournal) -> None:
        try:
            async with aclosing(self.log.tail(journal.run_id, after=journal.state.seq)) as events:
                async for event in events:
                    journal.adopt(event)
        except NoSuchRun:
            journal.fail(deleted(journal.run_id))
            self._spawn_forget(journal)
        except StoreError as error:
            failure = LogUnavailable(f"run {journal.run_id} cannot be followed: {error}", journal.run_id)
            failure.__cause__ = error
            journal.fail(failure)

    def _taken(self, run_id: str) -> None:
        run = self._known.get(run_id)
        if run is not None and not run.journal.over:
            self._owner.spawn(self._lost(_durable(run.journal)), name=f"lease of run {run_id}")

    async def _lost(self, journal: DurableJournal) -> None:
        token, why = journal.token, await why_lost(self.log, journal.run_id)
        if journal.driven and journal.token == token:
            journal.fail(why)

    def _spawn_forget(self, journal: DurableJournal) -> None:
        self._owner.spawn(self._forget_deleted(journal.run_id), name=f"forget run {journal.run_id}")

    async def _forget_deleted(self, run_id: str) -> None:
        try:
            await self._forget(run_id)
        except NotForgotten as error:
            _log.error("%s", error)

    def _give_back(self, run_id: str) -> None:
        # By the time that the task begins, the run may have been taken up once more.
        lease = self._leases.set_aside(run_id)
        self._owner.spawn(self._leases.give_back(lease), name=f"lease of run {run_id}")

    def _was_left(self, run: Run[Any]) -> None:
        agent = self._driving.pop(run.id, None)
        if agent is not None:
            self._agents.keep(agent)
        self._left(run)
        run.leave("it is driven here no more")
        self._give_back(run.id)
        if isinstance(_durable(run.journal).failure, RunDeleted):
            self._spawn_forget(_durable(run.journal))

    def _ended(self, run: Run[Any]) -> None:
        self._driving.pop(run.id, None)
        self._leases.forget(run.id)
        self._over(run)


def _durable(journal: Journal) -> DurableJournal:
    assert isinstance(journal, DurableJournal), "a runtime with a store has no other runs"
    return journal


async def _wait_begun(journal: DurableJournal) -> None:
    """Wait until the first events of a new run are recorded: without them there is none.

    Cancelled, the run is: nobody knows of it.

    :raises StoreError: they could not be.
    """
    try:
        await journal.wait_recorded()
    except asyncio.CancelledError:
        close_run(journal, "cancelled", Stopping("cancelled", "the caller was cancelled"), ())
        raise
    except RunInterrupted as failure:
        raise failure.__cause__ or failure from None


def _from_now(limits: Limits, journal: DurableJournal) -> Limits:
    """The limits of a run that goes on: of its wall time, what is left since it began."""
    if limits.seconds is None:
        return limits
    passed_s = max(time.time() - journal.events[0].at, 0.0)
    return replace(limits, seconds=max(limits.seconds - passed_s, 0.001))
