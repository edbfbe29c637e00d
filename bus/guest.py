"""Runs somebody else's coroutine inside our own task: in its own context, and so that we can let go of it."""

import asyncio
from collections.abc import Coroutine, Generator
from contextvars import Context, copy_context
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Abandoned(BaseException):
    """The guest did not end in time; ``rest`` is what is left of it, for an owner to run to its end."""

    def __init__(self, rest: Coroutine[Any, Any, Any], context: Context) -> None:
        super().__init__("the guest would not end")
        self.rest = rest
        self.context = context


class Guest:
    """One stay of a foreign coroutine in our task.

    A task of its own would cost 13 us for a coroutine that often ends without waiting for anything. So the host
    drives it step by step: variables it sets stay in its own copy of the context, what it raises (``SystemExit`` and
    ``CancelledError`` too) reaches only the host, and when it swallows a cancellation the host can walk away.
    """

    __slots__ = ("_abandoned", "_before", "_interrupted", "_task", "cancels", "context", "watch", "what")

    def __init__(self, what: str, watch: "Watch") -> None:
        self.what = what
        self.watch = watch
        self.context = copy_context()
        self.cancels = 0
        """How often this stay, and not somebody from outside, cancelled the task."""
        self._task: asyncio.Task[Any] | None = None
        self._before = 0
        self._abandoned = False
        self._interrupted = False

    def cancel(self) -> None:
        """Tell the guest to end; without effect once it has. To be called from the loop."""
        if self._task is not None:
            self.cancels += 1
            self._task.cancel()

    def abandon(self) -> None:
        """Make the stay end now with ``Abandoned``; without effect once it is over. To be called from the loop."""
        if self._task is not None:
            self._abandoned = True
            self.cancel()

    @property
    def cancelled_by_us(self) -> bool:
        """Whether nobody from outside has cancelled the task since the guest came."""
        task = asyncio.current_task()
        return task is not None and 0 < task.cancelling() - self._before <= self.cancels

    def settle(self) -> None:
        """Take back what this stay cancelled, so that the task is as it was before."""
        task = asyncio.current_task()
        while self.cancels and task is not None:
            self.cancels -= 1
            task.uncancel()

    @coroutine
    def host(self, work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
        """Drive ``work`` to its end and return what it returns or raise what it raises.

        When it raises ``CancelledError``, the task's ``cancelling()`` tells who wanted that: it is what it was before
        if only the guest did.

        :raises Abandoned: ``abandon`` was called first.
        """
        context, watch = self.context, self.watch
        task = self._task = asyncio.current_task()
        cancelling = self._before = task.cancelling() if task is not None else 0
        step, argument = work.send, None
        try:
            while True:
                watch.on_stage = self.what
                try:
                    waiting = context.run(step, argument)
                except StopIteration as stop:
                    if task is not None and task.cancelling() > self._before:
                        yield from self._calm(task)
                    return stop.value
                except BaseException as error:
                    foreign = self._interrupted and isinstance(error, asyncio.CancelledError)
                    if task is not None and task.cancelling() > self._before and not foreign:
                        yield from self._calm(task)
                    raise
                finally:
                    watch.on_stage = None
                if task is not None:
                    cancelling = task.cancelling()
                try:
                    argument = yield waiting
                    step = work.send
                except BaseException as error:
                    # A cancellation that was there before the guest waited is its own doing.
                    self._interrupted |= task is not None and task.cancelling() > cancelling
                    if self._abandoned:
                        raise Abandoned(_rest(work, error), context) from None
                    step, argument = work.throw, error
        finally:
            self._task = None

    def _calm(self, task: asyncio.Task[Any]) -> Generator[Any, Any, None]:
        """Forget every cancellation that the guest has answered by ending as it likes, or has left behind.

        A task group of Python 3.11 whose child fails cancels the task and does not take it back.
        """
        while task.cancelling() > self._before:
            task.uncancel()
        self.cancels = 0
        try:
            # One that was not delivered yet would strike at the host's next wait: let it strike here.
            yield
        except asyncio.CancelledError:
            if task.cancelling() > self._before:
                raise


class Watch:
    """Which guest has the event loop at this moment: read by the thread that looks out for a blocked loop."""

    __slots__ = ("on_stage",)

    def __init__(self) -> None:
        self.on_stage: str | None = None


async def _rest(work: Coroutine[Any, Any, T], error: BaseException) -> T:
    """What is left of an abandoned guest, beginning with the error it still has to be told."""
    return await _resume(work, error)


@coroutine
def _resume(work: Coroutine[Any, Any, T], error: BaseException) -> Generator[Any, Any, T]:
    step, argument = work.throw, error
    while True:
        try:
            waiting = step(argument)
        except StopIteration as stop:
            return stop.value
        try:
            argument = yield waiting
            step = work.send
        except BaseException as later:
            step, argument = work.throw, later
