"""The log in memory keeps to the contract."""

import pytest

from loopbus.stores import EventLog, Log, MemoryRows

from .contract import Clock, EveryLog


@pytest.fixture
def clock() -> Clock:
    """The time, for leases."""
    return Clock()


@pytest.fixture
def log(clock: Clock) -> EventLog:
    """An empty log."""
    return Log(MemoryRows(clock=clock), poll_s=3600)


class TestMemory(EveryLog):
    async def test_it_says_that_it_survives_nothing(self, log: EventLog) -> None:
        """By name."""
        assert log.survives == "nothing"
