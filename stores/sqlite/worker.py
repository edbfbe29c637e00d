"""The one thread that touches the file: it does what it is handed in order, and all that waits shares one commit."""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple, TypeVar, cast

from anyio import CancelScope, to_thread

from ..errors import StoreClosed, StoreError
from .connection import Database
from .faults import SPOILT, code_of, translated

T = TypeVar("T")

MOST = 1_000
"""Jobs that share a commit: more would make the first of them wait for long and save hardly anything."""


class Job(NamedTuple):
    """Something to do with the database, and who waits for it."""

    work: Callable[[Database], Any]
    writes: bool
    told: "asyncio.Future[Any]"


class Outcome(NamedTuple):
    """How a job ended."""

    value: Any = None
    error: BaseException | None = None


class Worker:
    """Owns a thread, and in it a connection that ``open_database`` makes when the first job comes.

    Jobs that write are done inside of one transaction together, and none is answered before it is committed. A job
    that raises ``StoreError`` has written nothing, and the others are none the worse. Whatever else goes wrong takes
    the transaction back, and each job of it is done once more by itself, so that only the one to blame fails.
    """

    def __init__(self, open_database: Callable[[], Database], path: str) -> None:
        self._open = open_database
        self._path = path
        self._queue: SimpleQueue[list[Job]] = SimpleQueue()
        self._gathered: list[Job] = []
        self._thread: Thread | None = None
        self._closed = False
        self._db: Database | None = None

    async def write(self, work: Callable[[Database], T]) -> T:
        """Do ``work`` in a transaction; it is committed when this returns. It is done even if the caller is cancelled.

        :raises StoreError: what ``work`` raised, or what SQLite did; nothing was written.
        """
        return await self._do(work, writes=True)

    async def read(self, work: Callable[[Database], T]) -> T:
        """Do ``work`` outside of a transaction, after the writes that came before it."""
        return await self._do(work, writes=False)

    async def aclose(self) -> None:
        """Do what is waiting, close the connection, end the thread."""
        if not self._closed:
            self._hand_over()
            self._closed = True
            self._queue.put([])
        thread = self._thread
        if thread is not None and thread.is_alive():
            with CancelScope(shield=True):
                await to_thread.run_sync(thread.join)

    async def _do(self, work: Callable[[Database], T], *, writes: bool) -> T:
        if self._closed:
            raise StoreClosed(f"{self._path} was closed here; open the log again")
        if self._thread is None:
            self._thread = Thread(target=self._run, name="loopbus-sqlite", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        told: asyncio.Future[T] = loop.create_future()
        if not self._gathered:
            # What is asked for in one turn of the loop is handed over together: to wake the thread for the first of it
            # would have the two fight over the interpreter, for a commit of one.
            loop.call_soon(self._hand_over)
        self._gathered.append(Job(work, writes, told))
        return await told

    def _hand_over(self) -> None:
        if self._gathered:
            self._queue.put(self._gathered)
            self._gathered = []

    def _run(self) -> None:
        while not (self._closed and self._queue.empty()):
            jobs = self._queue.get()
            while not self._queue.empty():
                jobs += self._queue.get()
            for first in range(0, len(jobs), MOST):
                some = jobs[first : first + MOST]
                _tell(self._written([job for job in some if job.writes]))
                _tell(self._read([job for job in some if not job.writes]))
        self._drop()

    def _written(self, jobs: list[Job]) -> list[tuple[Job, Outcome]]:
        if not jobs:
            return []
        try:
            return list(zip(jobs, self._together(jobs), strict=True))
        except Exception as error:
            if len(jobs) > 1 and not _hopeless(error):
                return [each for job in jobs for each in self._written([job])]
            return [(job, self._failure(error)) for job in jobs]

    def _together(self, jobs: list[Job]) -> list[Outcome]:
        db = self._database()
        db.execute("BEGIN IMMEDIATE")
        try:
            outcomes = [_attempt(job, db) for job in jobs]
            db.execute("COMMIT")
        except BaseException:
            db.forget()
            if db.connection.in_transaction:
                db.execute("ROLLBACK")
            raise
        return outcomes

    def _read(self, jobs: list[Job]) -> list[tuple[Job, Outcome]]:
        return [(job, self._looked_up(job)) for job in jobs]

    def _looked_up(self, job: Job) -> Outcome:
        try:
            return _attempt(job, self._database())
        except Exception as error:
            return self._failure(error)

    def _database(self) -> Database:
        if self._db is None:
            self._db = self._open()
        return self._db

    def _failure(self, error: Exception) -> Outcome:
        if isinstance(error, sqlite3.Error) and code_of(error) in SPOILT:
            self._drop()
        ours = translated(error, self._path)
        if ours is not error:
            ours.__cause__ = error
        return Outcome(error=ours)

    def _drop(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close()


def _attempt(job: Job, db: Database) -> Outcome:
    try:
        return Outcome(job.work(db))
    except StoreError as refused:
        return Outcome(error=refused)


def _hopeless(error: Exception) -> bool:
    """Whether trying the jobs one by one would only fail again, or hide that what was synced is not known."""
    return isinstance(error, StoreError) or (
        isinstance(error, sqlite3.Error) and code_of(error) in {*SPOILT, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN}
    )


def _tell(ended: list[tuple[Job, Outcome]]) -> None:
    """Wake everybody who waits, with one call into each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Job, Outcome]]] = {}
    for each in ended:
        by_loop.setdefault(each[0].told.get_loop(), []).append(each)
    for loop, its in by_loop.items():
        try:
            loop.call_soon_threadsafe(partial(_resolve, its))
        except RuntimeError:
            # The loop was closed: nobody is left to hear of it.
            continue


def _resolve(ended: list[tuple[Job, Outcome]]) -> None:
    for job, (value, error) in ended:
        if job.told.done():
            continue
        if error is None:
            job.told.set_result(cast(object, value))
        else:
            job.told.set_exception(error)
