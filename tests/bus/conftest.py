"""A bus, the owner of its tasks, and a clock, fresh for each test."""

from collections.abc import AsyncIterator

import pytest

from loopbus.bus import Bus, Recorder, TaskOwner

from .clock import Clock


@pytest.fixture
async def owner() -> AsyncIterator[TaskOwner]:
    """Owns the tasks of a test; none may be left behind by it."""
    owner = TaskOwner("the test")
    yield owner
    assert not await owner.aclose(1), "a test left a task that would not end"


@pytest.fixture
async def bus(owner: TaskOwner) -> AsyncIterator[Bus]:
    """A bus of the test's own."""
    bus = Bus(owner.spawn)
    yield bus
    bus.close()


@pytest.fixture
async def recorder(bus: Bus) -> Recorder:
    """Remembers all that is published on ``bus``."""
    recorder = Recorder()
    recorder.attach(bus)
    return recorder


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Puts the loop's clock forward."""
    return Clock(monkeypatch)
