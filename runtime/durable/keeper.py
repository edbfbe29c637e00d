"""Begins the runs of a store, takes them up again, and takes what those are asked that nobody drives."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar, cast

from ...bus import nesting
from ...bus.errors import CannotSpawn
from ...events.content import Message
from ...events.control import CancelRequested
from ...events.run import RunForked, RunResumed, RunStarted
from ...handlers.limits import Limits
from ...stores.errors import KeyTaken
from ..deps import DepsFor, check_deps, deps_of
from ..errors import (
    NoDeps,
    RunElsewhere,
    RuntimeClosed,
    UnknownAgent,
)
from ..fixtures import Fixtures
from ..frontier import Unanswered, frontier
from ..given import NOTHING, Given
from ..journal import Journal
from ..left import Deadline, Left
from ..prepared import Ready
from ..run import Run
from ..spec import AgentSpec
from ..stopping import Stopping, close_run, time_is_up
from ..wish import Wish
from .journal import DurableJournal
from .losing import closed
from .options import KeepOptions
from .recovery import Recovery, Ways
from .room import Room
from .sessions import StoredSessions
from .shelf import PATIENCE_S, Shelf, durable, wait_begun
from .taking_up import attempts, check_readable, dead_letter, unfinished_stop
from .unfinished import Unfinished

_log = logging.getLogger("loopbus.runtime")

T = TypeVar("T")


class Keeper:
    """Starts the runs of one runtime and takes up those that were left; the ``Desk`` of those that nobody drives."""

    def __init__(self, shelf: Shelf, options: KeepOptions, fixtures: Fixtures, deps_for: DepsFor | None) -> None:
        self.shelf = shelf
        self.sessions = StoredSessions(shelf.log, shelf.leases, shelf.get, shelf.give_back)
        self._options = options
        self._owner = fixtures.owner
        self._launcher = fixtures.launcher
        self._prepared = fixtures.prepared
        self._deps_for = deps_for
        self._repeating: asyncio.Task[None] | None = None
        """What takes up runs again and again."""
        shelf.desk = self

    async def start(self, wish: Wish) -> Run[Any]:
        """Start a run, or find the one that has the wish's key; it is recorded when this returns.

        :raises SessionBusy: a run of the session has no end.
        :raises KeyReused: the key belongs to another request.
        :raises StoreError: the run could not be recorded; there is none.
        """
        if wish.key is not None:
            for info in await self.shelf.log.runs(key=wish.key, limit=1):
                return await self._same(wish, info.run_id)
        ready = self._prepared.ready(wish.agent, wish.limits)
        run_id = secrets.token_hex(10)
        try:
            if wish.session is None:
                return await self._begin(run_id, wish, ready, None, ())
            async with self.sessions.entered(wish.session, run_id, wish) as (session, history):
                return await self._begin(run_id, wish, ready, session, history)
        except KeyTaken as taken:
            # Nothing stays of the run that did not begin, its lease neither.
            await self.shelf.log.delete(run_id)
            return await self._same(wish, taken.run_id)

    async def _same(self, wish: Wish, run_id: str) -> Run[Any]:
        """The run that has the wish's key; if its process is gone, it goes on here."""
        run = await self.shelf.get(run_id)
        wish.check_same(cast(RunStarted, run.log[0]))
        if not run.journal.over and frontier(run.journal.events, run.journal.state, run.journal.phase):
            await self.go_on(run, Given(wish.agent, wish.deps, wish.limits), patience_s=0.0)
        return run

    async def _begin(
        self, run_id: str, wish: Wish, ready: Ready, session: str | None, history: Sequence[Message]
    ) -> Run[Any]:
        first = wish.first(ready, session, history)
        # The last thing that can go wrong here: who has claimed a run has to let go of it.
        nesting.chain_of(first)
        run, journal = self.shelf.make(run_id, wish.agent.name, session, wish.agent)
        lease = await self.shelf.leases.claim(run_id)
        try:
            self.shelf.drive(journal, lease)
        except RuntimeClosed:
            await self.shelf.leases.release(run_id)
            raise
        journal.append(first, 0)
        await wait_begun(journal)
        given = Given(wish.agent, wish.deps, wish.limits)
        self.shelf.launch(run, given, ready, [Unanswered(first)], wish.limits)
        return run

    async def take_up(self, run: Run[Any], given: Given = NOTHING, *, patience_s: float = PATIENCE_S) -> None:
        """Drive a run here, from where its log ends; without effect if it is driven here already, or over.

        What is not ``given`` is what it was driven with here before. If another process has it, it is waited for so
        long.

        :raises UnknownAgent: nobody said which agent it is, and its name is not known.
        :raises NoDeps: its tools need some, and nobody gave or makes any.
        :raises RunElsewhere: another process drives it.
        :raises CannotResume: its log has something in it that this program cannot go on from.
        """
        journal = durable(run.journal)
        async with self.shelf.lock(run.id):
            await journal.wait_recorded()
            if journal.driven or journal.over:
                return
            given = given.over(run.given)
            agent = given.agent or self.shelf.agents.find(run.agent, journal.state.setup)
            ready = self._prepared.ready(agent, given.limits)
            await self.shelf.claim(journal, patience_s)
            if journal.over:
                return
            await self._resume(run, journal, given, agent, ready)

    async def _resume(
        self, run: Run[Any], journal: DurableJournal, given: Given, agent: AgentSpec[Any], ready: Ready
    ) -> None:
        limits = given.limits or agent.limits
        try:
            check_readable(run.id, journal.events)
            count = attempts(journal.events)
            stopping = self._end_of(journal, count, limits)
            if stopping is not None and stopping.status is not None:
                close_run(journal, stopping.status, stopping, ())
                await journal.wait_recorded()
                return
            deps = await deps_of(run, agent, given.deps, self._deps_for)
            resumed = RunResumed(attempt=count + 1, holder=self.shelf.leases.holder)
            journal.append(resumed, len(journal.events))
            # What may bring the process down again must not begin before it is counted.
            await journal.wait_recorded()
        except BaseException:
            journal.leave()
            raise
        left = frontier(journal.events, journal.state, journal.phase)
        self.shelf.launch(run, Given(agent, deps, given.limits), ready, left, limits, _spent_s(journal))

    def _end_of(self, journal: DurableJournal, count: int, limits: Limits) -> Stopping | None:
        """The end of a run that is not to go on; ``count`` is how often it was tried."""
        stopping = unfinished_stop(journal.events)
        if stopping is None and count >= self._options.attempts:
            return dead_letter(count)
        if stopping is None and limits.seconds is not None and _spent_s(journal) >= limits.seconds:
            # At once: what is begun first would be cancelled with its effect half done.
            stopping = time_is_up(limits.seconds)
            journal.append(CancelRequested(reason=stopping.reason, author="limit"), 0)
        return stopping

    async def recover(self, unfinished: Unfinished, deps: Any, every_s: float | None) -> list[Run[Any]]:
        """Take up those of these runs that can go on here, now or soon; the answer is which do so by now.

        With ``every_s`` that is begun again every so many seconds, until the runtime is closed or this is called anew.
        """
        given = Given(deps=deps)
        ways = Ways(
            self.shelf.leases.holder,
            self._left_behind,
            partial(self._only_waits, given),
            partial(self.take_up, given=given, patience_s=0.0),
        )
        room = Room(self._options.recover_at_once, self.shelf.left)
        recovery = Recovery(unfinished, ways, room, self._options)
        recovered = await recovery.begin()
        if self._repeating is not None:
            self._repeating.cancel()
            self._repeating = None
        if every_s is not None or not recovery.is_done:
            task = self._owner.spawn(recovery.finish(every_s), name="recovery")
            self._repeating = None if every_s is None else task
        return recovered

    async def _left_behind(self, run_id: str) -> Run[Any] | None:
        """A run that is not over, and not driven here."""
        run = await self.shelf.get(run_id)
        journal = durable(run.journal)
        return None if journal.driven or journal.over else run

    def _only_waits(self, given: Given, run: Run[Any]) -> bool:
        """Whether a run only waits for people; then its time is kept."""
        journal = durable(run.journal)
        if frontier(journal.events, journal.state, journal.phase):
            return False
        self._launcher.wait_for_people(run, Left(given, self._deadline(run, journal), journal.state.seq))
        return True

    def _deadline(self, run: Run[Any], journal: DurableJournal) -> Deadline | None:
        """When the time of a run is up, as its agent says, where that is known here."""
        agent = self.agent_of(run)
        seconds = None if agent is None else agent.limits.seconds
        return None if seconds is None else Deadline(_began_at(journal) + seconds, seconds)

    # --- what runs that nobody drives are asked ---

    @asynccontextmanager
    async def noting(self, journal: Journal, *, force: bool = False) -> AsyncGenerator[None, None]:
        """See ``Desk``."""
        held = durable(journal)
        async with self.shelf.lock(held.run_id):
            # What is left just now is driven until that is recorded.
            await held.wait_recorded()
            if held.driven:
                # It was taken up here meanwhile, and another claim would lock its own driver out.
                yield
                return
            if force:
                await self.shelf.take_away(held.run_id)
            await self.shelf.claim(held)
            try:
                yield
                await held.wait_recorded()
            finally:
                if held.driven:
                    held.leave()

    async def whole(self, run_id: str, work: Callable[[], Awaitable[T]]) -> T:
        """See ``Desk``."""
        try:
            task = self._owner.spawn(_attempt(run_id, work), name=f"command to run {run_id}")
        except CannotSpawn:
            raise closed(run_id) from None
        # What is in the log and acted upon by nobody would be lost, so it does not end with whoever asked for it.
        result, error = await asyncio.shield(task)
        if error is not None:
            raise error
        return cast(T, result)

    def check_deps(self, run: Run[Any], given: Given) -> None:
        """See ``Desk``."""
        given = given.over(run.given)
        agent = given.agent or self.agent_of(run)
        if agent is not None and self._deps_for is None:
            check_deps(agent, given.deps)

    def agent_of(self, run: Run[Any]) -> AgentSpec[Any] | None:
        """See ``Desk``."""
        try:
            return self.shelf.agents.find(run.agent, run.state.setup)
        except UnknownAgent:
            return None

    async def go_on(self, run: Run[Any], given: Given = NOTHING, patience_s: float = PATIENCE_S) -> None:
        """See ``Desk``."""
        try:
            await self.take_up(run, given, patience_s=patience_s)
        except (UnknownAgent, RunElsewhere, RuntimeClosed) as error:
            _log.info("run %s does not go on here: %s", run.id, error)
        except NoDeps as error:
            _log.warning("run %s does not go on here: %s", run.id, error)


async def _attempt(run_id: str, work: Callable[[], Awaitable[T]]) -> tuple[T | None, Exception | None]:
    try:
        return await work(), None
    except asyncio.CancelledError:
        return None, closed(run_id)
    except Exception as error:
        return None, error


def _spent_s(journal: DurableJournal) -> float:
    """The wall time of a run so far: it goes on while nobody drives it."""
    return max(time.time() - _began_at(journal), 0.0)


def _began_at(journal: DurableJournal) -> float:
    """When the time of a run began; that of a fork does where it has forked."""
    events = journal.events
    return next((event for event in reversed(events) if isinstance(event, RunForked)), events[0]).at
