"""Runs somebody else's coroutine inside our own task, but in a context of its own, and so that it cannot hurt us."""

import asyncio
from collections.abc import Coroutine, Generator
from contextvars import copy_context
from types import coroutine
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Guest:
    """One stay of a foreign coroutine in our task.

    A task of its own would cost ten times as much for a coroutine that often ends without waiting for anything. So the
    host drives it step by step: variables that it sets stay in its own copy of the context, and what it raises
    (``SystemExit`` and ``CancelledError`` too) reaches only the host.
    """

    __slots__ = ("context", "watch", "what")

    def __init__(self, what: str, watch: "Watch") -> None:
        self.what = what
        self.watch = watch
        self.context = copy_context()

    @coroutine
    def host(self, work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
        """Drive ``work`` to its end and return what it returns or raise what it raises.

        When it raises ``CancelledError``, the task's ``cancelling()`` tells who wanted that: it is what it was before
        if only the guest did.
        """
        context, watch = self.context, self.watch
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        before, interrupted = task.cancelling(), False
        step, argument = work.send, None
        while True:
            watch.on_stage = self.what
            try:
                waiting = context.run(step, argument)
            except StopIteration as stop:
                if task.cancelling() > before:
                    yield from _calm(task, before)
                return stop.value
            except BaseException as error:
                wanted = interrupted and isinstance(error, asyncio.CancelledError)
                if task.cancelling() > before and not wanted:
                    yield from _calm(task, before)
                raise
            finally:
                watch.on_stage = None
            cancelling = task.cancelling()
            try:
                argument = yield waiting
                step = work.send
            except BaseException as error:
                # A cancellation that was there before the guest waited is its own doing.
                interrupted |= task.cancelling() > cancelling
                step, argument = work.throw, error


def _calm(task: asyncio.Task[Any], before: int) -> Generator[Any, Any, None]:
    """Forget every cancellation that a guest has answered by ending as it likes, or has left behind.

    A task group of Python 3.11 whose child fails cancels the task and does not take it back.
    """
    while task.cancelling() > before:
        task.uncancel()
    try:
        # One that was not delivered yet would strike at the host's next wait: let it strike here.
        yield
    except asyncio.CancelledError:
        if task.cancelling() > before:
            raise


class Watch:
    """Which guest has the event loop at this moment: read by the thread that looks out for a blocked loop."""

    __slots__ = ("on_stage",)

    def __init__(self) -> None:
        self.on_stage: str | None = None
