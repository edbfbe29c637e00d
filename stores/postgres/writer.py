"""Group commit: all that came while the last transaction was on its way to the disk goes into the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import Any, NamedTuple, TypeAlias, TypeVar

from anyio import CancelScope

from ...bus.tasks import start
from ..errors import StoreBusy, StoreClosed, StoreError, StoreUnavailable
from .connection import Database
from .link import Link

A = TypeVar("A")
T = TypeVar("T")

Work: TypeAlias = Callable[[Database, Sequence[A]], Awaitable[Sequence[T | StoreError]]]
"""Does the same for each of several arguments, inside of a transaction; a ``StoreError`` is that one's refusal."""

MOST = 500
"""Jobs that share a transaction: more would make the first of them wait for long and save hardly anything."""


class Job(NamedTuple):
    """Something to write, and who waits for it."""

    argument: Any
    told: "asyncio.Future[Any]"
    done: Callable[[], None]


class Writer:
    """Writes over one link. A task of its own does it, which lives as long as there is something to write.

    Jobs of one kind of work that wait together share a transaction, and none is answered before that is committed. One
    that is refused has written nothing, and the others are none the worse. If the transaction fails, each job of it is
    done once more by itself, so that only the one to blame fails.
    """

    def __init__(self, link: Link, name: str) -> None:
        self._link = link
        self._name = name
        self._waiting: dict[Work[Any, Any], list[Job]] = {}
        self._left: set[asyncio.Future[Any]] = set()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def check_open(self) -> None:
        """See that nobody has closed this end.

        :raises StoreClosed: somebody has.
        """
        if self._closed:
            raise StoreClosed(f"{self._name} was closed here; open the log again")

    async def write(self, work: Work[A, T], argument: A, done: Callable[[], None] = lambda: None) -> T:
        """Do ``work``; it is committed when this returns. It is done even if the caller is cancelled.

        ``done`` is called when it is committed, whoever is still there.

        :raises StoreError: what ``work`` answered, or what the server did.
        """
        self.check_open()
        told: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(work, []).append(Job(argument, told, done))
        if self._task is None:
            # In a context of its own: what the first caller has in his is not the others' business.
            self._task = Context().run(start, self._run(), name="loopbus postgres writer")
        try:
            await asyncio.wait((told,))
        except asyncio.CancelledError:
            self._left.add(told)
            told.add_done_callback(self._forget)
            raise
        return told.result()

    async def settle(self) -> None:
        """Wait for the writes that their callers did not wait for: whoever was cancelled may read what it wrote."""
        while self._left:
            await asyncio.wait(self._left)

    async def aclose(self) -> None:
        """Write what is waiting; nothing is taken any more."""
        self._closed = True
        with CancelScope(shield=True):
            while self._task is not None:
                await asyncio.wait((self._task,))
            await self._link.aclose()

    async def _run(self) -> None:
        try:
            # What is asked for in one turn of the loop goes together, and only then is the first of it on its way.
            await asyncio.sleep(0)
            while self._waiting:
                waiting, self._waiting = self._waiting, {}
                for work, jobs in waiting.items():
                    for first in range(0, len(jobs), MOST):
                        await self._written(work, jobs[first : first + MOST])
        finally:
            self._task = None

    async def _written(self, work: Work[Any, Any], jobs: list[Job]) -> None:
        arguments = [job.argument for job in jobs]
        try:
            answers = await self._link.do(partial(_together, work, arguments))
        except Exception as error:
            if len(jobs) > 1 and not _is_hopeless(error):
                for job in jobs:
                    await self._written(work, [job])
                return
            answers = [error] * len(jobs)
        for job, answer in zip(jobs, answers, strict=True):
            if isinstance(answer, Exception):
                job.told.set_exception(answer)
            else:
                job.done()
                job.told.set_result(answer)

    def _forget(self, told: "asyncio.Future[Any]") -> None:
        self._left.discard(told)
        told.exception()


async def _together(work: Work[A, T], arguments: Sequence[A], db: Database) -> Sequence[T | StoreError]:
    """Do the work in one transaction. Over the pipeline, all of it is on its way before the first answer is there."""
    try:
        async with db.connection.pipeline():
            await db.execute("BEGIN")
            answers = await work(db, arguments)
            await db.execute("COMMIT")
    except BaseException:
        db.forget()
        # If not even this goes through, the connection is of no more use, and that is seen where it is used next.
        with suppress(Exception):
            await db.execute("ROLLBACK")
        raise
    return answers


def _is_hopeless(error: Exception) -> bool:
    """Whether to try the jobs one by one would only fail again."""
    return isinstance(error, StoreUnavailable) and not isinstance(error, StoreBusy)
