"""A run is looked at when a question of it is overdue, and again when the next one is."""

import logging
from collections.abc import Coroutine
from typing import Any

import pytest

from loopbus.events import ApprovalDecided, ApprovalEscalated, ApprovalRequested, Event, RunResumed
from loopbus.events.state import RunState
from loopbus.runtime.errors import RunElsewhere
from loopbus.runtime.given import Given
from loopbus.runtime.left import NOT_LEFT, Deadline, Left
from loopbus.runtime.overdue import overdue
from loopbus.runtime.reminders import Reminders
from loopbus.stores.errors import NoSuchRun

from ..bus.clock import Clock
from ..handlers.fake_run import FakeRun

NOON = 1_800_000_000.0


class Waiting(FakeRun):
    """A run that waits for kim, then for ann."""

    leaving = False

    def __init__(self) -> None:
        super().__init__()
        self.reminded: list[Left] = []
        self.add(ApprovalRequested(call_id="c1", name="pay", arguments={}, approver="kim", timeout_s=60,
                                   escalate_to=("ann",)), NOON)  # fmt: skip

    def add(self, event: Event, at: float) -> None:
        """Append an event at a certain time."""
        vars(event).update(run_id="r1", seq=len(self.log) + 1, at=at)
        self.log.append(event)
        self.state.add(event)

    async def remind(self, now: float, left: Left) -> None:
        """What a run does that is reminded."""
        self.reminded.append(left)
        if not self.leaving:
            for event, _ in overdue(self.state, now):
                self.add(event, now)


class House:
    """Reminders, with a runtime's part played by hand: the tasks that were spawned, and the runs there are."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = Clock(monkeypatch)
        self.wall = NOON
        self.runs: dict[str, Waiting] = {"r1": Waiting()}
        self.failure: Exception | None = None
        self.spawned: list[Coroutine[Any, Any, Any]] = []
        self.reminders = Reminders(self.spawn, self.find, lambda: self.wall)

    def spawn(self, work: Coroutine[Any, Any, Any], *, name: str | None = None, context: Any = None) -> Any:
        """Keep a task until somebody runs it."""
        assert name == "reminder of run r1"
        self.spawned.append(work)

    async def find(self, run_id: str) -> Waiting:
        """A run, or why there is none."""
        if self.failure is not None:
            raise self.failure
        return self.runs[run_id]

    async def forward(self, seconds: float) -> int:
        """Let time pass; says how many runs were looked at."""
        self.wall += seconds
        await self.clock.forward(seconds)
        work, self.spawned = self.spawned, []
        for each in work:
            await each
        return len(work)


@pytest.fixture
def state() -> RunState:
    """Nothing waits."""
    return RunState()


async def test_each_time_that_is_up_is_seen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next approver is asked, then the question decides, and then nothing is left to look at."""
    house = House(monkeypatch)
    run = house.runs["r1"]
    house.reminders.watch("r1", run.state)
    assert [await house.forward(59), await house.forward(1)] == [0, 1]
    assert [await house.forward(59), await house.forward(1), await house.forward(1000)] == [0, 1, 0]
    assert [type(event) for event in run.log[1:]] == [ApprovalEscalated, ApprovalDecided]


async def test_a_question_without_a_time_is_not_watched(monkeypatch: pytest.MonkeyPatch, state: RunState) -> None:
    """Nor is a run that is forgotten, or anything once the runtime is closed."""
    house = House(monkeypatch)
    waiting = house.runs["r1"].state
    for forget in (
        lambda: house.reminders.watch("r1", state),
        lambda: house.reminders.forget("r1"),
        house.reminders.close,
    ):
        house.reminders.watch("r1", waiting)
        forget()
        assert await house.forward(1000) == 0


async def test_a_run_that_is_just_being_left_is_looked_at_a_little_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is appended then, and nobody spins until it can be."""
    house = House(monkeypatch)
    run = house.runs["r1"]
    house.reminders.watch("r1", run.state)
    run.leaving = True
    assert [await house.forward(60), await house.forward(0.5), await house.forward(0.5)] == [1, 0, 1]
    run.leaving = False
    assert [len(run.log), await house.forward(1), len(run.log)] == [1, 1, 2]


async def test_a_run_that_cannot_be_looked_at_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Because another process has it, or the store is down: a minute later, and said so. One that is gone is not."""
    house = House(monkeypatch)
    house.reminders.watch("r1", house.runs["r1"].state)
    house.failure = RunElsewhere("another process drives it", "r1")
    with caplog.at_level(logging.WARNING):
        assert await house.forward(60) == 1
    assert "trying again in 60 s: another process drives it" in caplog.text
    house.failure = NoSuchRun("deleted")
    assert [await house.forward(60), await house.forward(1000)] == [1, 0]
    assert len(house.runs["r1"].log) == 1


async def test_what_a_run_was_left_with_is_kept_until_somebody_takes_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told what it was driven with, and when its own time is up; whoever has resumed it knows better."""
    house = House(monkeypatch)
    run = house.runs["r1"]
    left = Left(Given(deps="a shop"), Deadline(NOON + 30, 30.0), seq=1)
    house.reminders.watch("r1", run.state, left)
    assert [await house.forward(29), await house.forward(1), await house.forward(1)] == [0, 1, 1]
    run.add(RunResumed(attempt=1), NOON + 31)
    assert [await house.forward(29), await house.forward(1000)] == [1, 1]
    assert run.reminded == [left, left, NOT_LEFT, NOT_LEFT]
