"""A bounded pool of daemon threads for sync tools, which knows how many of them nobody waits for any more."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from functools import cache, partial
from threading import Condition, Thread, current_thread
from time import monotonic
from types import TracebackType
from typing import NamedTuple, ParamSpec, Self, TypeVar

from .errors import ToolCapacityError, ToolError
from .job import AnyJob, Job, OnLate

P = ParamSpec("P")
T = TypeVar("T")


class AbandonedCall(NamedTuple):
    """A call that nobody waits for any more and that still holds its thread."""

    what: str
    age_s: float


class ThreadPool:
    """Runs blocking functions for coroutines, on at most ``size`` threads.

    A thread cannot be killed. So a call that is cancelled returns to its caller at once, its thread counts as
    *abandoned* until the function ends by itself, and being a daemon it never keeps the interpreter from exiting:
    the two things that neither anyio's nor ``concurrent.futures``' threads do.

    Calls wait in order for a free thread. They are refused with ``ToolCapacityError`` instead when every thread is
    abandoned, when none came free for ``stall_s`` seconds (None: wait for ever), or when the pool is closed. A thread
    that had nothing to do for ``idle_s`` seconds ends. One pool may serve several event loops.

    :raises ToolError: ``size`` is below 1.
    """

    def __init__(
        self, size: int = 40, *, idle_s: float = 10.0, stall_s: float | None = 60.0, name: str = "loopbus-tool"
    ) -> None:
        if size < 1:
            raise ToolError(f"ThreadPool(size={size}): a pool needs at least one thread")
        self._size = size
        self._idle_s = idle_s
        self._stall_s = stall_s
        self._name = name
        # Everything below is read and written only under this lock.
        self._changed = Condition()
        self._queue: OrderedDict[AnyJob, None] = OrderedDict()
        self._threads: dict[Thread, AnyJob | None] = {}
        self._idle = 0
        self._abandoned = 0
        self._last_end = 0.0
        self._closed = False

    @property
    def capacity(self) -> int:
        """How many threads there may be."""
        return self._size

    @property
    def busy(self) -> int:
        """How many threads work for somebody who waits."""
        with self._changed:
            return sum(job is not None for job in self._threads.values()) - self._abandoned

    @property
    def abandoned(self) -> int:
        """How many threads work for nobody."""
        return self._abandoned

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return len(self._queue)

    def abandoned_calls(self) -> tuple[AbandonedCall, ...]:
        """What could not be stopped, with seconds since it began; empty again once everything has ended."""
        now = monotonic()
        with self._changed:
            left = [job for job in self._threads.values() if job is not None and job.left]
        return tuple(AbandonedCall(job.what, now - job.started) for job in left)

    async def run(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``fn`` on a thread, in a copy of the caller's context variables.

        What it raises is raised here; what would stop a thread or a loop (``SystemExit``) comes as ``ToolCrashed``.
        When the caller is cancelled, this ends at once and ``fn`` goes on as abandoned.

        :raises ToolCapacityError: no thread can take the call; ``fn`` was not called.
        """
        return await self.submit(partial(fn, *args, **kwargs))

    async def submit(self, work: Callable[[], T], on_late: OnLate | None = None) -> T:
        """The same as ``run``, for a function without arguments.

        ``on_late`` is called on the event loop, once, with the value or the exception of a function that ended after
        its caller had gone; never when the loop is closed by then.
        """
        job = Job(work, asyncio.get_running_loop(), on_late)
        self._enter(job)
        try:
            await job.told
        except BaseException:
            self._leave(job)
            raise
        finally:
            if job.alarm is not None:
                job.alarm.cancel()
        return job.outcome()

    def close(self, grace_s: float = 1.0) -> None:
        """Refuse the calls that wait and all later ones, and end the threads; closing twice is harmless.

        Idle threads are gone when this returns (it waits at most ``grace_s`` seconds for that); a thread at work ends
        after its call.
        """
        with self._changed:
            self._closed = True
            refused = self._drain()
            resting = [thread for thread, job in self._threads.items() if job is None]
            self._changed.notify_all()
        _refuse(refused, "the thread pool was closed")
        deadline = monotonic() + grace_s
        for thread in resting:
            thread.join(max(0.0, deadline - monotonic()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _enter(self, job: AnyJob) -> None:
        """Queue a call and see that somebody takes it."""
        with self._changed:
            if self._closed:
                raise ToolCapacityError("the thread pool is closed")
            if self._abandoned == self._size:
                raise ToolCapacityError(self._all_hang())
            self._queue[job] = None
            if len(self._queue) <= self._idle:
                self._changed.notify()
            elif not self._hire(job) and self._stall_s is not None:
                job.alarm = job.loop.call_later(self._stall_s, self._check_stall, job)

    def _hire(self, job: AnyJob) -> bool:
        """Start another thread; False if there may be no more, and ``job`` has to wait for one at work."""
        if len(self._threads) == self._size:
            return False
        thread = Thread(target=self._serve, name=self._name, daemon=True)
        self._threads[thread] = None
        try:
            thread.start()
        except RuntimeError as error:
            del self._threads[thread]
            if self._threads:
                return False
            del self._queue[job]
            raise ToolCapacityError(f"the system gives no threads: {error}") from error
        return True

    def _leave(self, job: AnyJob) -> None:
        """The caller is gone: forget a call that waits, abandon one that runs, and pass on what came too late."""
        refused: list[AnyJob] = []
        with self._changed:
            job.left = True
            if job in self._queue:
                del self._queue[job]
            elif job.running:
                self._abandoned += 1
                if self._abandoned == self._size:
                    refused = self._drain()
        job.pass_on()
        _refuse(refused, self._all_hang())

    def _check_stall(self, job: AnyJob) -> None:
        with self._changed:
            if job not in self._queue or self._stall_s is None:
                return
            quiet_s = monotonic() - max(self._last_end, job.queued)
            if quiet_s < self._stall_s:
                job.alarm = job.loop.call_later(self._stall_s - quiet_s, self._check_stall, job)
                return
            del self._queue[job]
        _refuse([job], f"none of {self._size} threads came free for {self._stall_s:g} s")

    def _serve(self) -> None:
        """What a thread does: take calls until there are none for a while."""
        while (job := self._next()) is not None:
            job.perform()
            with self._changed:
                self._threads[current_thread()] = None
                self._abandoned -= job.left
                self._last_end = monotonic()
                job.running = False
            job.tell()
            # Or an idle thread would keep its last call's arguments and result alive.
            del job

    def _next(self) -> AnyJob | None:
        with self._changed:
            while not self._queue:
                self._idle += 1
                called = not self._closed and self._changed.wait(self._idle_s)
                self._idle -= 1
                if not called and not self._queue:
                    del self._threads[current_thread()]
                    return None
            job, _ = self._queue.popitem(last=False)
            self._threads[current_thread()] = job
            job.begin()
            return job

    def _drain(self) -> list[AnyJob]:
        waiting = list(self._queue)
        self._queue.clear()
        return waiting

    def _all_hang(self) -> str:
        return f"all {self._size} threads hang in calls that nobody waits for; raise the pool's size or fix the tools"


def _refuse(jobs: list[AnyJob], reason: str) -> None:
    for job in jobs:
        job.refuse(ToolCapacityError(reason))


@cache
def shared_threads() -> ThreadPool:
    """The process's own pool, for a tool that is called outside a runtime."""
    return ThreadPool()
