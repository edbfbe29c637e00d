"""A store at whose n-th write its process dies."""

import os
import signal
import time
from collections.abc import Awaitable, Sequence
from typing import NamedTuple, TypeVar

from loopbus.events import Event
from loopbus.stores import Lease, Log, MemoryRows, SqliteRows, Survives
from loopbus.stores.rows import RowStore

from ..stores.postgres.places import rows

T = TypeVar("T")


class Cut(NamedTuple):
    """Where a process dies: right before it hands over its n-th write, or when that is kept and nobody knows it yet."""

    at: int
    before: bool


class DeadlyLog(Log):
    """A log whose writes are counted: appends, and leases that are claimed and given back."""

    def __init__(self, rows: RowStore, cut: Cut | None) -> None:
        super().__init__(rows)
        self._cut = cut
        self._count = 0

    async def append(self, events: Sequence[Event], *, token: int = 0) -> None:
        """See ``EventLog``."""
        await self._lethal(super().append(events, token=token))

    async def claim(self, run_id: str, holder: str, *, ttl_s: float = 30.0) -> Lease:
        """See ``EventLog``."""
        return await self._lethal(super().claim(run_id, holder, ttl_s=ttl_s))

    async def release(self, lease: Lease) -> None:
        """See ``EventLog``."""
        await self._lethal(super().release(lease))

    async def _lethal(self, write: Awaitable[T]) -> T:
        self._count += 1
        here = self._cut is not None and self._count == self._cut.at
        if here and self._cut is not None and self._cut.before:
            die()
        written = await write
        if here:
            die()
        return written


def die() -> None:
    """End this process as a crash does: nothing that could still be done is done."""
    os.kill(os.getpid(), signal.SIGKILL)


def log_at(url: str, ahead_s: float = 0.0, cut: Cut | None = None, survives: Survives = "power-loss") -> DeadlyLog:
    """The log that a URL names. In a file, leases go by a clock that is ``ahead_s`` ahead; servers have their own."""
    scheme, _, path = url.partition("://")
    if scheme == "sqlite":
        return DeadlyLog(SqliteRows(path[1:], survives=survives, clock=lambda: time.time() + ahead_s), cut)
    return DeadlyLog(rows(url) if path else MemoryRows(), cut)
