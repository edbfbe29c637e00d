"""Waits for a guest, but no longer than it may take."""

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from typing import Any, TypeVar

from .guest import Abandoned, Guest, Watch

T = TypeVar("T")

_NOBODYS = Context()
"""For timers: the loop keeps a cancelled one until its time, and with it whatever its context holds."""


class DeadlinePassed(Exception):
    """A guest was cancelled because its time was up. ``rest`` is what is left of one that would not end."""

    def __init__(self, rest: Coroutine[Any, Any, Any] | None, context: Context) -> None:
        super().__init__("the deadline passed")
        self.rest = rest
        self.context = context


async def wait_guest(
    work: Coroutine[Any, Any, T], what: str, watch: Watch, deadline_s: float, grace_s: float = 0.0
) -> T:
    """Run ``work`` as a guest of this task for at most ``deadline_s`` seconds.

    At the deadline it is cancelled; if it has not ended ``grace_s`` seconds later it is abandoned.

    :raises DeadlinePassed: its time was up, and it ended because of that or was abandoned.
    """
    guest, loop = Guest(what, watch), asyncio.get_running_loop()
    timers = [
        loop.call_later(deadline_s, guest.cancel, context=_NOBODYS),
        loop.call_later(deadline_s + grace_s, guest.abandon, context=_NOBODYS),
    ]
    try:
        value = await guest.host(work)
    except Abandoned as left:
        raise DeadlinePassed(left.rest, left.context) from None
    except asyncio.CancelledError:
        if guest.cancelled_by_us:
            raise DeadlinePassed(None, guest.context) from None
        raise
    else:
        return value
    finally:
        for timer in timers:
            timer.cancel()
        guest.settle()
