"""Where a run goes on whose process is gone is told by where its log ends."""

from collections.abc import Sequence
from typing import Any

import pytest

from loopbus.bus import Event
from loopbus.events import (
    ApprovalDecided,
    ApprovalRequested,
    CancelRequested,
    ContextCompacted,
    FallbackChosen,
    Fault,
    MessageInjected,
    ModelFailed,
    ModelReplied,
    ModelRequested,
    RetryScheduled,
    RunFinished,
    RunStarted,
    RunSuspended,
    Text,
    ToolCall,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    TurnFinished,
    TurnStarted,
    user,
)
from loopbus.events.state import replay
from loopbus.runtime.frontier import frontier, not_recorded
from loopbus.runtime.turn import Phase, after

from ..stores.story import placed

STARTED, TURN = RunStarted(agent="clerk", model="m", prompt=user("go")), TurnStarted(turn=1)
ASKED = ModelRequested(turn=1, model="m", messages=1)
ANSWERED = ModelReplied(turn=1, content=(Text("hello"),), stop="end")
FAILED = ModelFailed(turn=1, error=Fault("Busy", "too much", "m"), model="m")
DONE = TurnFinished(turn=1, final=True)
ASIDE = MessageInjected(message=user("and"))
LEFT = RunSuspended(reason="enough")


def replied(*calls: str) -> ModelReplied:
    """A reply with these calls."""
    return ModelReplied(turn=1, content=tuple(ToolCall(each, "add", {}) for each in calls), stop="tool_calls")


def requested(call_id: str) -> ToolRequested:
    """The wish for a call."""
    return ToolRequested(call_id=call_id, name="add", arguments={})


def begun(call_id: str) -> ToolStarted:
    """The start of a call."""
    return ToolStarted(call_id=call_id, name="add")


def finished(call_id: str) -> ToolFinished:
    """The result of a call."""
    return ToolFinished(call_id=call_id, name="add", outcome="ok", output="3")


def asked(call_id: str) -> ApprovalRequested:
    """A question about a call."""
    return ApprovalRequested(call_id=call_id, name="add", arguments={}, approver="bob")


def decided(call_id: str) -> ApprovalDecided:
    """The answer to it."""
    return ApprovalDecided(call_id=call_id, approve=True, author="bob")


def left_of(*events: Event) -> list[tuple[str, str, bool]]:
    """What a run with this log has to answer first: the kinds, whose call, and whether it had begun."""
    log: Sequence[Event] = placed("r", 1, *(event.model_copy() for event in events))
    phase = Phase.NEW
    for event in log:
        phase = after(phase, type(event))
    found = frontier(log, replay(log), phase)
    assert all(log[each.event.seq - 1] == each.event for each in found)
    return [(type(each.event).__name__, getattr(each.event, "call_id", ""), each.begun) for each in found]


def test_a_log_without_events_has_nothing_to_answer() -> None:
    """So it is with one that is over."""
    assert left_of() == []
    assert left_of(STARTED, TURN, ASKED, ANSWERED, DONE, RunFinished(status="completed")) == []


