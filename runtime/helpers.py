"""The tasks beside a run's own: its parallel tool calls, and what is left of those that would not end."""

import asyncio
import time
from collections.abc import Coroutine
from contextvars import Context
from dataclasses import dataclass
from typing import Any

from ..bus.tasks import TaskOwner


@dataclass(frozen=True, slots=True)
class Zombie:
    """Something that was cancelled, did not end in time, and cannot be killed."""

    run_id: str
    what: str
    since: float
    """When it was given up, in seconds of the monotonic clock."""


class Zombies:
    """Everything in a runtime that goes on though nobody waits for it any more."""

    def __init__(self) -> None:
        self._known: dict[asyncio.Task[Any], Zombie] = {}

    def add(self, task: asyncio.Task[Any], run_id: str, what: str = "") -> None:
        """Remember a task until it ends after all; ``what`` goes on in it, if not what its name says."""
        if not task.done() and task not in self._known:
            self._known[task] = Zombie(run_id, what or task.get_name(), time.monotonic())
            task.add_done_callback(lambda ended: self._known.pop(ended, None))

    @property
    def tasks(self) -> frozenset[asyncio.Task[Any]]:
        """The tasks that go on."""
        return frozenset(self._known)

    def list(self) -> list[Zombie]:
        """Those that still go on, the oldest first."""
        return sorted(self._known.values(), key=lambda zombie: zombie.since)


class Helpers:
    """One run's tasks beside its own. All of them are the runtime's, so none is ever lost."""

    __slots__ = ("_grace_s", "_owner", "_run_id", "_tasks", "_zombies")

    def __init__(self, owner: TaskOwner, zombies: Zombies, run_id: str, grace_s: float) -> None:
        self._owner = owner
        self._zombies = zombies
        self._run_id = run_id
        self._grace_s = grace_s
        self._tasks: set[asyncio.Task[Any]] | None = None

    def spawn(self, work: Coroutine[Any, Any, None], what: str) -> asyncio.Task[Any]:
        """Run ``work`` beside the run; it ends with the run at the latest."""
        tasks = self._tasks
        if tasks is None:
            tasks = self._tasks = set()
        task = self._owner.spawn(work, name=what)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return task

    @property
    def busy(self) -> bool:
        """Whether any of the tasks goes on."""
        return bool(self._tasks)

    def let_go(self, rest: Coroutine[Any, Any, Any], context: Context, what: str) -> None:
        """Let something run on that would not end when it was told to; it is listed until it does."""
        self._zombies.add(self._owner.spawn(rest, name=what, context=context), self._run_id)

    async def stop(self) -> None:
        """Cancel the tasks and wait for them within the grace time; those that will not end are zombies then."""
        if not self._tasks:
            return
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel("the run stops")
        try:
            await asyncio.wait(tasks, timeout=self._grace_s)
        finally:
            self.give_up()

    def give_up(self) -> None:
        """List every task that still goes on as a zombie."""
        for task in self._tasks or ():
            self._zombies.add(task, self._run_id)

    def give_up_own(self, task: asyncio.Task[Any], what: str) -> None:
        """List the run's own task, which would not come back from ``what``."""
        self._zombies.add(task, self._run_id, what)
