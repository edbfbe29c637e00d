"""The one place where tasks are made: each has an owner that keeps it alive and ends it."""

import asyncio
import logging
from collections.abc import Collection, Coroutine
from contextvars import Context
from typing import Any, Protocol, TypeVar

from .errors import CannotSpawn
from .traces import loggable

T = TypeVar("T")

_log = logging.getLogger("loopbus.bus")


class Spawn(Protocol):
    """Starts a task that somebody owns; ``TaskOwner.spawn`` is one."""

    def __call__(
        self, work: Coroutine[Any, Any, Any], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Any]: ...


def start(work: Coroutine[Any, Any, T], *, name: str) -> "asyncio.Task[T]":
    """Start a task that the caller waits for to its end, so that it needs no other owner."""
    return asyncio.get_running_loop().create_task(work, name=name)


def loop_here() -> asyncio.AbstractEventLoop | None:
    """The event loop that runs in this thread; None where none does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class TaskOwner:
    """Keeps every task it spawned until that task ends, and ends those that are left when it closes.

    A plain task group cannot do this work: it waits without a bound for a child that swallows its cancellation. What a
    task raises is logged, for nobody else may be there to hear of it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._tasks: set[asyncio.Task[Any]] = set()
        self.closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def tasks(self) -> frozenset[asyncio.Task[Any]]:
        """The tasks that have not ended."""
        return frozenset(self._tasks)

    def spawn(
        self, work: Coroutine[Any, Any, Any], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        """Start a task.

        :raises CannotSpawn: the owner is closed, or no event loop runs; ``work`` never starts.
        """
        loop = loop_here()
        if loop is None:
            work.close()
            raise CannotSpawn(f"{self.name} starts tasks only where an event loop runs, such as in an `async def`")
        if self.closed:
            work.close()
            raise CannotSpawn(f"{self.name} is closed and starts nothing new")
        task = loop.create_task(work, name=name, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def aclose(
        self, grace_s: float, given_up: Collection[asyncio.Task[Any]] = ()
    ) -> frozenset[asyncio.Task[Any]]:
        """Cancel what is left, wait at most ``grace_s`` seconds, and return the tasks that would not end.

        Those stay referenced, so they can still be listed; nothing waits for them. Nor does this for those that were
        ``given_up``: somebody has waited for them in vain.
        """
        self.closed = True
        current = asyncio.current_task()
        waiting = {task for task in self._tasks if task is not current}
        for task in waiting:
            task.cancel(f"{self.name} closes")
        hopeful = waiting.difference(given_up)
        if hopeful:
            await asyncio.wait(hopeful, timeout=grace_s)
        return frozenset(task for task in waiting if not task.done())

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("task %s of %s failed", task.get_name(), self.name, exc_info=loggable(error))
