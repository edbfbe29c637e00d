"""Keeps rows in an SQLite file, which any number of processes may share."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike, fspath

from ..contract import Lease, RunInfo, SessionInfo, Survives
from ..errors import StoreBusy, StoreMisused
from ..rows import Batch, Fork, Page, RunQuery
from . import deletion, forks, reads, writes
from .connection import SYNCHRONOUS, Database, Settings, open_database
from .worker import Worker


class SqliteRows:
    """A ``RowStore`` in a file. The file is opened, and made if it is not there, when it is first used.

    ``survives="power-loss"`` syncs each commit, one for all appends that wait; ``"process-crash"`` leaves that to the
    system, so a cut of the power may take the last appends, never the file. ``patience_s`` is how long to wait for
    another process that writes, before ``StoreBusy``. ``largest_bytes`` bounds the file. A file whose write-ahead log
    is damaged opens only with ``accept_loss``, without the events that were in the damaged part. ``clock`` gives
    seconds since the epoch, for leases and forks.

    :raises StoreMisused: an argument has a value that it cannot have.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        survives: Survives = "power-loss",
        patience_s: float = 5.0,
        largest_bytes: int | None = None,
        accept_loss: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if survives not in SYNCHRONOUS:
            raise StoreMisused(f"survives={survives!r}: an SQLite file survives one of {', '.join(SYNCHRONOUS)}")
        if patience_s < 0:
            raise StoreMisused(f"patience_s={patience_s}: nobody waits for less than no time")
        pages = None if largest_bytes is None else largest_bytes // 4096
        self.survives: Survives = survives
        self.path = fspath(path)
        self._clock = clock
        settings = Settings(self.path, survives, patience_s, pages, accept_loss)
        self._worker = Worker(partial(open_database, settings), self.path)

    async def append(self, batch: Batch) -> None:
        """See ``RowStore``."""
        await self._worker.write_one(writes.append, batch)

    async def append_all(self, batches: Sequence[Batch]) -> list[Exception | None]:
        """See ``Gathering``."""
        return await self._worker.write_all(writes.append, batches)

    async def fork(self, fork: Fork) -> None:
        """See ``RowStore``."""
        await self._worker.write(lambda db: forks.fork(db, fork, self._clock()))

    async def page(self, run_id: str, after: int, limit: int) -> Page:
        """See ``RowStore``."""
        return await self._worker.read(lambda db: reads.page(db, run_id, after, limit))

    async def artifacts(self, digests: Sequence[bytes]) -> dict[bytes, bytes]:
        """See ``RowStore``."""
        return await self._worker.read(lambda db: reads.artifacts(db, digests))

    async def runs(self, query: RunQuery) -> list[RunInfo]:
        """See ``RowStore``."""
        return await self._worker.read(lambda db: reads.runs(db, query, self._clock()))

    async def info(self, run_id: str) -> RunInfo:
        """See ``RowStore``."""
        return await self._worker.read(lambda db: reads.info(db, run_id, self._clock()))

    async def sessions(self) -> list[SessionInfo]:
        """See ``RowStore``."""
        return await self._worker.read(reads.sessions)

    async def delete(self, run_id: str) -> int:
        """See ``RowStore``."""
        return await self._delete(lambda db: deletion.delete(db, run_id))

    async def delete_session(self, name: str) -> int:
        """See ``RowStore``."""
        return await self._delete(lambda db: deletion.delete_session(db, name))

    async def expire(self, ended_before: float, limit: int) -> int:
        """See ``RowStore``."""
        return await self._delete(lambda db: deletion.expire(db, ended_before, limit))

    async def claim(self, run_id: str, holder: str, ttl_s: float) -> Lease:
        """See ``RowStore``."""
        return await self._worker.write(lambda db: writes.claim(db, run_id, holder, ttl_s, self._clock()))

    async def renew(self, holder: str, ttl_s: float) -> frozenset[str]:
        """See ``RowStore``."""
        return await self._worker.write(lambda db: writes.renew(db, holder, ttl_s, self._clock()))

    async def release(self, lease: Lease) -> None:
        """See ``RowStore``."""
        await self._worker.write(lambda db: writes.release(db, lease))

    async def aclose(self) -> None:
        """See ``RowStore``."""
        await self._worker.aclose()

    async def _delete(self, work: Callable[[Database], int]) -> int:
        count = await self._worker.write(work)
        if count:
            # The deleted bytes are zeroed in the file, but older copies of its pages stand in the write-ahead log.
            await self._worker.read(partial(_empty_wal, self.path))
        return count


def _empty_wal(path: str, db: Database) -> None:
    busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise StoreBusy(
            f"{path}: what was to be deleted is deleted, but its bytes stay in {path}-wal while another process reads; "
            "delete once more when it has ended"
        )
