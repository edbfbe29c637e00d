"""What a run is driven with that its log does not have: kept while it waits, or said again by whoever decides."""

import time
from dataclasses import replace

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.events import ToolFinished
from loopbus.handlers.limits import Limits
from loopbus.runtime import Agent, LimitReached, NoDeps, Run, RunCancelled
from loopbus.runtime.given import NOTHING, Given
from loopbus.stores import Log, MemoryRows
from loopbus.tools import ToolContext, tool

from ..bus.clock import turns
from ..faults.house import settle
from ..stores.story import started
from .durable.processes import Process, logged, process


@tool(needs_approval=True)
async def refund(context: ToolContext[str], usd: int) -> str:
    """Pay something back."""
    return f"{context.deps} paid {usd}"


CLERK = Agent(Scripted([call("refund", usd=5), text("done")], per_run=True), tools=[refund], name="clerk")


async def _parked(where: Process, *, limits: Limits | None = None) -> tuple[Run, str]:
    run = await where.runtime.start(CLERK, "go", deps="the till", limits=limits)
    await settle(lambda: run.state.suspended and not where.runtime.runs)
    (call_id,) = run.state.waiting
    return run, call_id


def _outputs(run: Run) -> list[str]:
    return [event.output for event in run.log if isinstance(event, ToolFinished)]


async def test_a_run_that_waited_for_a_person_goes_on_with_the_deps_that_it_had() -> None:
    """Where it was started, a decision is enough, as it is in a runtime without a store."""
    async with process(MemoryRows()) as only:
        run, call_id = await _parked(only)
        await run.decide(call_id, approve=True)
        assert (await run.result()).output == "done"
        assert _outputs(run) == ["the till paid 5"]
        assert run.given == NOTHING


async def test_who_decides_in_another_process_gives_the_deps_again() -> None:
    """The run goes on with the decision, so that it would be too late to give them afterwards."""
    rows = MemoryRows()
    async with process(rows) as first, process(rows, agents=[CLERK]) as second:
        run, call_id = await _parked(first)
        again = await second.runtime.decide(run.id, call_id, approve=True, deps="another till")
        assert (await again.result()).output == "done"
        assert _outputs(again) == ["another till paid 5"]


async def test_a_run_that_waited_for_a_person_goes_on_under_the_limits_that_it_had() -> None:
    """Those that it was started with, and not those of its agent, which allow more."""
    async with process(MemoryRows()) as only:
        run, call_id = await _parked(only, limits=Limits(turns=1))
        await run.decide(call_id, approve=True)
        with pytest.raises(LimitReached):
            await run.result()


@pytest.mark.parametrize("plain", [True, False])
async def test_the_deps_of_a_run_that_is_taken_up_can_be_made(plain: bool) -> None:
    """By a function of the run, plain or async, where nobody gives any: for whoever resumes, recovers or decides."""
    rows = MemoryRows()

    def till(run: Run) -> str:
        return f"the till of {run.agent} after {type(run.log[-1]).__name__}"

    async def opened(run: Run) -> str:
        return till(run)

    async with process(rows) as first:
        run, call_id = await _parked(first)
    async with process(rows, agents=[CLERK], deps_for=till if plain else opened) as second:
        again = await second.runtime.decide(run.id, call_id, approve=True)
        assert (await again.result()).output == "done"
        assert _outputs(again) == ["the till of clerk after ApprovalDecided paid 5"]


async def test_deps_that_are_missing_are_asked_for_before_anything_happens(caplog: pytest.LogCaptureFixture) -> None:
    """The tool says that it needs some. A run that waits goes on waiting, and nothing is decided."""
    rows, words = MemoryRows(), "tool 'refund' of agent 'clerk' needs deps, a str, and none were given"
    async with process(rows) as first:
        with pytest.raises(NoDeps, match=words):
            await first.runtime.start(CLERK, "go")
        run, call_id = await _parked(first)
    async with process(rows, agents=[CLERK]) as second:
        for attempt in (
            lambda: second.runtime.resume(run.id),
            lambda: second.runtime.fork(run.id, at=1),
            lambda: second.runtime.decide(run.id, call_id, approve=True),
        ):
            with pytest.raises(NoDeps, match=words):
                await attempt()
        assert (await second.runtime.get(run.id)).state.waiting
        async with process(rows) as stranger:
            await stranger.runtime.decide(run.id, call_id, approve=True)
        assert await second.runtime.recover() == []
        assert f"run {run.id} was not recovered: tool 'refund'" in caplog.text
        assert await second.runtime.recover(deps="a till") == [await second.runtime.get(run.id)]


async def test_deps_that_cannot_be_made_leave_the_run_as_it_is() -> None:
    """It is said why, no attempt is counted, and whoever can may have it."""
    rows = MemoryRows()

    def broken(run: Run) -> str:
        raise OSError("the till is stuck")

    async with process(rows) as first:
        run, _ = await _parked(first)
    before = await logged(rows, run.id)
    async with process(rows, agents=[CLERK], deps_for=broken) as second:
        with pytest.raises(NoDeps, match=f"the deps of run {run.id} could not be made: OSError: the till is stuck"):
            await second.runtime.resume(run.id)
        await turns()
        await Log(rows).claim(run.id, "whoever can")
        assert await logged(rows, run.id) == before


async def test_the_time_of_a_fork_is_its_own() -> None:
    """Its first events are those of a run that may have begun long ago."""
    rows = MemoryRows()
    await Log(rows).append(started("old"))
    async with process(rows) as only:
        fork = await only.runtime.fork("old", at=1, agent=CLERK, deps="the till", limits=Limits(seconds=60))
        await settle(lambda: fork.state.suspended and not only.runtime.runs)
        await fork.decide(*fork.state.waiting, approve=True)
        assert (await fork.result()).output == "done"
        assert fork.log[0].at < time.time() - 60


async def test_a_run_that_is_over_holds_on_to_nothing() -> None:
    """Nor does one that was cancelled while it waited."""
    async with process(MemoryRows()) as only:
        run, _ = await _parked(only)
        assert run.given.deps == "the till"
        await run.cancel()
        with pytest.raises(RunCancelled):
            await run.result()
        assert run.given == NOTHING


def test_what_is_said_now_beats_what_was_said_before() -> None:
    """Limits of another agent are no longer meant; the deps are."""
    before, other = Given(CLERK, "the till", Limits(turns=1)), replace(CLERK, name="other")
    assert NOTHING.over(before) == before
    assert Given(deps="a card").over(before) == Given(CLERK, "a card", Limits(turns=1))
    assert Given(agent=other).over(before) == Given(other, "the till", None)
    assert before.over(Given(other, "a card", Limits(turns=9))) == before
