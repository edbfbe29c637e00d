"""Waits for a guest, but no longer than it may take."""

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from typing import Any, NamedTuple, TypeVar, cast

from .guest import Guest, Watch
from .tasks import start

T = TypeVar("T")


class DeadlinePassed(Exception):
    """A guest was cancelled because its time was up. ``rest`` is what is left of one that would not end."""

    def __init__(self, rest: Coroutine[Any, Any, Any] | None, context: Context) -> None:
        super().__init__("the deadline passed")
        self.rest = rest
        self.context = context


class _Ended(NamedTuple):
    """How a guest ended: a task that raised ``SystemExit`` by itself would stop the event loop."""

    value: Any
    error: BaseException | None


async def wait_guest(
    work: Coroutine[Any, Any, T], what: str, watch: Watch, deadline_s: float, grace_s: float = 0.0
) -> T:
    """Run ``work`` as a guest for at most ``deadline_s`` seconds.

    At the deadline it is cancelled; if it has not ended ``grace_s`` seconds later it is cancelled once more and left
    behind. Cancelling the caller cancels the guest, and the caller waits for its end. The guest has a task of its own,
    because what it opens there, a time-out or a cancel scope, goes on to cancel that task: of one that was left behind,
    it would be ours.

    :raises DeadlinePassed: its time was up, and it ended because of that or was left behind.
    """
    guest = Guest(what, watch)
    stay = _Stay(start(_hosted(guest, work), name=what))
    passed = not await stay.wait(deadline_s)
    if passed:
        stay.task.cancel(f"{what} passed its deadline")
        if not await stay.wait(grace_s):
            stay.task.cancel(f"{what} was left behind")
            raise DeadlinePassed(_rest(stay.task), guest.context)
    ended = stay.ended()
    work.close()
    if isinstance(ended.error, asyncio.CancelledError):
        raise DeadlinePassed(None, guest.context) if passed and not stay.forwarded else ended.error
    stay.settle()
    return _value(ended)


class _Stay:
    """A guest's task, and the host that waits for it: whoever cancels the host cancels the guest."""

    __slots__ = ("_host", "forwarded", "task")

    def __init__(self, task: "asyncio.Task[_Ended]") -> None:
        self.task = task
        self.forwarded = 0
        """How many cancellations of the host the guest was told of."""
        self._host = cast("asyncio.Task[Any]", asyncio.current_task())

    async def wait(self, seconds: float) -> bool:
        """Wait for so long, and say whether the guest has ended."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self.task.done():
            left = until - loop.time()
            if left <= 0:
                return False
            try:
                await asyncio.wait((self.task,), timeout=left)
            except asyncio.CancelledError as cancelled:
                self._forward(cancelled)
        return True

    def ended(self) -> _Ended:
        """How it ended; a task that was cancelled before its first step has not even begun."""
        return _Ended(None, asyncio.CancelledError()) if self.task.cancelled() else self.task.result()

    def settle(self) -> None:
        """Take back what the guest was told of and has answered by ending as it likes."""
        for _ in range(self.forwarded):
            self._host.uncancel()

    def _forward(self, cancelled: asyncio.CancelledError) -> None:
        if self.task.cancel(*cancelled.args):
            self.forwarded += 1
            return
        # The guest has just ended, so it is the host's again: it strikes at its next wait.
        self._host.uncancel()
        self._host.cancel(*cancelled.args)


async def _hosted(guest: Guest, work: Coroutine[Any, Any, T]) -> _Ended:
    try:
        return _Ended(await guest.host(work), None)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        return _Ended(None, error)


async def _rest(task: asyncio.Task[_Ended]) -> Any:
    """Wait for what is left of a guest."""
    return _value(await task)


def _value(ended: _Ended) -> Any:
    if ended.error is not None:
        raise ended.error
    return ended.value
