"""Keeps rows in a Postgres database, which any number of processes on any number of machines may share."""

import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar
from uuid import uuid4

from anyio import CancelScope

from ..bells import Bells
from ..contract import Lease, RunInfo, SessionInfo, Survives
from ..errors import StoreError, StoreMisused, StoreUnavailable
from ..rows import Batch, Fork, Head, Page, RunQuery
from . import appends, deletion, forks, leases, reads
from .connection import SYNCHRONOUS, Database, settings_of
from .leases import Claim, Clock
from .link import Link
from .signals import Signals
from .writer import Writer

T = TypeVar("T")

_READERS = 2
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,47}")


class PostgresRows:
    """A ``RowStore`` in a schema of a database, which is made if it is not there, when it is first used.

    ``conninfo`` is what libpq takes: a URL or ``host=... dbname=...``. There are one connection that writes, up to two
    that read, and one that listens while somebody follows a run.

    ``survives="power-loss"`` waits for the server's disk (``synchronous_commit=on``, or more if the server is set to
    more); ``"process-crash"`` does not, so an acknowledged append outlives the process that made it, but the last ones
    may be gone if the server itself dies. ``patience_s`` is how long to wait for a server that is gone, and for locks,
    before ``StoreUnavailable``. Leases go by the server's clock, which all processes share; ``clock`` is another one,
    in seconds since the epoch.

    :raises NotInstalled: the extra ``postgres`` is missing.
    :raises StoreMisused: an argument has a value that it cannot have.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        schema: str = "loopbus",
        survives: Survives = "power-loss",
        patience_s: float = 5.0,
        clock: Clock | None = None,
    ) -> None:
        if survives not in SYNCHRONOUS:
            raise StoreMisused(f"survives={survives!r}: a Postgres log survives one of {', '.join(SYNCHRONOUS)}")
        if patience_s <= 0:
            raise StoreMisused(f"patience_s={patience_s}: a server answers after some time, not after none")
        if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_"):
            raise StoreMisused(f"schema={schema!r}: use up to 48 of a-z, 0-9 and _, and no digit or pg_ in front")
        settings = settings_of(conninfo, schema, survives, patience_s)
        self.survives: Survives = survives
        self.name = settings.name
        self._clock = clock
        self._doubts: dict[str, Head] = {}
        self._writer = Writer(Link(settings), settings.name)
        self._links = [Link(settings) for _ in range(_READERS)]
        self._signals = Signals(settings, self._links[0], uuid4().hex)

    async def append(self, batch: Batch) -> None:
        """See ``RowStore``."""
        attempt = appends.Attempt(batch, self._doubts.pop(batch.run_id, None))
        try:
            await self._writer.write(appends.append, attempt, partial(self._signals.tell, batch.run_id))
        except StoreUnavailable:
            # Whether it is there is not known. The same batch again is then no repeated call.
            if attempt.behind is not None:
                self._doubts[batch.run_id] = attempt.behind
            raise

    async def fork(self, fork: Fork) -> None:
        """See ``RowStore``."""
        await self._alone(lambda db: forks.fork(db, fork, self._clock))

    async def page(self, run_id: str, after: int, limit: int) -> Page:
        """See ``RowStore``."""
        return await self._read(lambda db: reads.page(db, run_id, after, limit))

    async def artifacts(self, digests: Sequence[bytes]) -> dict[bytes, bytes]:
        """See ``RowStore``."""
        return await self._read(lambda db: reads.artifacts(db, digests))

    async def runs(self, query: RunQuery) -> list[RunInfo]:
        """See ``RowStore``."""
        return await self._read(lambda db: reads.runs(db, query, self._clock))

    async def info(self, run_id: str) -> RunInfo:
        """See ``RowStore``."""
        return await self._read(lambda db: reads.info(db, run_id, self._clock))

    async def sessions(self) -> list[SessionInfo]:
        """See ``RowStore``."""
        return await self._read(reads.sessions)

    async def delete(self, run_id: str) -> int:
        """See ``RowStore``."""
        self._doubts.pop(run_id, None)
        deleted = partial(self._signals.tell, run_id)
        return await self._alone(lambda db: deletion.delete(db, run_id), deleted)

    async def delete_session(self, name: str) -> int:
        """See ``RowStore``."""
        return await self._alone(lambda db: deletion.delete_session(db, name))

    async def expire(self, ended_before: float, limit: int) -> int:
        """See ``RowStore``."""
        return await self._alone(lambda db: deletion.expire(db, ended_before, limit))

    async def claim(self, run_id: str, holder: str, ttl_s: float) -> Lease:
        """See ``RowStore``."""
        return await self._writer.write(leases.claim, Claim(run_id, holder, ttl_s, self._clock))

    async def renew(self, holder: str, ttl_s: float) -> frozenset[str]:
        """See ``RowStore``."""
        return await self._alone(lambda db: leases.renew(db, holder, ttl_s, self._clock))

    async def release(self, lease: Lease) -> None:
        """See ``RowStore``."""
        await self._writer.write(leases.release, lease)

    async def hear(self, bells: Bells) -> bool:
        """See ``Hearing``."""
        self._writer.check_open()
        return await self._signals.hear(bells)

    async def aclose(self) -> None:
        """See ``RowStore``."""
        with CancelScope(shield=True):
            await self._writer.aclose()
            await self._signals.aclose()
            for link in self._links:
                await link.aclose()

    async def _read(self, work: Callable[[Database], Awaitable[T]]) -> T:
        self._writer.check_open()
        await self._writer.settle()
        return await min(self._links, key=lambda link: link.busy).do(work)

    async def _alone(self, work: Callable[[Database], Awaitable[T]], done: Callable[[], None] = lambda: None) -> T:
        """Write in a transaction of its own."""
        return await self._writer.write(partial(_one, work), None, done)


async def _one(work: Callable[[Database], Awaitable[T]], db: Database, _: Sequence[None]) -> Sequence[T | StoreError]:
    return [await work(db)]
