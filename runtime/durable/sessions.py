"""Named conversations in a store: a session is its runs, and its conversation is that of the latest."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from math import inf
from typing import Any
from weakref import WeakValueDictionary

from anyio import Lock

from ...events.content import Message
from ...stores.admission import key_taken
from ...stores.contract import EventLog, RunInfo
from ...stores.errors import NoSuchRun
from ..errors import RunDeleted, RunElsewhere, RunTaken, SessionBusy
from ..run import Run
from ..wish import Wish, branch
from .leases import Leases

_PATIENCE_S = 5.0
"""How long the beginning of a run waits for that of another one of the session, in another process."""


class StoredSessions:
    """Lets runs into their sessions: one at a time, whichever process they are in.

    A run that has no end has its session. The beginning of a run holds a lease of the session's name, so that of two
    that begin at once the second sees the first; ``let_go`` gives it back beside the run. Runs of this process that
    wait for one are served in the order of their coming.
    """

    def __init__(
        self,
        log: EventLog,
        leases: Leases,
        get: Callable[[str], Awaitable[Run[Any]]],
        let_go: Callable[[str], None],
    ) -> None:
        self._let_go = let_go
        self._log = log
        self._leases = leases
        self._get = get
        self._queues: WeakValueDictionary[str, Lock] = WeakValueDictionary()
        self._doors: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def entered(self, name: str, run_id: str, wish: Wish) -> AsyncGenerator[tuple[str, tuple[Message, ...]]]:
        """Hold a session while a run of it begins; gives the name that the run has it under, and the conversation.

        :raises SessionBusy: a run of it has no end, and the wish is not to wait or to fork.
        :raises KeyTaken: that run has the wish's key.
        """
        async with _lock(self._queues, name) if wish.if_busy == "queue" else nullcontext():
            while True:
                async with self.held(name, waits=wish.if_busy == "queue"):
                    latest = await self._latest(name)
                    busy = latest is not None and latest.status is None
                    if not busy or wish.if_busy == "fork":
                        conversation = await self._conversation(latest)
                        if conversation is not None:
                            yield branch(name, run_id) if busy else name, conversation
                            return
                await self._turned_away(wish, latest)

    @asynccontextmanager
    async def held(self, name: str, *, waits: bool = False) -> AsyncGenerator[None]:
        """Hold a session, so that no run of it begins meanwhile.

        :raises SessionBusy: another process holds it for longer than our patience, and ``waits`` is not said.
        """
        async with _lock(self._doors, name):
            lease = lease_of(name)
            try:
                await self._leases.claim(lease, inf if waits else _PATIENCE_S)
            except RunElsewhere as held:
                raise SessionBusy(f"another run of session {name!r} begins just now, in another process") from held
            try:
                yield
            finally:
                self._let_go(lease)

    @asynccontextmanager
    async def free(self, name: str) -> AsyncGenerator[None]:
        """Hold a session that no run has.

        :raises SessionBusy: a run of it has no end.
        """
        async with self.held(name):
            latest = await self._latest(name)
            if latest is not None and latest.status is None:
                raise _busy(latest, await self._get(latest.run_id))
            yield

    async def _latest(self, name: str) -> RunInfo | None:
        return next(iter(await self._log.runs(session=name, limit=1)), None)

    async def _conversation(self, latest: RunInfo | None) -> tuple[Message, ...] | None:
        """What a run has come to so far, every call that is open just now left out; None if it was just deleted."""
        if latest is None:
            return ()
        try:
            transcript = (await self._get(latest.run_id)).state.transcript
        except NoSuchRun:
            return None
        messages = tuple(transcript.messages)
        return messages[:-1] if transcript.calls else messages

    async def _turned_away(self, wish: Wish, holder: RunInfo | None) -> None:
        """Wait until the run that has a session is over, or say why not."""
        if holder is None or holder.status is not None:
            return
        if wish.key is not None and holder.key == wish.key:
            raise key_taken(wish.key, holder.run_id)
        try:
            run = await self._get(holder.run_id)
            if wish.if_busy != "queue":
                raise _busy(holder, run)
            await run.outcome()
        except (NoSuchRun, RunDeleted, RunTaken):
            # It is gone, or goes on in another process: whoever looks again sees which.
            return


def lease_of(name: str) -> str:
    """What a session is called among leases."""
    return f"session {name}"


def _busy(holder: RunInfo, run: Run[Any]) -> SessionBusy:
    waiting = ", ".join(run.state.waiting)
    advice = (
        f"it waits for a decision about {waiting}: decide, or cancel it first"
        if waiting
        else "wait for its result, send to it, resume it if nobody drives it, or cancel it first"
    )
    return SessionBusy(f"session {holder.session!r} is in use by run {holder.run_id}; {advice}")


def _lock(locks: WeakValueDictionary[str, Lock], name: str) -> Lock:
    lock = locks.get(name)
    if lock is None:
        lock = locks[name] = Lock()
    return lock
