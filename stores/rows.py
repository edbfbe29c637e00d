"""What a store keeps: rows of bytes that it need not understand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

from ..events.run import Status
from .bells import Bells
from .contract import Lease, RunInfo, SessionInfo, Survives


class Entry(NamedTuple):
    """One event as data, on its way in: ``body`` is the JSON of its fields but for ``run_id`` and ``seq``.

    A body that begins with ``[`` has holes, which artifacts fill.
    """

    seq: int
    name: str
    version: int
    body: bytes


class Row(NamedTuple):
    """One event as a store keeps it: ``digest`` is the SHA-256 over the digest before it and what the row says."""

    seq: int
    name: str
    version: int
    body: bytes
    digest: bytes


class Opening(NamedTuple):
    """What the first event says of its run."""

    agent: str
    session: str | None
    key: str | None
    started_at: float


class Ending(NamedTuple):
    """What the last event says of its run."""

    status: Status
    ended_at: float


@dataclass(frozen=True, slots=True)
class Batch:
    """What one append writes, together or not at all."""

    run_id: str
    entries: Sequence[Entry]
    token: int = 0
    opening: Opening | None = None
    """Set where the first entry begins the run."""
    ending: Ending | None = None
    """Set where the last entry ends it."""
    artifacts: Mapping[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    """Large values by their SHA-256; ``artifacts.used`` says which entry has which."""


class Fork(NamedTuple):
    """A run to begin with the events of another; the fields are those of ``EventLog.fork``."""

    source: str
    run_id: str
    at: int
    session: str | None = None
    token: int = 0
    agent: str = ""


class Head(NamedTuple):
    """Where the log of a run ends."""

    seq: int
    digest: bytes


class Page(NamedTuple):
    """Some rows of one run, and what they must fit to."""

    head: Head
    before: bytes
    """The digest of the row before the first one that was asked for; ahead of row 1 stands the run's genesis.

    The genesis of a fork is its source's, also when that is deleted: a store keeps it with the fork.
    """
    rows: list[Row]


class RunQuery(NamedTuple):
    """Which runs to list; the fields are those of ``EventLog.runs``."""

    session: str | None = None
    key: str | None = None
    agent: str | None = None
    status: Status | None = None
    unfinished: bool = False
    before: int | None = None
    limit: int = 100


class RowStore(Protocol):
    """Keeps rows. ``Log`` makes an ``EventLog`` of it; the errors are those that ``EventLog`` names."""

    @property
    def survives(self) -> Survives: ...

    async def append(self, batch: Batch) -> None:
        """Check a batch with ``admit``, and write what that gives; one with an ending gives the run's lease back."""
        ...

    async def fork(self, fork: Fork) -> None:
        """Check a fork with ``admit_fork``, and write down that it has the rows of its source up to ``fork.at``.

        Its head is then ``(fork.at, the digest of that row)``. If ``fork.at`` is the source's end, its ending is the
        source's too.
        """
        ...

    async def page(self, run_id: str, after: int, limit: int) -> Page:
        """At most ``limit`` rows behind ``after``, in order, and without reading those before.

        A fork's are its source's up to where it was forked, which may be a fork too, and then its own.
        """
        ...

    async def artifacts(self, digests: Sequence[bytes]) -> dict[bytes, bytes]:
        """Those of the artifacts that there are."""
        ...

    async def runs(self, query: RunQuery) -> list[RunInfo]: ...

    async def info(self, run_id: str) -> RunInfo: ...

    async def sessions(self) -> list[SessionInfo]: ...

    async def delete(self, run_id: str) -> int:
        """Delete a run, its lease, and what no other run has of its rows and artifacts: see ``forks.bequeathed``."""
        ...

    async def delete_session(self, name: str) -> int: ...

    async def expire(self, ended_before: float, limit: int) -> int: ...

    async def claim(self, run_id: str, holder: str, ttl_s: float) -> Lease: ...

    async def renew(self, holder: str, ttl_s: float) -> frozenset[str]: ...

    async def release(self, lease: Lease) -> None: ...

    async def aclose(self) -> None: ...


@runtime_checkable
class Gathering(Protocol):
    """A ``RowStore`` that writes many batches for the price of a few."""

    async def append_all(self, batches: Sequence[Batch]) -> list[Exception | None]:
        """Append each as ``append`` does; the answers are what that would have raised, None for what is written."""
        ...


@runtime_checkable
class Hearing(Protocol):
    """A ``RowStore`` that can be told by others what they write."""

    async def hear(self, bells: Bells) -> bool:
        """From now on, ring the bell of each run that another process writes to; whether that works just now."""
        ...
