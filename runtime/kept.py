"""What may be asked of a runtime about runs that its store has, whoever drives them."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from ..backends.contract import Backend
from ..bus.bus import Bus
from ..bus.event import Event
from ..events.content import Message
from ..handlers.limits import Limits
from ..stores.contract import EventLog
from ..stores.errors import NoSuchRun
from .agents import Agents
from .checks import ID, LABEL, PAUSE, check, of
from .deps import check_deps
from .durable.forking import Edit
from .durable.house import StoreHouse
from .durable.unfinished import Unfinished
from .errors import BadInput
from .given import Given
from .life import Life
from .prepared import Prepared
from .reader import Reader
from .replaying.replay import replay_events
from .replaying.rulings import JUDGED
from .result import RunResult
from .roll import Roll
from .run import Run
from .said import said
from .spec import AgentSpec, OutputT

_RECOVER = {"every_s": PAUSE}
_RUN = {"run_id": ID}
_FORK = {
    "at": of(int, "the seq of an event"),
    "agent": of(AgentSpec | None, "an Agent, or None"),
    "results": of(Mapping | None, "results by the ids of their calls, such as {'3.0': 'done'}"),
    "session": LABEL,
    "limits": of(Limits | None, "Limits(...), or None"),
}


class Kept:
    """The doors to the runs in the store of a runtime. All but ``attach`` and ``get`` need one.

    :raises BadInput: there is none.
    """

    _stored: StoreHouse | None
    _roll: Roll
    _agents: Agents
    _prepared: Prepared
    _life: Life
    bus: Bus

    def find(self, run_id: str) -> Run | None:
        """The run of this id, if it goes on here or is among the last that are over here; else None.

        Of those, 1,024 runs are kept at most, and 50,000 events.
        An id cannot be guessed, but who has seen it knows it: ask whose run it is before you show it.
        """
        return self._roll.find(run_id)

    @property
    def store(self) -> EventLog:
        """Where the logs of all runs are kept."""
        return self._with_store("store").log

    async def get(self, run_id: str) -> Run:
        """A run, whether it goes on here, elsewhere, nowhere, or is over. Nothing is driven by this.

        :raises NoSuchRun: there is no such run.
        :raises BadInput: ``run_id`` is no text; so say all that take one.
        """
        check(_RUN, run_id=run_id)
        run = self.find(run_id)
        if run is not None:
            return run
        if self._stored is None:
            raise NoSuchRun(f"this runtime has no run {run_id}, or has forgotten it; a store would keep it")
        return await self._stored.shelf.get(run_id)

    async def resume(
        self,
        run_id: str,
        *,
        agent: AgentSpec[OutputT] | None = None,
        deps: Any = None,
        limits: Limits | None = None,
    ) -> Run[OutputT]:
        """Go on with a run from where its log ends, and return it at once; one that goes on here already is returned.

        A reply that is in the log is not paid for again. A tool that was started and has no result is not started
        again, unless it is declared ``idempotent``: its outcome is ``unknown``, and the model is told. A run that waits
        for people still does. ``agent`` is found by its name where it is not given, and ``deps`` are made by the
        runtime's ``deps_for``.

        :raises NoSuchRun: the store has no such run.
        :raises UnknownAgent: no agent of that name is known here.
        :raises NoDeps: its tools need deps, and there are none.
        :raises RunElsewhere: another process drives the run.
        :raises CannotResume: its log has something in it that this program cannot go on from.
        """
        stored = self._kept("resume()")
        check(_RUN, run_id=run_id)
        run = self.find(run_id) or await stored.shelf.get(run_id)
        await stored.keeper.whole(run_id, lambda: stored.keeper.take_up(run, Given(agent, deps, limits)))
        return run

    async def recover(self, *, deps: Any = None, every_s: float | None = None) -> list[Run]:
        """Go on with every run that has no end, nobody drives, and does not only wait for people; those are returned.

        One that cannot go on here is left alone, and the log says why. One that another process has is tried once more
        when its lease must have ended: a process that died cannot give it back. With ``every_s`` it all begins again
        every so many seconds, so that this process takes up what others leave behind; call it when your agents and
        policies are in place. A later call takes the place of an earlier one.

        A run that was taken up too often without getting on (``KeepOptions.attempts``) ends failed, as a dead letter.
        So that it takes no others along, those that were taken up twice wait for their turn: they go on one by one.
        At most ``KeepOptions.recover_at_once`` go on by this at a time, and those behind follow as these end.

        :raises StoreError: the store cannot say which runs there are.
        :raises BadInput: ``every_s`` is no time.
        """
        stored = self._kept("recover()")
        check(_RECOVER, every_s=every_s)
        unfinished = Unfinished(stored.log, stored.forks.delete_half_made)
        return await stored.keeper.recover(unfinished, deps, every_s)

    async def fork(
        self,
        run_id: str,
        *,
        at: int,
        agent: AgentSpec[OutputT] | None = None,
        model: str | Backend | None = None,
        message: str | Message | None = None,
        results: Mapping[str, str] | None = None,
        session: str | None = None,
        deps: Any = None,
        limits: Limits | None = None,
    ) -> Run[OutputT]:
        """Start a run that has the first ``at`` events of another one and goes its own way from there; return it.

        The shared events are not copied. What is changed: ``message`` is said to the model beside the rest, ``results``
        stand in for what the tools of calls that are open there would have said, ``model`` is asked from there on, or
        another ``agent`` goes on, which else is found by its name. A call that had been started there is not started
        again, as after a crash. The fork is in no session unless one is named.

        :raises NoSuchRun: the store has no such run.
        :raises StoreMisused: the run has no event ``at``.
        :raises BadInput: the run is over there, or one of the ``results`` is for a call that is not open there.
        :raises SessionBusy: a run of ``session`` has no end.
        :raises UnknownAgent: no agent of the run's name is known here.
        :raises NoDeps: a tool says that it needs deps, and there are none.
        """
        stored = self._kept("fork()")
        check(_RUN, run_id=run_id)
        check(_FORK, at=at, agent=agent, results=results, session=session, limits=limits)
        info = await stored.log.info(run_id)
        base = agent or self._agents.find(info.agent, "")
        used = base if model is None else replace(base, model=model)
        if used is not base:
            self._agents.meet(used)
        edit = Edit(
            message=None if message is None else said(message),
            results=dict(results or {}),
            model="" if model is None else self._prepared.backend(model).model,
            agent="" if agent is None else agent.name,
        )
        check_deps(used, deps)
        return await stored.forks.fork(run_id, at, edit, used, session, deps, limits)

    async def replay(
        self,
        run_id: str,
        *,
        agent: AgentSpec[OutputT] | None = None,
        deps: Any = None,
        limits: Limits | None = None,
    ) -> RunResult[OutputT] | None:
        """Execute a run again, with models, tools and people answered from its log; what comes of it must be that log.

        Nothing is done on the way, and nothing written. The answer is what the run came to, None if it has no end yet.
        Of the kinds of events that policies are attached for now, what those made of them is taken from the log.
        ``limits`` are those that the run was started with, where they were not the agent's own.

        :raises ReplayMismatch: the code does something else than it did; names the first event and shows a diff.
        :raises NoSuchRun: there is no such run.
        """
        run = await self.get(run_id)
        found = agent or self._agents.find(run.agent, run.state.setup)
        judged = [each for each in JUDGED if self.bus.routes(each).policies]
        return await replay_events(found, run.log, judged=judged, deps=deps, limits=limits)

    def attach(self, run_id: str, *, after: int = 0, ephemeral: bool = False) -> Reader | AsyncGenerator[Event, None]:
        """Every durable event of a run behind ``after``, once and in order, then those to come, up to the terminal one.

        The run may be driven here, in another process, or be over; nothing before ``after`` is read. With ``ephemeral``
        the pieces of messages come too, of a run that is driven here.

        :raises NoSuchRun: there is no such run; raised by the iteration.
        """
        check(_RUN, run_id=run_id)
        run = self.find(run_id)
        if run is not None:
            return run.events(after=after, ephemeral=ephemeral)
        if self._stored is None:
            raise NoSuchRun(f"this runtime has no run {run_id}, or has forgotten it; a store would keep it")
        return self._stored.log.tail(run_id, after=after)

    async def decide(
        self,
        run_id: str,
        call_id: str,
        *,
        approve: bool,
        author: str = "",
        reason: str = "",
        arguments: Mapping[str, JsonValue] | None = None,
        binding: str | None = None,
        agent: AgentSpec[OutputT] | None = None,
        deps: Any = None,
        limits: Limits | None = None,
    ) -> Run[OutputT]:
        """Decide about a call of any run of the store (see ``Run.decide``), and let it go on here, if it can.

        It goes on with ``agent``, ``deps`` and ``limits``, as by ``resume``.
        """
        run = await self.get(run_id)
        await run.decide(
            call_id,
            approve=approve,
            author=author,
            reason=reason,
            arguments=arguments,
            binding=binding,
            given=Given(agent, deps, limits),
        )
        return run

    def _kept(self, what: str) -> StoreHouse:
        self._life.check()
        return self._with_store(what)

    def _with_store(self, what: str) -> StoreHouse:
        if self._stored is None:
            raise BadInput(f"{what} needs a store; make the runtime with one: Runtime(store='sqlite:///runs.db')")
        return self._stored
