"""A run, as its runtime drives it: how that begins, is stopped, and is left."""

import asyncio
import time
from typing import Any

from anyio import CancelScope

from ..events.control import CancelRequested
from .actor import Actor
from .errors import OtherLoop
from .given import NOTHING
from .journal import Journal
from .left import Deadline
from .said import made
from .stopping import Stopping, time_is_up


class Driven:
    """One run and who drives it in this process, if anybody does."""

    __slots__ = ("__weakref__", "_actor", "_grace_s", "_loop", "_task", "_timer", "deadline", "given", "id", "journal")

    def __init__(self, journal: Journal, grace_s: float) -> None:
        self.id = journal.run_id
        self.journal = journal
        self.given = NOTHING
        """What it is driven with here, or was when it was left, for as long as anybody has this."""
        self.deadline: Deadline | None = None
        """When its own time is up, as it is driven here, or was."""
        self._grace_s = grace_s
        self._actor: Actor | None = None
        self._task: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def begin(self, actor: Actor, task: asyncio.Task[Any], seconds: float | None, spent_s: float = 0.0) -> None:
        """Take who drives this from now on, and stop the run after so many ``seconds``, of which some are spent."""
        self._actor, self._task = actor, task
        if seconds is not None:
            self.deadline = Deadline(time.time() + seconds - spent_s, seconds)
            self._timer = self._loop.call_later(seconds - spent_s, self.stop, time_is_up(seconds), "limit")

    def stop(self, stopping: Stopping, author: str) -> None:
        """Begin to stop, without waiting: the log is closed after the grace time at the latest."""
        actor, task = self._actor, self._task
        wish = made(CancelRequested, reason=stopping.reason, author=author)
        if actor is not None and task is not None and self._end_task(actor, task, stopping):
            actor.journal.append(wish, 0)

    def leave(self, reason: str) -> None:
        """Begin to leave the run, without waiting: somebody may take it up later."""
        if self._actor is not None and self._task is not None:
            self._end_task(self._actor, self._task, Stopping(None, reason))

    def _end_task(self, actor: Actor, task: asyncio.Task[Any], stopping: Stopping) -> bool:
        if not actor.stop(stopping):
            return False
        task.cancel(stopping.reason)
        self.end()
        self._timer = self._loop.call_later(self._grace_s, actor.abandon, task)
        return True

    async def wait_shielded(self) -> None:
        """Wait for the end of a run that is being stopped, whoever cancels meanwhile; the grace time bounds it."""
        with CancelScope(shield=True):
            await self.journal.wait_over()

    def end(self) -> None:
        """Stop the clock."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def slim(self) -> None:
        """Let go of what nobody asks of a run that is over; a tool that goes on has its own hold on the ``deps``."""
        self._task = self.journal.reply = None
        self.given = NOTHING
        if self._actor is not None:
            self._actor.deps = None

    @property
    def _undriven(self) -> bool:
        """Whether nobody here drives the run, which is not over."""
        return not self.journal.over and (self._actor is None or self._actor.done)

    @property
    def _ending(self) -> bool:
        return self.journal.over if self._actor is None or self._actor.done else self._actor.ending

    def _check_loop(self) -> None:
        """Refuse another event loop than the run's own: nothing there would ever be woken."""
        if self._loop is not asyncio.get_running_loop() and not self.journal.ended:
            raise OtherLoop(
                f"run {self.id} goes on in another event loop; from a thread beside that loop, call "
                "asyncio.run_coroutine_threadsafe(run.outcome(), loop)"
            )
