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

    At the deadline it is cancelled; if it has not ended ``grace_s`` seconds later it is left behind. Cancelling the
    caller cancels the guest, and the caller waits for its end. The guest has a task of its own, because what it opens
    there, a time-out or a cancel scope, goes on to cancel that task: of one that was left behind, it would be ours.

    :raises DeadlinePassed: its time was up, and it ended because of that or was left behind.
    """
    host = cast("asyncio.Task[Any]", asyncio.current_task())
    before = host.cancelling()
    guest = Guest(what, watch)
    task = start(_stay(guest, work), name=what)
    passed = not await _wait(task, deadline_s)
    if passed:
        task.cancel(f"{what} passed its deadline")
        if not await _wait(task, grace_s):
            raise DeadlinePassed(_rest(task), guest.context)
    if task.cancelled():
        # It was cancelled before its first step, so it never began.
        work.close()
        raise asyncio.CancelledError
    ended = task.result()
    if isinstance(ended.error, asyncio.CancelledError):
        raise DeadlinePassed(None, guest.context) if passed and host.cancelling() <= before else ended.error
    while host.cancelling() > before:
        # The guest has answered it.
        host.uncancel()
    return _value(ended)


async def _stay(guest: Guest, work: Coroutine[Any, Any, T]) -> _Ended:
    try:
        return _Ended(await guest.host(work), None)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        return _Ended(None, error)


async def _wait(task: asyncio.Task[_Ended], seconds: float) -> bool:
    """Wait for the end of a task for so long; whoever cancels the waiting cancels the task and waits on."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while not task.done():
        left = until - loop.time()
        if left <= 0:
            return False
        try:
            await asyncio.wait((task,), timeout=left)
        except asyncio.CancelledError as cancelled:
            task.cancel(*cancelled.args)
    return True


async def _rest(task: asyncio.Task[_Ended]) -> Any:
    """Wait for what is left of a guest."""
    return _value(await task)


def _value(ended: _Ended) -> Any:
    if ended.error is not None:
        raise ended.error
    return ended.value
