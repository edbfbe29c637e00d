"""Whether a run that was broken off can go on is told by its log alone."""

from collections.abc import Sequence

import pytest

from loopbus.bus import Event
from loopbus.events import (
    ApprovalDecided,
    CancelRequested,
    Custom,
    MessageInjected,
    RunResumed,
    RunStarted,
    RunSuspended,
    TurnFinished,
    TurnStarted,
    user,
)
from loopbus.runtime import CannotResume
from loopbus.runtime.durable.taking_up import attempts, check_readable, dead_letter, unfinished_stop
from loopbus.stores import OpaqueEvent

from ...stores.story import placed

STARTED = RunStarted(agent="clerk", model="m", prompt=user("go"))
TURN, DONE = TurnStarted(turn=1), TurnFinished(turn=1, final=False)
UP, LEFT = RunResumed(attempt=1), RunSuspended(reason="enough")
DECIDED = ApprovalDecided(call_id="c1", approve=True)


class Known(Custom, name="tests.taking_up.known"):
    """An application's own fact that is defined here. Published by nobody."""


def log(*events: Event) -> Sequence[Event]:
    """A log of copies of these events."""
    return placed("r", 1, *(event.model_copy() for event in events))


def strange(seq: int, name: str, cause: int = 1) -> OpaqueEvent:
    """An event that this program does not know."""
    return OpaqueEvent(run_id="r", seq=seq, at=0.0, cause=cause, name=name, version=9, body=b"{}")


@pytest.mark.parametrize(
    ("events", "count"),
    [
        ([STARTED], 0),
        ([STARTED, TURN, UP], 1),
        ([STARTED, TURN, UP, UP, UP], 3),
        ([STARTED, TURN, UP, UP, DONE], 0),
        ([STARTED, TURN, UP, UP, DONE, UP], 1),
        ([STARTED, TURN, LEFT, UP], 0),
        ([STARTED, TURN, LEFT, UP, UP], 1),
        ([STARTED, TURN, LEFT, DECIDED, UP], 0),
        ([STARTED, TURN, UP, LEFT, DECIDED, MessageInjected(message=user("and")), UP, LEFT, DECIDED, UP], 0),
        ([STARTED, TURN, UP, UP, LEFT, DECIDED, UP, UP], 1),
    ],
)
def test_what_counts_is_how_often_a_run_was_taken_up_after_a_crash(events: list[Event], count: int) -> None:
    """Since its last whole turn; to be left and taken up again is no failure, whatever was decided meanwhile."""
    assert attempts(log(*events)) == count


def test_a_dead_letter_says_what_it_is() -> None:
    """It ends failed, with a fault of its own and the number of attempts."""
    stopping = dead_letter(5)
    assert (stopping.status, stopping.reason) == ("failed", "it was taken up 5 times and never finished a turn")
    assert stopping.fault is not None
    assert (stopping.fault.kind, stopping.fault.where) == ("DeadLetter", "runtime")


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([STARTED], None),
        ([STARTED, TURN, CancelRequested(reason="enough")], "cancelled"),
        ([STARTED, TURN, CancelRequested(reason="5 seconds", author="limit")], "limit"),
        ([STARTED, TURN, CancelRequested(reason="enough"), MessageInjected(message=user("and"))], "cancelled"),
        ([STARTED, TURN, UP, TURN], None),
    ],
)
def test_a_run_that_was_being_stopped_is_stopped(events: list[Event], status: str | None) -> None:
    """Whoever asked for it has been told that it would be."""
    stopping = unfinished_stop(log(*events))
    assert (stopping and stopping.status) == status


def test_strange_events_that_moved_nothing_are_passed_over() -> None:
    """Those of another application: nobody acted on them."""
    check_readable("r", log(STARTED, TURN))
    check_readable("r", [*log(STARTED, TURN), strange(3, "shop.order_noted")])


@pytest.mark.parametrize("name", [TurnStarted.event_name, "shop.order_noted", "newer.event"])
def test_strange_events_that_may_have_moved_the_run_on_are_named(name: str) -> None:
    """One of ours in a newer version, and whatever another event was caused by."""
    told = [*log(STARTED), strange(2, name), *placed("r", 3, TURN.model_copy())]
    with pytest.raises(CannotResume, match=rf"event 2 of run r is {name} version 9.*resume the run with the version"):
        check_readable("r", told)


def test_an_own_event_of_ours_in_a_newer_version_is_refused_wherever_it_stands() -> None:
    """It may have changed what is known of the run."""
    with pytest.raises(CannotResume) as refused:
        check_readable("r", [*log(STARTED, TURN), strange(3, MessageInjected.event_name)])
    assert refused.value.run_id == "r"


def test_an_applications_event_of_another_version_is_not_ours() -> None:
    """It is defined here, and moves nothing."""
    check_readable("r", [*log(STARTED, TURN), strange(3, Known.event_name)])
