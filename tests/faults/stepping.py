"""Counts the suspension points of every task of an event loop, and does something at the n-th."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any


class Steps:
    """Numbers the awaits at which any task of the loop gives up control: 1, 2, 3 ...

    At number ``stop_at`` the ``act`` is called, while the task that waits there is still the running one. The same
    program under the same script suspends in the same order, so every number is one place in it.
    """

    def __init__(self, stop_at: int, act: Callable[[], object]) -> None:
        self.count = 0
        self.acted = False
        self._stop_at = stop_at
        self._act = act

    def passed(self) -> None:
        """A task is about to wait."""
        self.count += 1
        if self.count == self._stop_at:
            self.acted = True
            self._act()


class _Stepped:
    """A coroutine that tells its ``steps`` of every suspension and is otherwise the same."""

    def __init__(self, work: Coroutine[Any, Any, Any], steps: Steps) -> None:
        self._work = work
        self._steps = steps

    def __await__(self) -> Generator[Any, Any, Any]:
        step: Callable[[Any], Any] = self._work.send
        argument: Any = None
        while True:
            try:
                waits_for = step(argument)
            except StopIteration as stop:
                return stop.value
            self._steps.passed()
            try:
                argument = yield waits_for
                step = self._work.send
            except BaseException as error:
                step, argument = self._work.throw, error


async def _driven(work: Coroutine[Any, Any, Any], steps: Steps) -> Any:
    return await _Stepped(work, steps)


@contextmanager
def counting(stop_at: int = 0, act: Callable[[], object] = lambda: None) -> Generator[Steps]:
    """Count the suspensions of the tasks that are made inside the block; ``act`` at number ``stop_at``."""
    loop, steps = asyncio.get_running_loop(), Steps(stop_at, act)

    def make(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(_driven(work, steps), loop=loop, **options)
        # One that is cancelled before its first step never comes to its work.
        task.add_done_callback(lambda _: work.close())
        return task

    before = loop.get_task_factory()
    loop.set_task_factory(make)
    try:
        yield steps
    finally:
        loop.set_task_factory(before)
