"""Named conversations in a store: a session is its runs, and its conversation is that of the latest."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary

from anyio import Lock

from ...events.content import Message
from ...stores.contract import EventLog, RunInfo
from ..errors import RunElsewhere, SessionBusy
from ..run import Run
from ..wish import IfBusy, branch
from .leases import Leases

_PATIENCE_S = 5.0
"""How long the beginning of a run waits for that of another one of the session, in another process."""


class StoredSessions:
    """Lets runs into their sessions: one at a time, whichever process they are in.

    A run that has no end has its session. The beginning of a run holds a lease of the session's name, so that of two
    that begin at once the second sees the first.
    """

    def __init__(self, log: EventLog, leases: Leases, get: Callable[[str], Awaitable[Run[Any]]]) -> None:
        self._log = log
        self._leases = leases
        self._get = get
        self._queues: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def entered(
        self, name: str, run_id: str, if_busy: IfBusy
    ) -> AsyncGenerator[tuple[str, tuple[Message, ...]], None]:
        """Hold a session while a run of it begins; gives the name that the run has it under, and the conversation.

        :raises SessionBusy: a run of it has no end, and ``if_busy`` is not to wait or to fork.
        """
        lock = self._queues.get(name)
        if lock is None:
            lock = self._queues[name] = Lock()
        async with lock:
            while True:
                async with self._held(name):
                    latest = await self._latest(name)
                    if latest is None or latest.status is not None or if_busy == "fork":
                        busy = latest is not None and latest.status is None
                        yield branch(name, run_id) if busy else name, await self._conversation(latest)
                        return
                if if_busy == "reject":
                    raise SessionBusy(
                        f"session {name!r} is in use by run {latest.run_id}; wait for its result, send to it, resume "
                        "it if nobody drives it, or cancel it first"
                    )
                await (await self._get(latest.run_id)).outcome()

    @asynccontextmanager
    async def _held(self, name: str) -> AsyncGenerator[None, None]:
        lease = f"session {name}"
        try:
            await self._leases.claim(lease, _PATIENCE_S)
        except RunElsewhere as held:
            raise SessionBusy(f"another run of session {name!r} begins just now, in another process") from held
        try:
            yield
        finally:
            await self._leases.release(lease)

    async def _latest(self, name: str) -> RunInfo | None:
        return next(iter(await self._log.runs(session=name, limit=1)), None)

    async def _conversation(self, latest: RunInfo | None) -> tuple[Message, ...]:
        """What a run has come to so far, every call that is open just now left out."""
        if latest is None:
            return ()
        transcript = (await self._get(latest.run_id)).state.transcript
        messages = tuple(transcript.messages)
        return messages[:-1] if transcript.calls else messages