@pytest.mark.parametrize(
    ("before", "last"),
    [
        ([], STARTED),
        ([STARTED], TURN),
        ([STARTED, TURN], ASKED),
        ([STARTED, TURN, ASKED], ANSWERED),
        ([STARTED, TURN, ASKED, ANSWERED], DONE),
        ([STARTED, TURN, ASKED], FAILED),
        ([STARTED, TURN, ASKED, FAILED], RetryScheduled(turn=1, model="m", attempt=2, delay_s=1.0)),
        ([STARTED, TURN, ASKED, FAILED], FallbackChosen(turn=1, failed="m", model="n")),
        ([STARTED, TURN, ASKED, FAILED], ContextCompacted(turn=1, model="m", messages=1, first=0)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Event) else "",
)
@pytest.mark.parametrize("aside", [[], [ASIDE], [CancelRequested(reason="enough"), LEFT]], ids=["", "said", "left"])
def test_the_last_event_that_a_stage_hears_is_answered(before: list[Event], last: Event, aside: list[Event]) -> None:
    """Whatever has happened aside since then."""
    assert left_of(*before, last, *aside) == [(type(last).__name__, "", False)]


REPLY = [STARTED, TURN, ASKED, replied("c1", "c2")]
ONE, TWO = requested("c1"), requested("c2")


@pytest.mark.parametrize(
    ("log", "left"),
    [
        # Not all that the reply wants was requested.
        ([ONE], [("ToolRequested", "c1", False), ("ModelReplied", "", False)]),
        ([ONE, begun("c1")], [("ToolRequested", "c1", True), ("ModelReplied", "", False)]),
        ([ONE, begun("c1"), finished("c1")], [("ModelReplied", "", False)]),
        # All was requested.
        ([ONE, TWO], [("ToolRequested", "c1", False), ("ToolRequested", "c2", False)]),
        ([ONE, TWO, begun("c2")], [("ToolRequested", "c1", False), ("ToolRequested", "c2", True)]),
        ([ONE, TWO, begun("c2"), finished("c2")], [("ToolRequested", "c1", False)]),
        ([ONE, TWO, begun("c2"), finished("c2"), finished("c1")], [("ToolFinished", "c1", False)]),
        # People were asked.
        ([ONE, TWO, asked("c1")], [("ToolRequested", "c2", False)]),
        ([ONE, TWO, asked("c1"), asked("c2"), LEFT], []),
        ([ONE, asked("c1")], [("ModelReplied", "", False)]),
        ([ONE, TWO, asked("c1"), asked("c2"), decided("c2")], [("ApprovalDecided", "c2", True)]),
        ([ONE, TWO, asked("c1"), decided("c1"), begun("c1"), finished("c2")], [("ApprovalDecided", "c1", True)]),
        ([ONE, TWO, asked("c1"), decided("c1"), asked("c1"), finished("c2")], []),
        ([ONE, TWO, asked("c1"), decided("c1"), asked("c1"), decided("c1"), finished("c2")],
         [("ApprovalDecided", "c1", True)]),
        # And something was said.
        ([ONE, TWO, ASIDE, LEFT], [("ToolRequested", "c1", False), ("ToolRequested", "c2", False)]),
    ],
)  # fmt: skip
def test_of_the_calls_of_a_reply_each_is_answered_by_the_last_that_is_known(log: list[Event], left: list[Any]) -> None:
    """But for those that wait for a person or have their result; then the reply, if it has more."""
    assert left_of(*REPLY, *log) == left


def test_only_the_last_reply_counts() -> None:
    """Calls of earlier turns have their results."""
    earlier = [STARTED, TURN, ASKED, replied("c0"), requested("c0"), begun("c0"), finished("c0")]
    again = [TurnFinished(turn=1, final=False), TURN, ASKED, replied("c1"), ONE, begun("c1")]
    assert left_of(*earlier, *again) == [("ToolRequested", "c1", True)]


def test_what_a_stage_causes_a_second_time_is_not_recorded_twice() -> None:
    """Each event that the log has stands for one of its kind and call; what it does not have is left, in order."""
    log = placed("r", 1, STARTED.model_copy(), replied("c1", "c2", "c3"), requested("c2"))
    wishes: list[Event] = [requested("c1"), requested("c2"), requested("c3")]
    assert not_recorded(wishes, 2, log) == [wishes[0], wishes[2]]
    assert not_recorded(wishes, 1, log) == wishes


def test_two_of_a_kind_are_not_the_same() -> None:
    """One recorded event stands for one only."""
    log = placed("r", 1, STARTED.model_copy(), ASIDE.model_copy())
    said: list[Event] = [ASIDE.model_copy(), ASIDE.model_copy()]
    assert not_recorded(said, 1, log) == said[1:]
