"""One timer wakes whoever waits for a time, and costs nothing while nobody does."""

import asyncio
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopbus.runtime.alarms import Alarms

from ..bus.clock import Clock, turns

NOON = 1_800_000_000.0


class Rung:
    """Alarms, what they rang for, and a wall clock that is put where the test likes it."""

    def __init__(self) -> None:
        self.wall = NOON
        self.rung: list[tuple[str, float]] = []
        self.alarms = Alarms(self.ring, lambda: self.wall)

    def ring(self, run_id: str, now: float) -> None:
        """Note it."""
        self.rung.append((run_id, now - NOON))


def timers() -> int:
    """How many timers the loop has that will fire."""
    scheduled = getattr(asyncio.get_running_loop(), "_scheduled")  # noqa: B009 - the loop tells nobody otherwise
    return sum(not timer.cancelled() for timer in scheduled)


async def test_it_rings_when_it_is_time_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In order of time, not of setting; what is cleared or past comes never or at once."""
    clock, rung = Clock(monkeypatch), Rung()
    for run_id, due in ("late", 60), ("early", 30), ("gone", 40), ("past", -10):
        rung.alarms.set(run_id, NOON + due)
    rung.alarms.clear("gone")
    rung.alarms.clear("nobody")
    await turns()
    assert rung.rung == [("past", 0)]
    await clock.forward(29)
    assert len(rung.rung) == 1
    await clock.forward(1)
    await clock.forward(30)
    await clock.forward(1000)
    assert rung.rung == [("past", 0), ("early", 30), ("late", 60)]
    assert len(rung.alarms) == 0


async def test_one_timer_serves_all_and_none_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand runs that wait cost the loop as much as one."""
    Clock(monkeypatch)
    before, rung = timers(), Rung()
    assert timers() == before
    for number in range(1000):
        rung.alarms.set(f"run {number}", NOON + 1000 - number)
    assert (len(rung.alarms), timers()) == (1000, before + 1)
    for number in range(1000):
        rung.alarms.clear(f"run {number}")
    assert (len(rung.alarms), timers()) == (0, before)
    rung.alarms.set("run", NOON + 1)
    rung.alarms.close()
    rung.alarms.close()
    assert (len(rung.alarms), timers()) == (0, before)


async def test_a_time_that_is_set_again_takes_the_place_of_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Earlier, later, the same, or never."""
    clock, rung = Clock(monkeypatch), Rung()
    for due in 60, 30, 90, 90:
        rung.alarms.set("run", NOON + due)
    rung.alarms.set("other", NOON + 5)
    rung.alarms.set("other", None)
    await clock.forward(89)
    assert rung.rung == []
    await clock.forward(1)
    assert rung.rung == [("run", 90)]


@pytest.mark.parametrize("jump", [-3600, 3600])
async def test_a_wall_clock_that_jumps_changes_nothing(jump: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """F99: the wait is by the loop's clock, and whoever is woken is never told a time before the one they set."""
    clock, rung = Clock(monkeypatch), Rung()
    rung.alarms.set("run", NOON + 60)
    rung.wall += jump
    await clock.forward(59)
    assert rung.rung == []
    await clock.forward(1)
    assert rung.rung == [("run", max(60, jump))]


async def test_one_that_fails_does_not_keep_the_others_from_ringing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, with the run; and who is woken may set the next time at once."""
    clock, rung = Clock(monkeypatch), Rung()

    def ring(run_id: str, now: float) -> None:
        rung.ring(run_id, now)
        if run_id == "broken":
            raise ValueError("no")
        if now < NOON + 20:
            alarms.set(run_id, NOON + 20)

    alarms = Alarms(ring, lambda: rung.wall)
    alarms.set("broken", NOON + 9)
    alarms.set("whole", NOON + 10)
    with caplog.at_level(logging.ERROR):
        rung.wall += 10
        await clock.forward(10)
    await clock.forward(10)
    assert rung.rung == [("broken", 10), ("whole", 10), ("whole", 20)]
    assert "run broken could not be looked at" in caplog.text


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(1, 9), st.integers(0, 3)), max_size=30))
def test_whatever_is_set_rings_at_its_time(steps: list[tuple[str, int | None, int]]) -> None:
    """Against a plain table of times; the heap never holds much more than that."""

    async def live() -> None:
        with pytest.MonkeyPatch.context() as monkeypatch:
            clock, rung, table = Clock(monkeypatch), Rung(), dict[str, float]()
            expected: list[tuple[str, float]] = []
            for run_id, due, seconds in steps:
                rung.alarms.set(run_id, None if due is None else rung.wall + due)
                table.pop(run_id, None)
                if due is not None:
                    table[run_id] = rung.wall + due
                rung.wall += seconds
                await clock.forward(seconds)
                for name, when in sorted(table.items(), key=lambda item: (item[1], item[0])):
                    if when <= rung.wall:
                        expected.append((name, rung.wall - NOON))
                        del table[name]
                assert len(rung.alarms) == len(table)
            assert sorted(rung.rung) == sorted(expected)
            rung.alarms.close()

    asyncio.run(live())
