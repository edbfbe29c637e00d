"""A run that only waits for people, in a runtime with a store: its own time goes on, and it is not forgotten."""

import gc
from typing import Any

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.events import CancelRequested, RunFinished, RunResumed, RunSuspended, ToolFinished
from loopbus.handlers.policies import RequireApproval
from loopbus.runtime import Agent, BadInput, Limits, Run
from loopbus.stores import Log, MemoryRows
from loopbus.tools import ToolContext, tool

from ...bus.clock import Clock
from ...faults.house import settle
from ...faults.invariants import check_run
from .processes import Process, logged, names, process
from .test_keeper import parked, refunder


def limited(seconds: float) -> Agent:
    """An agent that wants a refund, whose runs may take so long."""
    made = refunder()
    return Agent(made.model, tools=made.tools, name="refunder", limits=Limits(seconds=seconds))


async def put_away(only: Process, agent: Agent, **options: Any) -> str:
    """Start a run, let it wait for people, and keep nothing of it."""
    run_id = (await parked(only, agent, **options)).id
    gc.collect()
    return run_id


@pytest.mark.parametrize("held", [True, False], ids=["held", "forgotten"])
async def test_a_run_that_waits_for_people_ends_when_its_own_time_is_up(
    held: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F50: once, as ``limit``, with every call answered, though nobody drives it and perhaps nobody holds it."""
    rows, clock = MemoryRows(), Clock(monkeypatch)
    async with process(rows) as only:
        kept: Run | str = await put_away(only, refunder(), limits=Limits(seconds=10.0))
        if held:
            kept = await only.runtime.get(kept)
        await clock.forward(9.0)
        run_id = kept if isinstance(kept, str) else kept.id
        assert names(await logged(rows, run_id))[-1] == "RunSuspended"
        await clock.forward(1.1)
        assert names(await logged(rows, run_id))[-1] == "RunFinished"
        run = await only.runtime.get(run_id)
        outcome = await run.outcome()
        assert (outcome.status, outcome.reason) == ("limit", "10 seconds")
        assert [event.author for event in run.log if isinstance(event, CancelRequested)] == ["limit"]
        assert [event.outcome for event in run.log if isinstance(event, ToolFinished)] == ["cancelled"]
        await check_run(run)
        await Log(rows).claim(run_id, "whoever wants to")


@pytest.mark.parametrize(("known", "seconds", "forward"), [(True, 15.0, 15.1), (True, 0.001, 0.0), (False, 0.001, 1.0)])
async def test_after_a_restart_recover_ends_those_that_have_waited_for_too_long(
    known: bool, seconds: float, forward: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once where the time of their agent is up, else when it is; a run whose agent is not known waits on."""
    rows = MemoryRows()
    async with process(rows) as first:
        run_id = await put_away(first, refunder())
    clock = Clock(monkeypatch)
    async with process(rows, agents=[limited(seconds)] if known else []) as later:
        assert await later.runtime.recover() == []
        await clock.forward(forward)
        assert names(await logged(rows, run_id))[-1] == ("RunFinished" if known else "RunSuspended")
        if known:
            assert (await (await later.runtime.get(run_id)).outcome()).status == "limit"


async def test_whoever_takes_a_run_up_has_a_say_about_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another process gave it holds from then on, also when it waits again; and nobody looks at it for ever."""
    rows, clock = MemoryRows(), Clock(monkeypatch)
    async with process(rows) as first, process(rows, agents=[refunder()]) as second:
        run_id = await put_away(first, refunder(), limits=Limits(seconds=10.0))
        run = await second.runtime.resume(run_id)
        await settle(lambda: run.state.suspended and not second.runtime.runs)
        await clock.forward(11.0)
        log = await logged(rows, run_id)
        assert [type(event) for event in log if type(event) in (RunSuspended, RunResumed, RunFinished)] == [
            RunSuspended, RunResumed, RunSuspended
        ]  # fmt: skip
        assert not first.runtime._reminders._alarms  # pyright: ignore[reportPrivateUsage]


async def test_a_question_that_decides_itself_lets_the_run_go_on_with_what_it_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its deps and its limits, though nobody holds the run any more, as there is nobody to give them again."""
    clock, asks = Clock(monkeypatch), RequireApproval("pay", approver="kim", timeout_s=10.0, on_timeout="approve")

    @tool
    async def pay(context: ToolContext[str]) -> str:
        """Pay."""
        return f"paid from {context.deps}"

    agent = Agent(Scripted([call("pay"), call("pay"), text("done")], per_run=True), tools=[pay])
    async with process(MemoryRows(), subscribers=[asks]) as only:
        run_id = await put_away(only, agent, deps="the till", limits=Limits(turns=1))
        await clock.forward(10.1)
        outcome = await (await only.runtime.get(run_id)).outcome()
        assert (outcome.status, outcome.reason) == ("limit", "1 turn")
        assert "paid from the till" in str(outcome.messages)


async def test_edited_arguments_that_do_not_fit_are_refused_wherever_the_agent_is_known() -> None:
    """The call waits on, whoever started the run; who knows no agent writes the decision down as it is."""
    rows = MemoryRows()
    async with process(rows) as first:
        run_id = await put_away(first, refunder())
    async with process(rows, agents=[refunder()]) as knowing, process(rows) as stranger:
        with pytest.raises(BadInput, match="- usd: should be a valid integer"):
            await knowing.runtime.decide(run_id, "3.0", approve=True, arguments={"usd": "some"})
        with pytest.raises(BadInput, match="- usd: should be a valid integer"):
            await stranger.runtime.decide(run_id, "3.0", approve=True, arguments={"usd": "some"}, agent=refunder())
        assert names(await logged(rows, run_id))[-1] == "RunSuspended"
        await stranger.runtime.decide(run_id, "3.0", approve=True, arguments={"usd": "some"})
        assert names(await logged(rows, run_id))[-1] == "ApprovalDecided"
