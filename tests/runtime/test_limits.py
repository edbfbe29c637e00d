"""A run that reaches a limit ends with status ``limit``, with what there is, and can be gone on with."""

from typing import Any

import pytest

from loopbus.backends import Request, Scripted, call, reply, text
from loopbus.events import CancelRequested, RunFinished, ToolCall, ToolFinished, Usage
from loopbus.runtime import Agent, LimitReached, Limits, Run

from ..bus.clock import Clock, turns
from ..faults.house import House, add, agent, house
from ..faults.invariants import check_balanced
from ..faults.misbehaving import Gate, waiting


def counting(request: Request) -> Any:
    """A model that never has enough: each time it adds something else, and says so."""
    return reply("I add.", call("add", a=len(request.messages), b=1), usage=Usage(8, 2))


def tireless(limits: Limits) -> Agent:
    """An agent that only a limit can stop."""
    return Agent(Scripted(counting), tools=[add], limits=limits)


async def limited(tested: House, run: Run) -> LimitReached:
    """How a run ends that reaches a limit; it can be continued."""
    with pytest.raises(LimitReached) as caught:
        await run.result()
    check_balanced(caught.value.result.messages)
    again = await tested.outcome(agent(text("and on")), messages=caught.value.result.messages)
    assert (again.status, again.output) == ("completed", "and on")
    return caught.value


@pytest.mark.parametrize(
    ("limits", "words", "turns_taken"),
    [
        (Limits(turns=3), "3 turns", 3),
        (Limits(tool_calls=2), "2 tool calls", 2),
        (Limits(tokens=35), "35 tokens", 4),
    ],
    ids=["turns", "tool_calls", "tokens"],
)
async def test_each_limit_ends_the_run_with_what_there_is(limits: Limits, words: str, turns_taken: int) -> None:
    """The error names the run and the limit, and carries the partial output, the usage and the conversation."""
    async with house() as tested:
        run = await tested.start(tireless(limits))
        error = await limited(tested, run)
        assert str(error) == f"run {run.id} reached a limit: {words}"
        result = error.result
        assert (result.status, result.reason, result.turns, result.output) == ("limit", words, turns_taken, "I add.")
        assert result.usage == Usage(8 * turns_taken, 2 * turns_taken)


async def test_a_call_beyond_the_limit_is_answered_and_not_run() -> None:
    """The calls of one reply cannot overrun it together; the ones too many say why they did not run."""
    async with house() as tested:
        three = [call("add", a=1, b=1), call("add", a=2, b=2), call("add", a=3, b=3)]
        run = await tested.start(agent(three, tools=[add], limits=Limits(tool_calls=2)))
        await limited(tested, run)
    finished = [event for event in run.log if isinstance(event, ToolFinished)]
    assert sorted(event.outcome for event in finished) == ["error", "ok", "ok"]
    assert "Not run: this run may make 2 tool calls" in next(event.output for event in finished if event.blame)


async def test_the_limits_of_a_run_count_and_not_the_agents() -> None:
    """One agent serves many callers; what one of them may use is the caller's to say."""
    async with house() as tested:
        generous = tireless(Limits(turns=50))
        assert (await tested.outcome(generous, limits=Limits(turns=1))).turns == 1
        assert (await tested.outcome(generous, limits=Limits(turns=2))).turns == 2


async def test_wall_time_counts_while_a_tool_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a moment before; the tool is cancelled, and the limit is the author of that."""
    clock, gate = Clock(monkeypatch), Gate()
    async with house() as tested:
        run = await tested.start(agent(call("wait"), tools=[waiting(gate)], limits=Limits(seconds=60)))
        await gate.reached.wait()
        await clock.forward(59)
        assert run.status is None
        await clock.forward(1)
        error = await limited(tested, run)
    assert error.result.reason == "60 seconds"
    assert [(each.reason, each.author) for each in run.log if isinstance(each, CancelRequested)] == [
        ("60 seconds", "limit")
    ]


async def test_the_clock_of_a_run_stops_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ended in time is not struck afterwards."""
    clock = Clock(monkeypatch)
    async with house() as tested:
        run = await tested.start(agent(text("quick"), limits=Limits(seconds=60)))
        await run.result()
        await clock.forward(61)
        await turns()
    assert [type(event) for event in run.log].count(RunFinished) == 1
    assert run.status == "completed"


async def test_an_answer_that_was_cut_is_no_answer() -> None:
    """The model's own limit on one reply ends a run like the caller's; the half is there, under that name."""
    async with house() as tested:
        run = await tested.start(agent(reply("It is half", stop="length")))
        error = await limited(tested, run)
    assert error.result.output == "It is half"
    assert "output tokens" in str(error)


async def test_a_circle_is_left_at_twice_its_repeats() -> None:
    """Not for the same call alone: the results have to be the same too."""
    async with house() as tested:
        again: list[ToolCall] = [call("add", a=1, b=1)] * 10
        run = await tested.start(agent(*again, tools=[add], limits=Limits(turns=None, repeats=2)))
        error = await limited(tested, run)
    assert error.result.turns == 4
    assert error.result.reason == "the same tool calls with the same results 4 times"
