"""Commands that come just when a run is left, is taken up, or cannot go on here: they count, or say why they do not."""

import asyncio

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.events import MessageInjected, RunResumed
from loopbus.runtime import Agent, Run, RunLeft, Runtime, RuntimeClosed
from loopbus.stores import Lease, Log, MemoryRows
from loopbus.tools import tool

from ...faults.house import add, settle
from ...faults.invariants import check_run
from ...faults.misbehaving import Gate, stubborn, waiting
from .processes import process


@tool(needs_approval=True)
async def refund(usd: int) -> str:
    """Give money back."""
    return f"refunded {usd}"


async def test_a_run_is_left_when_the_last_of_its_parallel_calls_has_ended() -> None:
    """The task of that call has given its result and is not gone yet: nobody comes back to look once it is."""
    agent = Agent(Scripted([[call("refund", usd=5), call("add", a=1, b=2)], text("done")]), tools=[refund, add])
    async with process(MemoryRows()) as only:
        run = await only.runtime.start(agent, "go")
        await settle(lambda: run.state.suspended and not only.runtime.runs)
        (call_id,) = run.state.waiting
        await run.decide(call_id, approve=True)
        assert (await run.result()).output == "done"
        await check_run(run)


@pytest.mark.parametrize("first", ["send", "resume"])
async def test_what_is_said_while_the_run_is_taken_up_is_heard(first: str) -> None:
    """Whoever says it does not claim the run a second time, which would lock its own driver out."""
    gate, rows = Gate(), MemoryRows()
    agent = Agent(
        Scripted([call("wait"), text("done")], per_run=True), tools=[waiting(gate, delivery="idempotent")], name="a"
    )
    async with process(rows, agents=[agent]) as only:
        run = await only.runtime.start(agent, "go")
        await gate.reached.wait()
        run.leave("for a moment")
        await settle(lambda: run.state.suspended and not run.journal.unrecorded)
        works = {"send": run.send("hurry"), "resume": only.runtime.resume(run.id)}
        async with asyncio.TaskGroup() as group:
            for name in sorted(works, key=lambda name: name != first):
                group.create_task(works[name])
        gate.open.set()
        assert (await run.result()).output == "done"
        assert [isinstance(event, MessageInjected) for event in run.log].count(True) == 1
        assert [isinstance(event, RunResumed) for event in run.log].count(True) == 1
        assert (await Log(rows).verify(run.id)).events == len(run.log)


async def test_a_run_that_is_being_left_says_so() -> None:
    """It has not ended, and no decision was made: it can be made when the run is left."""
    gate, rows = Gate(), MemoryRows()
    reply = [call("refund", usd=5), call("stubborn")]
    agent = Agent(Scripted([reply, text("done")], per_run=True), tools=[refund, stubborn(gate)], name="a")
    async with process(rows, agents=[agent]) as only:
        run = await only.runtime.start(agent, "go")
        await gate.reached.wait()
        (call_id,) = run.state.waiting
        run.leave("for a moment")
        with pytest.raises(RunLeft, match="is being left just now; say it again when that is done"):
            await run.decide(call_id, approve=True)
        gate.open.set()
        await settle(lambda: run.state.suspended)
        await run.decide(call_id, approve=True)
        assert (await run.result()).output == "done"


async def test_a_runtime_that_is_closed_takes_nothing_up() -> None:
    """It would be cancelled at once, and that is an end; who asks is told to do it in another one."""
    gate, rows = Gate(), MemoryRows()
    agent = Agent(Scripted([call("wait"), text("done")], per_run=True), tools=[waiting(gate)], name="a")
    async with process(rows, agents=[agent]) as only:
        run: Run = await only.runtime.start(agent, "go")
        await gate.reached.wait()
    with pytest.raises(RuntimeClosed):
        await only.runtime.resume(run.id)
    with pytest.raises(RuntimeClosed, match=f"the runtime of run {run.id} is closed; resume it in another one"):
        await run.send("hurry")
    assert [info.status for info in await Log(rows).runs()] == [None]


@pytest.mark.parametrize("turns", range(1, 30, 2))
async def test_a_decision_whose_caller_is_cancelled_is_made_and_acted_upon_all_the_same(turns: int) -> None:
    """Whenever that is: a decision that is in the log cannot be made again, and nobody would go on with the run."""
    agent = Agent(Scripted([call("refund", usd=5), text("done")], per_run=True), tools=[refund], name="a")
    async with process(MemoryRows(), agents=[agent]) as only:
        run = await only.runtime.start(agent, "go")
        await settle(lambda: run.state.suspended and not only.runtime.runs)
        (call_id,) = run.state.waiting
        only.line.turns = 5
        async with asyncio.TaskGroup() as group:
            deciding = group.create_task(run.decide(call_id, approve=True))
            for _ in range(turns):
                await asyncio.sleep(0)
            deciding.cancel()
        assert (await run.result()).output == "done"
        assert [isinstance(event, RunResumed) for event in run.log].count(True) == 1
        await check_run(run)


async def test_a_run_that_begins_while_its_runtime_closes_does_not_begin() -> None:
    """Nobody would ever say what came of it: the runtime has told those who wait, and tells nobody else."""
    rows, claiming = MemoryRows(), Gate()
    agent = Agent(Scripted([text("done")], per_run=True), name="a")
    async with process(rows, agents=[agent]) as only:
        claim = only.line.claim

        async def slow(run_id: str, holder: str, *, ttl_s: float = 30.0) -> Lease:
            claiming.reached.set()
            await claiming.open.wait()
            return await claim(run_id, holder, ttl_s=ttl_s)

        only.line.claim = slow
        async with asyncio.TaskGroup() as group:
            beginning = group.create_task(_refused(only.runtime, agent))
            await claiming.reached.wait()
            await only.runtime.aclose()
            claiming.open.set()
        assert "is closed" in beginning.result()
    assert await Log(rows).runs() == []


async def _refused(runtime: Runtime, agent: Agent) -> str:
    with pytest.raises(RuntimeClosed) as refusal:
        await runtime.start(agent, "go")
    return str(refusal.value)
