"""The runs whose logs are kept in memory: started, and forgotten."""

import secrets
import time
from typing import Any, cast
from weakref import WeakValueDictionary

from anyio import Lock

from ..bus import nesting
from ..events.content import Message
from ..events.run import RunStarted
from .errors import SessionBusy
from .fixtures import Fixtures
from .frontier import Unanswered
from .given import Given
from .journal import Journal
from .keys import Keys
from .register import Register
from .roll import Roll
from .run import Run
from .sessions import Sessions
from .wish import Wish, branch


class InMemory:
    """The runs of a runtime without a store."""

    def __init__(self, fixtures: Fixtures, register: Register, roll: Roll, sessions: Sessions) -> None:
        self._bus = fixtures.bus
        self._launcher = fixtures.launcher
        self._prepared = fixtures.prepared
        self._register = register
        self._roll = roll
        self._sessions = sessions
        self._keys = Keys()
        self._queues: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    async def start(self, wish: Wish) -> Run[Any]:
        """Start a run, or find the one that has the wish's key.

        :raises SessionBusy: another run of the session goes on.
        :raises KeyReused: the key belongs to another request.
        """
        known = self._keys.find(wish.key) if wish.key is not None else None
        if known is not None:
            wish.check_same(known[0])
            return known[1]
        ready = self._prepared.ready(wish.agent, wish.limits)
        run_id = secrets.token_hex(10)
        session = wish.session
        history: tuple[Message, ...] = ()
        if session is not None:
            if wish.if_busy == "queue":
                return await self._start_in_turn(wish, session)
            history = self._sessions.messages(session)
            if wish.if_busy == "fork" and self._sessions.holder(session) is not None:
                session = branch(session, run_id)
        first = wish.first(ready, session, history)
        # The last things that can go wrong: from here on there is a run, and it ends whatever happens.
        nesting.chain_of(first)
        if session is not None:
            self._sessions.take(session, run_id)
        journal = Journal(run_id, self._bus, time.time, lambda: self._register.over(run))
        launcher = self._launcher
        run: Run[Any] = Run(
            journal, wish.agent.name, session, launcher.grace_s, wish.agent.answer, may_decide=launcher.may_decide
        )
        run.given = Given(wish.agent)
        self._register.began(run)
        journal.append(first, 0)
        launcher.launch(run, journal, ready.stages, [Unanswered(first)], wish.deps, wish.limits)
        if wish.key is not None:
            self._keys.remember(wish.key, first, run)
        return run

    async def _start_in_turn(self, wish: Wish, session: str) -> Run[Any]:
        """Start a run when no other has its session; those that wait are served in the order of their coming."""
        lock = self._queues.get(session)
        if lock is None:
            lock = self._queues[session] = Lock()
        async with lock:
            while True:
                try:
                    return await self.start(wish._replace(if_busy="reject"))
                except SessionBusy:
                    holder = self._roll.find(self._sessions.holder(session) or "")
                    if holder is None:
                        raise
                    await holder.outcome()

    # --- what is deleted (see ``Deleter``) ---

    async def delete(self, run_id: str) -> bool:
        """Stop a run if it goes on, and keep nothing of it; False if it is not remembered."""
        run = next((run for run in self._remembered if run.id == run_id), None)
        if run is not None:
            if run.session is not None:
                # Before it ends: whoever waits for its session must not be told what it said.
                self._sessions.take_back(run.session, run_id, self._before(run, run.session))
            await run.cancel("the run is deleted", author="runtime")
            self._keys.forget(run_id)
        await self._register.forget(run_id)
        return run is not None

    async def delete_session(self, name: str) -> int:
        """Delete every run of a session that is remembered, and its conversation; the answer is how many there were."""
        count = 0
        while runs := [run for run in self._remembered if run.session == name]:
            for run in runs:
                count += await self.delete(run.id)
        self._sessions.forget(name)
        return count

    async def expire(self, ended_before: float) -> int:
        """Delete the runs that ended before a time; the answer is how many there were."""
        old = [run for run in self._remembered if run.status is not None and run.log[-1].at < ended_before]
        for run in old:
            await self.delete(run.id)
        return len(old)

    @property
    def _remembered(self) -> list[Run[Any]]:
        runs = (*self._keys.runs, *self._roll.finished, *self._roll.live)
        return list({run.id: run for run in runs}.values())

    def _before(self, run: Run[Any], session: str) -> tuple[str, list[Message]] | None:
        """The run before this one in its session, and what it made of the conversation, if this one was told that."""
        told = cast(RunStarted, run.log[0]).history
        for other in reversed(self._roll.finished):
            said = other.state.messages
            if other.session == session and other is not run and told[: len(said)] == tuple(said):
                return other.id, said
        return None
