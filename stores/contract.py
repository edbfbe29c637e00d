"""What a log of runs is: append, read, follow, list, lease, delete."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self, runtime_checkable

from ..bus.event import Event
from ..events.run import Status

Survives = Literal["nothing", "process-crash", "power-loss"]
"""What an acknowledged append outlives: not even the log object; the death of the process; a cut of the power."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to drive a run. ``token`` goes with each append and is higher than that of every lease before."""

    run_id: str
    holder: str
    token: int
    until: float
    """When it ends unless it is renewed, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a log knows of a run without reading its events."""

    run_id: str
    place: int
    """Grows with each run that begins; to list the runs before this one, pass it as ``before``."""
    agent: str
    session: str | None
    key: str | None
    started_at: float
    """Seconds since the epoch."""
    seq: int
    """The last event."""
    status: Status | None
    """None while the run goes on, or where it was broken off."""
    ended_at: float | None = None
    """When the last event was published, once the run is over."""
    source: str | None = None
    """The run that has this one's events up to ``at`` too: the one that was forked, while it is not deleted."""
    at: int = 0
    """The last event that was forked along; 0 for a run without a source."""
    lease: Lease | None = None
    """By which somebody drives it, if it has not ended; None: nobody does, or the store does not say."""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A named conversation: how many runs it has, and the latest of them."""

    name: str
    runs: int
    latest: str
    started_at: float
    """When the latest run began, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What ``verify`` found: all ``events`` of a run are as they were written, and chain up to ``digest``.

    Whoever keeps the digest elsewhere can tell later that nobody has written the whole run anew.
    """

    run_id: str
    events: int
    digest: str


@runtime_checkable
class EventLog(Protocol):
    """The durable events of many runs, each an unbroken sequence 1, 2, 3 ...

    One log object belongs to one event loop. Whatever a method says of ``raises``, each can raise
    ``StoreUnavailable`` (nothing was written) and ``StoreDamaged``.
    """

    @property
    def survives(self) -> Survives:
        """What an acknowledged append outlives."""
        ...

    async def append(self, events: Sequence[Event], *, token: int = 0) -> None:
        """Write events of one run behind those that it has: all of them or none. It is durable when this returns.

        The events say where they belong: the first one's ``seq`` is one more than the last that the log has.
        ``token`` is that of the run's lease, 0 for a run that nobody ever claimed. An append that ends with
        ``RunFinished`` gives the lease back. Appends of many runs that are under way together share one trip to the
        disk. One that is cancelled while it waits is written all the same.

        :raises WrongSeq: the log does not end right before the first event.
        :raises LeaseLost: the token is not that of the latest lease.
        :raises KeyTaken: the run's idempotency key belongs to another run.
        :raises BadEvent: an event is ephemeral, or cannot be written as JSON.
        """
        ...

    def read(self, run_id: str, *, after: int = 0) -> AsyncGenerator[Event, None]:
        """The events behind ``after``, in order, up to the end of the log; what is before is not read.

        An event that this program does not know comes as ``OpaqueEvent``. Hold it in ``contextlib.aclosing`` where it
        may be left early.

        :raises NoSuchRun: the log has no such run.
        :raises StoreDamaged: an event is not what was written; those before it have been given.
        """
        ...

    def tail(self, run_id: str, *, after: int = 0) -> AsyncGenerator[Event, None]:
        """The same, and then each further event as it is written, by whichever process; ends after ``RunFinished``."""
        ...

    async def info(self, run_id: str) -> RunInfo:
        """One run.

        :raises NoSuchRun: the log has no such run.
        """
        ...

    async def runs(
        self,
        *,
        session: str | None = None,
        key: str | None = None,
        agent: str | None = None,
        status: Status | None = None,
        unfinished: bool = False,
        before: int | None = None,
        limit: int = 100,
    ) -> list[RunInfo]:
        """Runs, the latest first: all, or those of a session or an agent, with a key or a status, without an end.

        The next page begins ``before`` the place of the last run of this one.
        """
        ...

    async def sessions(self) -> list[SessionInfo]:
        """Every named conversation, the one with the latest run first."""
        ...

    async def fork(
        self, source: str, run_id: str, *, at: int, agent: str = "", session: str | None = None, token: int = 0
    ) -> None:
        """Begin run ``run_id`` with the events 1 to ``at`` of another one, which are not copied: both runs have them.

        Whoever reads the fork gets them as its own, with its id; what is appended to it begins with ``at + 1``. Its
        chain goes on from the source's, so ``verify`` proves the shared part along with the rest. It has the source's
        ``agent`` if no other is named, no key, the store's time as its start, and outlives the source. ``token`` is
        that of the fork's lease.

        :raises NoSuchRun: the log has no such source.
        :raises StoreMisused: the source has no event ``at``.
        :raises WrongSeq: there is a run ``run_id`` already.
        :raises LeaseLost: the token is not that of the latest lease of ``run_id``.
        """
        ...

    async def verify(self, run_id: str) -> Proof:
        """Prove that no event of a run was changed, moved, put in or taken out since it was written.

        :raises NoSuchRun: the log has no such run.
        :raises StoreDamaged: one was; ``seq`` names the first.
        """
        ...

    async def delete(self, run_id: str) -> bool:
        """Delete a run for good, with its lease and the artifacts that no other run refers to; False if there is none.

        Events that forks of it have too stay theirs, and nobody else's. Whoever still writes it is refused from now on.
        """
        ...

    async def delete_session(self, name: str) -> int:
        """Delete every run of a session for good; the answer is how many there were."""
        ...

    async def expire(self, *, ended_before: float, limit: int = 1_000) -> int:
        """Delete for good the runs that ended before a time, in seconds since the epoch; unfinished ones stay.

        At most ``limit`` of them, those that ended first, in one go: call it again while the answer, which is how many
        there were, is ``limit``.
        """
        ...

    async def claim(self, run_id: str, holder: str, *, ttl_s: float = 30.0) -> Lease:
        """Take the right to drive a run, which may not have begun yet. Claiming one's own again gives a new token.

        A lease that ends later than its whole length from now was written under another clock, and counts as ended:
        the token keeps the log whole whatever the clocks say.

        :raises LeaseHeld: somebody else has it, and it has not ended.
        """
        ...

    async def renew(self, holder: str, *, ttl_s: float = 30.0) -> frozenset[str]:
        """Make all leases of a holder last ``ttl_s`` from now; the answer is which runs it still holds."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give a lease back, so that the next one need not wait for its end. Its token stays used up.

        It need not be one's own: that of ``RunInfo.lease`` takes a run away from whoever drives it.
        """
        ...

    async def aclose(self) -> None:
        """Write what is under way, then let go of the store. Closing twice is harmless."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
