"""What is done about a failure is decided from the log alone: shorten, retry, fall back, or end."""

from typing import Any

import pytest

from loopbus.events import (
    ContextCompacted,
    FallbackChosen,
    Fault,
    ModelFailed,
    ModelRequested,
    RetryScheduled,
    RunFinished,
    StreamRestarted,
    Text,
    Usage,
    user,
)
from loopbus.handlers.compaction import KeepLatest
from loopbus.handlers.retry import ONCE, RetryPolicy
from loopbus.handlers.retry_budget import RetryBudget
from loopbus.handlers.stages.recover import Recover

from ..fake_run import FakeRun, asked, prompted

TWICE = RetryPolicy(attempts=2, random=lambda: 1.0)


def failed(run: FakeRun, kind: str = "Busy", *, retryable: bool = True, **fields: Any) -> ModelFailed:
    """The last request fails."""
    return run.take(ModelFailed(turn=1, error=Fault(kind, "it failed", "fake", retryable), model="fake", **fields))


async def test_a_run_whose_model_fails_for_good_ends_failed_with_that_fault() -> None:
    """What had arrived is its output, what it cost is counted, and the reason is in words."""
    run = asked()
    event = failed(run, "Refused", retryable=False, partial=(Text("It is "),), usage=Usage(7, 2))
    finished = await Recover(TWICE)(event, run)
    assert isinstance(finished, RunFinished)
    assert (finished.status, finished.reason, finished.error) == ("failed", "it failed", event.error)
    assert (finished.output, finished.usage, finished.turns) == ("It is ", Usage(7, 2), 1)


async def test_first_a_retry_then_the_next_model_then_the_end() -> None:
    """Each failure gets the next answer; what was tried is read from the log."""
    run = asked()
    recover = Recover(TWICE, ("second", "third"))
    said: list[Any] = []
    for _ in range(6):
        said.append(await recover(failed(run), run))
        if not isinstance(said[-1], RunFinished):
            run.take(said[-1])
            run.take(ModelRequested(turn=1, model=said[-1].model, messages=1))
    each = [RetryScheduled, FallbackChosen, RetryScheduled, FallbackChosen, RetryScheduled, RunFinished]
    assert [type(event) for event in said] == each
    assert (said[0].attempt, said[0].delay_s, said[0].model) == (2, 0.5, "fake")
    assert [said[1].model, said[3].model] == ["second", "third"]


async def test_a_retry_that_the_budget_does_not_allow_is_none() -> None:
    """The next model is asked, or the run ends."""
    budget = RetryBudget(burst=1, per_s=0)
    recover = Recover(RetryPolicy(budget=budget), ("second",))
    assert isinstance(await recover(failed(run := asked()), run), RetryScheduled)
    assert isinstance(await recover(failed(run := asked()), run), FallbackChosen)


@pytest.mark.parametrize(("heard", "partial"), [(True, True), (True, False), (False, True)])
async def test_that_pieces_are_void_is_told_where_some_were_and_anyone_hears(heard: bool, partial: bool) -> None:
    """As belonging to the request that they belonged to."""
    run = asked(hears=[StreamRestarted] if heard else [])
    event = failed(run, partial=(Text("Ha"),) if partial else ())
    await Recover(RetryPolicy(mid_stream=True))(event, run)
    assert [(type(each), each.seq) for each in run.told] == ([(StreamRestarted, 3)] if heard and partial else [])


async def test_pieces_of_a_run_that_ends_are_not_void() -> None:
    """They are all there is."""
    run = asked(hears=[StreamRestarted])
    await Recover(ONCE)(failed(run, partial=(Text("Ha"),)), run)
    assert run.told == []


async def test_what_is_too_long_is_shortened_before_anything_else() -> None:
    """By what the compaction says, and once: afterwards it is a failure like others, but is never retried."""
    run = prompted(history=tuple(user(f"{place}") for place in range(7)))
    run.take(ModelRequested(turn=1, model="fake", messages=8))
    recover = Recover(TWICE, ("second",), KeepLatest())
    compacted = await recover(failed(run, "ContextOverflow"), run)
    assert compacted == ContextCompacted(turn=1, model="fake", messages=4, first=4, pinned=())
    run.take(compacted)
    run.take(ModelRequested(turn=1, model="fake", messages=8, first=4))
    assert isinstance(await recover(failed(run, "ContextOverflow"), run), FallbackChosen)


async def test_what_cannot_be_shortened_is_not() -> None:
    """One message is one message."""
    run = asked()
    assert isinstance(await Recover(ONCE, (), KeepLatest())(failed(run, "ContextOverflow"), run), RunFinished)


async def test_a_veto_is_final() -> None:
    """Even where its maker says that it might help to ask again."""
    run = asked()
    assert isinstance(await Recover(TWICE, ("second",))(failed(run, "Vetoed"), run), RunFinished)
