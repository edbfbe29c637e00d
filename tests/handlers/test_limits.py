"""How far a run may go, and which bound it meets first."""

from typing import Any

import pytest

from loopbus.bus import LoopbusError
from loopbus.events import RunState, Usage
from loopbus.handlers.errors import BadLimit
from loopbus.handlers.limits import Limits


def test_a_run_may_take_fifty_turns_unless_said_otherwise() -> None:
    """And as many calls, tokens and seconds as it likes."""
    assert Limits().reached(RunState(turn=49, tool_calls=10_000, usage=Usage(10**9, 0))) is None
    assert Limits().reached(RunState(turn=50)) == "50 turns"
    assert Limits(turns=1).reached(RunState(turn=1)) == "1 turn"


@pytest.mark.parametrize(
    ("limits", "below", "at", "words"),
    [
        ({"turns": 3}, {"turn": 2}, {"turn": 3}, "3 turns"),
        ({"tool_calls": 3}, {"tool_calls": 2}, {"tool_calls": 3}, "3 tool calls"),
        ({"tokens": 100}, {"usage": Usage(60, 39)}, {"usage": Usage(60, 40)}, "100 tokens"),
        ({"repeats": 3}, {"repeats": 5}, {"repeats": 6}, "the same tool calls with the same results 6 times"),
    ],
    ids=["turns", "tool_calls", "tokens", "repeats"],
)
def test_each_bound_is_met_where_it_says(limits: Any, below: Any, at: Any, words: str) -> None:
    """Not one before, and in words that name it."""
    assert Limits(**limits).reached(RunState(**below)) is None
    assert Limits(**limits).reached(RunState(**at)) == words


def test_none_and_zero_repeats_are_no_bound() -> None:
    """However far the run has gone."""
    boundless = Limits(turns=None, repeats=0)
    assert boundless.reached(RunState(turn=10**6, tool_calls=10**6, usage=Usage(10**9, 1), repeats=10**6)) is None


@pytest.mark.parametrize("name", ["turns", "tool_calls", "tokens", "seconds"])
@pytest.mark.parametrize("bound", [0, -1])
def test_a_bound_that_forbids_everything_is_refused(name: str, bound: int) -> None:
    """Where it is made, with its name; None is how to say that there is none."""
    with pytest.raises(
        BadLimit, match=rf"Limits\({name}={bound}\): a bound is a (whole )?number greater than 0, or None"
    ):
        Limits(**{name: bound})


@pytest.mark.parametrize("name", ["model_faults", "repeats"])
def test_a_count_cannot_be_negative(name: str) -> None:
    """Zero it may be: no mistake is forgiven, no circle looked for."""
    Limits(**{name: 0})
    with pytest.raises(BadLimit, match=rf"Limits\({name}=-1\): it is a whole number, 0 or more"):
        Limits(**{name: -1})


@pytest.mark.parametrize("name", ["turns", "tool_calls", "tokens", "model_faults", "repeats"])
def test_what_is_counted_is_whole(name: str) -> None:
    """There is no half turn; of time there are halves."""
    half: Any = 1.5
    with pytest.raises(BadLimit, match=rf"Limits\({name}=1.5\): .*whole number"):
        Limits(**{name: half})
    assert Limits(seconds=1.5).seconds == 1.5


@pytest.mark.parametrize("name", ["turns", "tool_calls", "tokens", "seconds", "model_faults", "repeats"])
@pytest.mark.parametrize("bound", ["3", [3], float("nan"), float("inf")])
def test_what_is_no_number_bounds_nothing_and_is_refused(name: str, bound: Any) -> None:
    """Where it is made, as an error of ours that is a ``ValueError`` too."""
    with pytest.raises(BadLimit, match=rf"Limits\({name}=.*number") as caught:
        Limits(**{name: bound})
    assert isinstance(caught.value, LoopbusError)
    assert isinstance(caught.value, ValueError)
