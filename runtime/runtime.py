"""The runtime: owns every long-lived task, thread and connection, and starts runs."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Self, get_args

from anyio import move_on_after

from ..bus.bus import Bus
from ..bus.guest import Watch
from ..bus.tasks import TaskOwner
from ..events.content import Message
from ..handlers.limits import Limits
from ..stores.contract import EventLog
from ..stores.location import open_log
from ..tools.threads import ThreadPool
from .agents import Agents
from .approvals import MayDecide
from .checks import AGENTS, COUNT, FUNCTION, LABEL, MESSAGES, SUBSCRIBERS, TIME, Rule, check, of
from .collector import patience
from .deleting import Deleter, Deleting
from .deps import DepsFor, check_deps
from .durable.house import StoreHouse
from .durable.options import KeepOptions
from .fixtures import Fixtures
from .helpers import Zombie, Zombies
from .in_memory import InMemory
from .kept import Kept
from .launch import Launcher
from .life import Life
from .prepared import Prepared
from .register import Register
from .reminders import Reminders
from .result import RunResult
from .roll import Roll
from .run import Run
from .said import conversation, said
from .sessions import Sessions
from .spec import AgentSpec, OutputT
from .stopping import Stopping
from .subscribing import Subscribing
from .watchdog import Watchdog
from .wish import IfBusy, Wish

_IF_BUSY = get_args(IfBusy)
_REQUEST = {
    "agent": of(AgentSpec, "an Agent, such as Agent('local')"),
    "messages": MESSAGES,
    "session": LABEL,
    "if_busy": Rule(_IF_BUSY.__contains__, f"one of {', '.join(map(repr, _IF_BUSY))}"),
    "key": LABEL,
    "limits": of(Limits | None, "Limits(...), or None"),
}
_OPTIONS = {
    "store": of(str | EventLog | None, "a URL such as 'sqlite:///runs.db', an EventLog, or None for memory"),
    "agents": AGENTS,
    "keeping": of(KeepOptions | None, "KeepOptions(...), or None"),
    "subscribers": SUBSCRIBERS,
    "grace_s": TIME,
    "threads": COUNT,
    "blocked_s": TIME,
    "sessions": COUNT,
    "may_decide": FUNCTION,
    "deps_for": FUNCTION,
}


class Runtime(Subscribing, Kept, Deleting):
    """Where runs live. Use it as ``async with Runtime() as runtime``; leaving the block stops every run.

    ``store`` is where the logs of all runs are kept: a URL such as ``sqlite:///runs.db``, or an ``EventLog``, which the
    caller closes. Then leaving the block only *leaves* the runs, and ``resume`` or ``recover`` go on with them, in this
    or another process. None is memory. ``agents`` are those that runs of other processes may be found to have, by name;
    ``keeping`` bounds what is done with the store.

    ``grace_s`` is how long a run may take to stop before its log is closed without it. ``threads`` is how many sync
    tools may run at once. ``blocked_s`` is how long the event loop may stand still before ``LoopBlocked`` says so;
    0 is never. ``sessions`` is how many named conversations are kept that no run has just now; the one that was used
    longest ago is forgotten first. ``may_decide`` is asked before each decision about a call that waits, wherever it
    comes from but a question's own time-out: with the author, the approver who is asked by now, and the question; None
    lets everybody decide. ``deps_for`` makes the deps of a run that is taken up here and for which nobody gave any: a
    function of the ``Run``, which has a session and a log, plain or async.

    :raises BadInput: an option is not what it must be.
    """

    def __init__(
        self,
        *,
        store: str | EventLog | None = None,
        agents: Sequence[AgentSpec[Any]] = (),
        subscribers: Sequence[object] = (),
        grace_s: float = 5.0,
        threads: int = 40,
        blocked_s: float = 0.5,
        sessions: int = 1024,
        keeping: KeepOptions | None = None,
        may_decide: MayDecide | None = None,
        deps_for: DepsFor | None = None,
    ) -> None:
        check(
            _OPTIONS,
            store=store,
            agents=agents,
            keeping=keeping,
            subscribers=subscribers,
            grace_s=grace_s,
            threads=threads,
            blocked_s=blocked_s,
            sessions=sessions,
            may_decide=may_decide,
            deps_for=deps_for,
        )
        self.sessions = Sessions(sessions)
        self._grace_s = grace_s
        self._owner = TaskOwner("the runtime")
        super().__init__(Bus(self._owner.spawn))
        self._threads = ThreadPool(threads)
        self._watch = Watch()
        self._watchdog = Watchdog(self._watch, self.bus.publish, blocked_s)
        self._zombies = Zombies()
        self._reminders = Reminders(self._owner.spawn, self.get)
        self._launcher = Launcher(
            self.bus, self._owner, self._watch, self._zombies, self._reminders, grace_s, may_decide
        )
        self._roll = Roll()
        self._prepared = Prepared(self._threads)
        self._agents = Agents(agents)
        self._store = open_log(store) if isinstance(store, str) else store
        self._owns_store = isinstance(store, str)
        fixtures = Fixtures(self.bus, self._owner, self._launcher, self._prepared, self._agents)
        register = Register(
            self._roll, self._reminders, self.sessions if self._store is None else None, self._subscribers_forget
        )
        self._stored = (
            None
            if self._store is None
            else StoreHouse(self._store, keeping or KeepOptions(), fixtures, register, deps_for)
        )
        self._house = self._stored or InMemory(fixtures, register, self._roll, self.sessions)
        self._deleter: Deleter = self._house if isinstance(self._house, InMemory) else self._house.deleter
        self._life = Life()
        for subscriber in subscribers:
            self.subscribe(subscriber)

    def __repr__(self) -> str:
        return f"<Runtime {self._life.state}, {len(self.runs)} live runs>"

    # --- life ---

    async def open(self) -> None:
        """Begin to take runs; ``async with`` does this.

        :raises UsageError: it was opened before; a runtime lives once.
        :raises StoreError: its store cannot be used.
        """
        self._life.begin()
        patience.want()
        self._watchdog.start()
        try:
            if self._stored is not None:
                await self._stored.shelf.open()
            self._begin_early()
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Stop every run, then everything else; nothing is left but what ``zombies`` lists. Twice is harmless.

        Runs, then observers, then tasks, then each backend are waited for, each for the grace time at most.
        """
        if not self._life.began:
            return
        was_open = self._life.end()
        async with AsyncExitStack() as last_first:
            # All of these happen, whatever one of them raises and whoever cancels meanwhile.
            if was_open:
                last_first.callback(patience.release)
            if self._store is not None and self._owns_store:
                last_first.push_async_callback(self._store.aclose)
            last_first.callback(self._watchdog.stop)
            last_first.callback(self._reminders.close)
            last_first.callback(self._threads.close)
            last_first.push_async_callback(self._prepared.aclose, self._grace_s)
            last_first.push_async_callback(self._end_tasks)
            last_first.callback(self.bus.close)
            await self._stop_runs()
            with move_on_after(self._grace_s):
                await self.bus.drain()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    # --- runs ---

    async def start(
        self,
        agent: AgentSpec[OutputT],
        prompt: str | Message,
        *,
        messages: Sequence[Message] = (),
        session: str | None = None,
        if_busy: IfBusy = "reject",
        key: str | None = None,
        deps: Any = None,
        limits: Limits | None = None,
    ) -> Run[OutputT]:
        """Start a run that goes on by itself, and return it at once; where there is a store, when it has the run.

        ``messages`` is a conversation to continue; ``session`` names one that this runtime keeps. While another run
        of it goes on, ``if_busy`` is what happens: ``reject`` is SessionBusy, ``queue`` waits for its turn, ``fork``
        continues the conversation as it stands under a name of its own, ``<session>/<run id>``. The same ``key`` gives
        the same run: in memory as long as it is among the last thousand, with a store from any process. ``deps`` is
        handed to the tools and to instructions that are a function; it is not recorded.

        :raises RuntimeClosed: this runtime is not open.
        :raises OtherLoop: it was opened in another event loop than this one.
        :raises SessionBusy: another run of the session goes on.
        :raises KeyReused: the key was used for another prompt or agent.
        :raises StoreError: the run could not be recorded, so there is none.
        :raises NotConfigured: the model's name, key or extra is missing.
        :raises NoDeps: a tool says by ``ToolContext[Shop]`` that it needs a Shop, and there are no ``deps``.
        :raises BadInput: an argument is not what it must be; nothing was started.
        """
        self._life.check()
        check(_REQUEST, agent=agent, messages=messages, session=session, if_busy=if_busy, key=key, limits=limits)
        check_deps(agent, deps)
        self._agents.meet(agent)
        wish = Wish(agent, said(prompt), conversation(messages), session, if_busy, key, deps, limits or agent.limits)
        return await self._house.start(wish)

    async def run(
        self,
        agent: AgentSpec[OutputT],
        prompt: str | Message,
        *,
        messages: Sequence[Message] = (),
        session: str | None = None,
        deps: Any = None,
        limits: Limits | None = None,
    ) -> RunResult[OutputT]:
        """Start a run and wait for its result. Cancelling the wait cancels the run.

        :raises RunFailed, RunCancelled, LimitReached: it did not complete; each carries the partial ``result``.
        """
        run = await self.start(agent, prompt, messages=messages, session=session, deps=deps, limits=limits)
        try:
            return await run.result()
        except asyncio.CancelledError:
            run.stop(Stopping("cancelled", "the caller was cancelled"), "caller")
            await run.wait_shielded()
            raise

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that go on, the oldest first."""
        return self._roll.live

    async def drain(self) -> None:
        """Wait until every observer has handled what has happened so far; tests do, before they look at one.

        :raises Deadlock: called from a handler, which would wait for itself.
        """
        await self.bus.drain()

    @property
    def zombies(self) -> list[Zombie]:
        """What was cancelled, did not end within the grace time, and cannot be killed, the oldest first.

        A thread is listed from the moment that nobody waits for it any more; which run it was for is not known.
        """
        now = time.monotonic()
        threads = [Zombie("", f"thread in {left.what}", now - left.age_s) for left in self._threads.abandoned_calls()]
        return sorted([*self._zombies.list(), *threads], key=lambda zombie: zombie.since)

    # --- the end of everything ---

    async def _stop_runs(self) -> None:
        if self._stored is not None:
            await self._stored.shelf.aclose(self._grace_s)
        runs = self.runs
        for run in runs:
            run.stop(Stopping("cancelled", "the runtime was closed"), "runtime")
        for run in runs:
            await run.outcome()

    async def _end_tasks(self) -> None:
        for task in await self._owner.aclose(self._grace_s, self._zombies.tasks):
            self._zombies.add(task, "")
