"""The event loop's clock, put forward by hand, so that a test waits for a deadline without waiting."""

import asyncio

import pytest


class Clock:
    """While a test has it, the time of the loop stands still but for what the test puts it forward."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self._now = loop.time()
        monkeypatch.setattr(loop, "time", lambda: self._now)

    async def forward(self, seconds: float) -> None:
        """Let so much time pass, and everyone who waited for it act."""
        self._now += seconds
        await turns()


async def turns(count: int = 20) -> None:
    """Let the rest of the loop have so many turns."""
    for _ in range(count):
        await asyncio.sleep(0)


def cancelling() -> int:
    """How many cancellations the running task has still to answer."""
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()
