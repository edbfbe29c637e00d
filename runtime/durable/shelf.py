"""The runs of a store that this process has at hand, and who drives them."""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any
from weakref import ReferenceType, WeakValueDictionary, ref

from anyio import CancelScope, Lock, move_on_after

from ...events.human import ApprovalDecided
from ...handlers.limits import Limits
from ...stores.bells import Bells
from ...stores.contract import EventLog, Lease, RunInfo
from ...stores.errors import NoSuchRun, StoreError
from ..desk import Desk
from ..errors import (
    LogUnavailable,
    NotForgotten,
    RunDeleted,
    RunElsewhere,
    RunInterrupted,
    RunLeft,
    UnknownAgent,
)
from ..fixtures import Fixtures
from ..frontier import Unanswered
from ..given import Given
from ..journal import Journal
from ..prepared import Ready
from ..register import Register
from ..run import Run
from ..spec import AgentSpec
from ..stopping import Stopping, close_run
from .journal import DurableJournal
from .leases import Leases
from .losing import closed, deleted, why_lost
from .options import KeepOptions
from .writer import Writer

_log = logging.getLogger("loopbus.runtime")
PATIENCE_S = 2.0
"""How long a command waits for another process that holds the run just now."""


class Shelf:
    """Brings runs up to date, claims them, has them driven, and notices when they end, or are driven here no more.

    One ``Run`` a run is known at a time, for as long as anybody has it.
    """

    def __init__(self, log: EventLog, options: KeepOptions, fixtures: Fixtures, register: Register) -> None:
        self.log = log
        self.leases = Leases(log, options.lease_s, self._taken)
        self.known: WeakValueDictionary[str, Run] = WeakValueDictionary()
        self.desk: Desk | None = None
        """Where its runs are asked to be driven."""
        self.left = Bells()
        """Rings for nobody in particular, ``""``, when a run is over, or driven here no more."""
        self.agents = fixtures.agents
        self._bus = fixtures.bus
        self._owner = fixtures.owner
        self._launcher = fixtures.launcher
        self._register = register
        self._writer = Writer(log, self._owner.spawn, options.patience_s)
        self._closed = False
        self._locks: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    async def open(self) -> None:
        """See whether the store can be used, and begin to keep leases alive.

        :raises StoreError: it cannot: better now than with the first run.
        """
        await self.log.runs(limit=1)
        self._owner.spawn(self.leases.renew_for_ever(), name="leases")

    async def aclose(self, grace_s: float) -> None:
        """Leave what is driven here, and say to everybody who still waits that nobody here goes on with it."""
        # What is taken up from here on would be cancelled, which is an end; what is left is not.
        self._closed = True
        for run in list(self.known.values()):
            journal = durable(run.journal)
            if journal.driven:
                run.leave("the runtime was closed")
        with move_on_after(2 * grace_s):
            for run in list(self.known.values()):
                await durable(run.journal).wait_left()
        for run in list(self.known.values()):
            if not run.journal.ended:
                words = f"the runtime of run {run.id} was closed; resume it in another one"
                durable(run.journal).fail(RunLeft(words, run.id))
        with move_on_after(grace_s):
            await self.leases.release_all()

    # --- at hand ---

    async def get(self, run_id: str) -> Run[Any]:
        """A run of the store, brought up to date, whoever drives it.

        :raises NoSuchRun: the store has no such run.
        """
        run = self._at_hand(run_id)
        if run is None:
            info = await self.log.info(run_id)
            # Somebody else may have asked for it meanwhile, and two of one run would lock each other out.
            run = self._at_hand(run_id) or self._make_known(info)
        journal = durable(run.journal)
        if not (journal.driven or journal.over):
            await self.catch_up(journal)
        return run

    def _at_hand(self, run_id: str) -> Run[Any] | None:
        run = self.known.get(run_id)
        return run if run is not None and run.journal.writable else None

    def _make_known(self, info: RunInfo) -> Run[Any]:
        try:
            agent = self.agents.find(info.agent, "")
        except UnknownAgent:
            agent = None
        return self.make(info.run_id, info.agent, info.session, agent)[0]

    def make(
        self, run_id: str, agent_name: str, session: str | None, agent: AgentSpec[Any] | None
    ) -> tuple[Run[Any], DurableJournal]:
        """A run of which nothing is known yet, and its journal."""
        # Who drives a run, waits for it or reads it holds it. Else it goes with its log, as thousands do that are only
        # looked at: held by its own journal it would wait for the garbage collector.
        here: list[ReferenceType[Run[Any]]] = []
        journal = DurableJournal(
            run_id,
            self._bus,
            time.time,
            lambda: self._ended(run_id, here[0]()),
            record=self._writer.record,
            follow=self._follow,
            on_left=lambda journal: self._was_left(journal, here[0]()),
        )
        answer = agent.answer if agent is not None else None
        launcher = self._launcher
        run: Run[Any] = Run(
            journal, agent_name, session, launcher.grace_s, answer, self.desk, may_decide=launcher.may_decide
        )
        here.append(ref(run))
        self.known[run_id] = run
        return run, journal

    def lock(self, run_id: str) -> Lock:
        """What is held while it is settled who drives a run."""
        lock = self._locks.get(run_id)
        if lock is None:
            lock = self._locks[run_id] = Lock()
        return lock

    # --- driven here ---

    def launch(
        self,
        run: Run[Any],
        given: Given,
        ready: Ready,
        left: Sequence[Unanswered],
        limits: Limits,
        spent_s: float = 0.0,
    ) -> None:
        """Have a run driven that was claimed here, from its frontier ``left`` on."""
        run.given = given
        self._register.began(run)
        self._launcher.launch(run, run.journal, ready.stages, left, given.deps, limits, parks=True, spent_s=spent_s)
        if self._closed:
            run.leave("the runtime was closed")

    async def claim(self, journal: DurableJournal, patience_s: float = PATIENCE_S) -> None:
        """Take the lease of a run that may have gone on elsewhere meanwhile.

        :raises RuntimeClosed: nobody here would go on with it.
        """
        self._check_open(journal.run_id)
        # It may have been left this moment: a new token would lock out what it still writes.
        await journal.wait_recorded()
        await self.catch_up(journal)
        if journal.over:
            return
        try:
            lease = await self.leases.claim(journal.run_id, patience_s)
        except RunElsewhere:
            await self.catch_up(journal)
            if journal.over:
                return
            raise
        try:
            await self.catch_up(journal)
            if not journal.over:
                self.drive(journal, lease)
        finally:
            if not journal.driven:
                # Or the run has ended between the two looks, and nothing else would ever give the lease back.
                self.leases.forget(journal.run_id)
                with CancelScope(shield=True):
                    await self.leases.give_back(lease)

    async def take_away(self, run_id: str) -> None:
        """Give back the lease by which another process drives a run; it ends there with the next claim."""
        lease = (await self.log.info(run_id)).lease
        if lease is not None and lease.holder != self.leases.holder:
            await self.log.release(lease)

    def drive(self, journal: DurableJournal, lease: Lease) -> None:
        """Note that a run is driven here from now on, under a lease that was just claimed.

        :raises RuntimeClosed: this was closed meanwhile, and waits for nothing that begins now.
        """
        self._check_open(journal.run_id)
        journal.drive(lease.token)

    def _check_open(self, run_id: str) -> None:
        if self._closed:
            raise closed(run_id)

    async def catch_up(self, journal: DurableJournal) -> None:
        """Take from the store what a run has come to meanwhile."""
        async with aclosing(self.log.read(journal.run_id, after=journal.state.seq)) as events:
            async for event in events:
                journal.adopt(event)

    # --- driven elsewhere, or by nobody ---

    def _follow(self, journal: DurableJournal) -> asyncio.Task[None]:
        return self._owner.spawn(self._followed(journal), name=f"follow run {journal.run_id}")

    async def _followed(self, journal: DurableJournal) -> None:
        try:
            async with aclosing(self.log.tail(journal.run_id, after=journal.state.seq)) as events:
                async for event in events:
                    journal.adopt(event)
                    if isinstance(event, ApprovalDecided):
                        self._go_on(journal.run_id)
        except NoSuchRun:
            journal.fail(deleted(journal.run_id))
            self._spawn_forget(journal)
        except StoreError as error:
            failure = LogUnavailable(f"run {journal.run_id} cannot be followed: {error}", journal.run_id)
            failure.__cause__ = error
            journal.fail(failure)

    def _go_on(self, run_id: str) -> None:
        """Drive a run on that somebody waits for here, and that was decided about by whoever cannot drive it."""
        run = self.known.get(run_id)
        if run is not None and self.desk is not None:
            self._owner.spawn(self.desk.go_on(run), name=f"going on with run {run_id}")

    def _taken(self, run_id: str) -> None:
        run = self.known.get(run_id)
        if run is not None and not run.journal.over:
            self._owner.spawn(self._lost(durable(run.journal)), name=f"lease of run {run_id}")

    async def _lost(self, journal: DurableJournal) -> None:
        token, why = journal.token, await why_lost(self.log, journal.run_id)
        if journal.driven and journal.token == token:
            journal.fail(why)

    def _spawn_forget(self, journal: DurableJournal) -> None:
        self._owner.spawn(self._forget_deleted(journal.run_id), name=f"forget run {journal.run_id}")

    async def _forget_deleted(self, run_id: str) -> None:
        try:
            await self._register.forget(run_id)
        except NotForgotten as error:
            _log.error("%s", error)

    def give_back(self, run_id: str) -> None:
        """Begin to give back the lease of a run, or of a session, that nobody here holds any more."""
        # By the time that the task begins, the run may have been taken up once more.
        lease = self.leases.set_aside(run_id)
        self._owner.spawn(self.leases.give_back(lease), name=f"lease of run {run_id}")

    def _was_left(self, journal: DurableJournal, run: Run[Any] | None) -> None:
        if run is not None:
            if run.given.agent is not None:
                self.agents.keep(run.given.agent)
            self._register.left(run)
            run.leave("it is driven here no more")
        self.left.ring("")
        self.give_back(journal.run_id)
        if isinstance(journal.failure, RunDeleted):
            self._spawn_forget(journal)

    def _ended(self, run_id: str, run: Run[Any] | None) -> None:
        self.leases.forget(run_id)
        if run is not None:
            self._register.over(run)
        self.left.ring("")


def durable(journal: Journal) -> DurableJournal:
    """A journal of a runtime that has a store."""
    assert isinstance(journal, DurableJournal), "a runtime with a store has no other runs"
    return journal


async def wait_begun(journal: DurableJournal) -> None:
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
