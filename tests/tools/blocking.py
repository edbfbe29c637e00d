"""A function that blocks its thread until the test lets it go."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Event, Thread

LONG = 30.0
"""Seconds after which a test that would hang fails instead; never waited for when all is well."""


class Blocker:
    """Stands for a tool that hangs: ``hang`` returns when the test calls ``release``."""

    def __init__(self) -> None:
        self.began = Event()
        self.gate = Event()

    def hang(self, answer: object = "late") -> object:
        self.began.set()
        assert self.gate.wait(LONG)
        return answer

    def hang_and_fail(self) -> object:
        self.hang()
        raise ValueError("too late")

    def release(self) -> None:
        self.gate.set()


@contextmanager
def blocker() -> Generator[Blocker]:
    """A blocker that lets go at the end, whatever the test came to."""
    one = Blocker()
    try:
        yield one
    finally:
        one.release()


async def wait_until(condition: Callable[[], object]) -> None:
    """Let the loop turn until ``condition()`` holds."""
    async with asyncio.timeout(LONG):
        while not condition():  # noqa: ASYNC110 - it is another thread that makes it hold
            await asyncio.sleep(0)


def join_all(threads: set[Thread]) -> None:
    """Wait for threads that are about to end."""
    for thread in threads:
        thread.join(LONG)
        assert not thread.is_alive()
