"""After a turn there is another, or the end: with the answer, at a limit, or because the model is lost."""

from typing import Any

import pytest

from loopbus.events import MessageInjected, ModelReplied, RunFinished, Text, TurnFinished, TurnStarted, Usage, user
from loopbus.events.model import Stop
from loopbus.handlers.limits import Limits
from loopbus.handlers.stages.advance import Advance

from ..fake_run import FakeRun, asked, batch, one, prompted

ANYWAY = Limits(turns=None)


def answered(stop: Stop = "end") -> FakeRun:
    """A run whose model has answered."""
    run = asked()
    run.take(ModelReplied(turn=1, content=(Text("It is 42."),), stop=stop, usage=Usage(10, 5)))
    return run


def worked(turns: int = 1, **outcome: Any) -> FakeRun:
    """A run whose model has called a tool, each time with another result."""
    run = prompted()
    for turn in range(1, turns + 1):
        batch(run, turn, one("look", f"{turn}.0"), output=f"{turn}", **outcome)
    return run


async def end_turn(run: FakeRun, limits: Limits, *, final: bool) -> TurnStarted | RunFinished:
    """What comes behind the turn."""
    return await Advance(limits)(run.take(TurnFinished(turn=run.state.turn, final=final)), run)


async def test_an_answer_completes_the_run() -> None:
    """Its output is the answer; how many turns and tokens it took is said."""
    finished = await end_turn(answered(), ANYWAY, final=True)
    assert finished == RunFinished(status="completed", output="It is 42.", usage=Usage(10, 5), turns=1)


async def test_an_answer_that_somebody_spoke_into_is_not_the_end() -> None:
    """What was sent meanwhile is heard, so there is another turn."""
    run = answered()
    run.take(MessageInjected(message=user("and 43?")))
    assert await end_turn(run, ANYWAY, final=True) == TurnStarted(turn=2)


@pytest.mark.parametrize(
    ("stop", "status", "words"),
    [("length", "limit", "the answer is cut"), ("content_filter", "failed", "the provider cut the answer")],
)
async def test_half_an_answer_is_no_success(stop: Stop, status: str, words: str) -> None:
    """It is the output all the same, under a status that says so."""
    finished = await end_turn(answered(stop), ANYWAY, final=True)
    assert isinstance(finished, RunFinished)
    assert (finished.status, finished.output) == (status, "It is 42.")
    assert words in finished.reason
    assert (finished.error is not None) == (status == "failed")


async def test_results_bring_another_turn() -> None:
    """The model is to see them."""
    assert await end_turn(worked(3), ANYWAY, final=False) == TurnStarted(turn=4)


async def test_a_limit_ends_the_run_and_names_itself() -> None:
    """Before the turn that would go beyond it."""
    finished = await end_turn(worked(2), Limits(turns=2), final=False)
    assert isinstance(finished, RunFinished)
    assert (finished.status, finished.reason, finished.error) == ("limit", "2 turns", None)


async def test_a_limit_that_is_reached_with_the_answer_takes_nothing_from_it() -> None:
    """The answer is there."""
    finished = await end_turn(answered(), Limits(turns=1, tokens=15), final=True)
    assert isinstance(finished, RunFinished)
    assert finished.status == "completed"


async def test_a_model_that_cannot_mend_its_mistakes_fails_the_run() -> None:
    """As many replies in a row as are allowed are answered; one more is the end, and the last mistake is quoted."""
    wrong = {"outcome": "error", "blame": "model"}
    limits = Limits(turns=None, model_faults=2)
    assert await end_turn(worked(2, **wrong), limits, final=False) == TurnStarted(turn=3)
    finished = await end_turn(worked(3, **wrong), limits, final=False)
    assert isinstance(finished, RunFinished)
    assert finished.status == "failed"
    assert finished.error is not None
    assert finished.error.kind == "ModelBehaviourError"
    assert finished.reason == "3 replies in a row had tool calls that cannot run; last: 3"
