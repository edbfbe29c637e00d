"""The one thread that touches the file: it does what it is handed in order, and all that waits shares one commit."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby, islice
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple, TypeVar

from anyio import CancelScope, to_thread

from ..errors import StoreClosed, StoreError
from .connection import Database
from .faults import SPOILT, code_of, translated

T = TypeVar("T")
ItemT = TypeVar("ItemT")

MOST = 1_000
"""Things to do that share a commit: more would make the first of them wait for long and save hardly anything."""

Outcome = Any
"""How one thing ended: what came of it, or the exception that it was refused with."""
Work = Callable[[Database, Sequence[ItemT]], Sequence[Outcome]]
"""Does the same to several things, with an outcome for each. What it refuses, it refuses before it writes any of it."""


class Job(NamedTuple):
    """Work to do, and who waits for it."""

    work: Work[Any]
    items: Sequence[Any]
    writes: bool
    told: "asyncio.Future[list[Outcome]]"


class Worker:
    """Owns a thread, and in it a connection that ``open_database`` makes when the first job comes.

    Jobs that write are done inside of one transaction together, those with the same work at once, and none is answered
    before it is committed. What is refused with ``StoreError`` has written nothing, and the others are none the worse.
    Whatever else goes wrong takes the transaction back, and each thing of it is done once more by itself, so that only
    the one to blame fails.
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
        return await self.write_one(_one_by_one, work)

    async def write_one(self, work: Work[ItemT], item: ItemT) -> Outcome:
        """Do ``work`` to an ``item``, together with the items that others ask the same for, as ``write`` does."""
        return _answer(await self._ask(work, [item], writes=True))

    async def write_all(self, work: Work[ItemT], items: Sequence[ItemT]) -> list[Outcome]:
        """Do ``work`` to all of the ``items``, as ``write`` does; errors are among the outcomes, and not raised."""
        # These were gathered by whoever asks, so there is nothing to wait for.
        return await self._ask(work, items, writes=True, soon=False)

    async def read(self, work: Callable[[Database], T]) -> T:
        """Do ``work`` outside of a transaction, after the writes that came before it."""
        return _answer(await self._ask(_one_by_one, [work], writes=False))

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

    def _ask(
        self, work: Work[Any], items: Sequence[Any], *, writes: bool, soon: bool = True
    ) -> "asyncio.Future[list[Outcome]]":
        if self._closed:
            raise StoreClosed(f"{self._path} was closed here; open the log again")
        if self._thread is None:
            self._thread = Thread(target=self._run, name="loopbus-sqlite", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        told: asyncio.Future[list[Outcome]] = loop.create_future()
        self._gathered.append(Job(work, items, writes, told))
        if not soon:
            self._hand_over()
        elif len(self._gathered) == 1:
            # What is asked for in one turn of the loop is handed over together: to wake the thread for the first of it
            # would have the two fight over the interpreter, for a commit of one.
            loop.call_soon(self._hand_over)
        return told

    def _hand_over(self) -> None:
        if self._gathered:
            self._queue.put(self._gathered)
            self._gathered = []

    def _run(self) -> None:
        while not (self._closed and self._queue.empty()):
            jobs = self._queue.get()
            while not self._queue.empty():
                jobs += self._queue.get()
            for some in _portions(jobs):
                _tell(self._written([job for job in some if job.writes]))
                for job in some:
                    if not job.writes:
                        _tell([(job, self._looked_up(job))])
        self._drop()

    def _written(self, jobs: list[Job]) -> "list[tuple[Job, list[Outcome]]]":
        things = [(job.work, item) for job in jobs for item in job.items]
        outcomes = iter(self._committed(things) if things else ())
        return [(job, list(islice(outcomes, len(job.items)))) for job in jobs]

    def _committed(self, things: "list[tuple[Work[Any], Any]]") -> list[Outcome]:
        try:
            return self._together(things)
        except Exception as error:
            if len(things) > 1 and not _hopeless(error):
                return [outcome for thing in things for outcome in self._committed([thing])]
            return [self._failure(error) for _ in things]

    def _together(self, things: "list[tuple[Work[Any], Any]]") -> list[Outcome]:
        db = self._database()
        db.execute("BEGIN IMMEDIATE")
        try:
            outcomes: list[Outcome] = []
            for work, same in groupby(things, _work_of):
                outcomes += work(db, [item for _, item in same])
            db.execute("COMMIT")
        except BaseException:
            db.forget()
            if db.connection.in_transaction:
                db.execute("ROLLBACK")
            raise
        return outcomes

    def _looked_up(self, job: Job) -> list[Outcome]:
        try:
            return list(job.work(self._database(), job.items))
        except Exception as error:
            return [self._failure(error)]

    def _database(self) -> Database:
        if self._db is None:
            self._db = self._open()
        return self._db

    def _failure(self, error: Exception) -> Exception:
        if isinstance(error, sqlite3.Error) and code_of(error) in SPOILT:
            self._drop()
        ours = translated(error, self._path)
        if ours is not error:
            ours.__cause__ = error
        return ours

    def _drop(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close()


def _portions(jobs: list[Job]) -> Iterator[list[Job]]:
    """The jobs that share a commit, in order."""
    some: list[Job] = []
    count = 0
    for job in jobs:
        if some and count + len(job.items) > MOST:
            yield some
            some, count = [], 0
        some.append(job)
        count += len(job.items)
    yield some


def _work_of(thing: "tuple[Work[Any], Any]") -> Work[Any]:
    return thing[0]


def _one_by_one(db: Database, items: Sequence[Callable[[Database], Any]]) -> list[Outcome]:
    return [_attempt(item, db) for item in items]


def _attempt(work: Callable[[Database], Any], db: Database) -> Outcome:
    try:
        return work(db)
    except StoreError as refused:
        return refused


def _answer(outcomes: list[Outcome]) -> Any:
    if isinstance(outcomes[0], Exception):
        raise outcomes[0]
    return outcomes[0]


def _hopeless(error: Exception) -> bool:
    """Whether trying one by one would only fail again, or hide that what was synced is not known."""
    return isinstance(error, StoreError) or (
        isinstance(error, sqlite3.Error) and code_of(error) in {*SPOILT, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN}
    )


def _tell(ended: "list[tuple[Job, list[Outcome]]]") -> None:
    """Wake everybody who waits, with one call into each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Job, list[Outcome]]]] = {}
    for each in ended:
        by_loop.setdefault(each[0].told.get_loop(), []).append(each)
    for loop, its in by_loop.items():
        try:
            loop.call_soon_threadsafe(partial(_resolve, its))
        except RuntimeError:
            # The loop was closed: nobody is left to hear of it.
            continue


def _resolve(ended: "list[tuple[Job, list[Outcome]]]") -> None:
    for job, outcomes in ended:
        if not job.told.done():
            job.told.set_result(outcomes)
