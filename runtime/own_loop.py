"""An event loop for one piece of work, which ends although a task that it started would not."""

import asyncio
import logging
from asyncio import tasks
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_log = logging.getLogger("loopbus.runtime")
_GRACE_S = 1.0
"""How long the tasks that are left may take to end, when all who own them have waited before."""


def run_in_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end as ``asyncio.run`` does, but wait only so long for tasks that swallow their cancellation.

    asyncio waits for those for ever, so that a program with one can be ended by neither its last line nor by Ctrl-C.

    :raises KeyboardInterrupt: Ctrl-C; the first one cancels ``work`` and waits for it, the second does not.
    """
    with asyncio.Runner() as runner:
        try:
            return runner.run(work)
        finally:
            runner.run(_end_tasks())


async def _end_tasks() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel("the event loop ends")
    if left:
        await asyncio.wait(left, timeout=_GRACE_S)
    for task in left:
        if not task.done():
            _log.warning("%s would not end and is left behind", task.get_name())
            # The runner waits for every task that asyncio knows of, without a bound. This is documented for those who
            # make tasks of their own; what comes next keeps asyncio from saying that somebody has forgotten this one.
            tasks._unregister_task(task)
            setattr(task, "_log_destroy_pending", False)  # noqa: B010  # no type checker knows it
