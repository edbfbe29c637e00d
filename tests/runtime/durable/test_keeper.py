"""Runs of a runtime with a store: recorded before anything depends on it, left, shared, and taken up exactly once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, nullcontext
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.bus import Ask, Event
from loopbus.bus.tasks import start
from loopbus.events import (
    ApprovalDecided,
    CancelRequested,
    ModelReplied,
    ModelRequested,
    RunFinished,
    RunResumed,
    RunSuspended,
    ToolCall,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    TurnStarted,
)
from loopbus.runtime import (
    Agent,
    CannotResume,
    KeepOptions,
    Limits,
    LogUnavailable,
    NothingToDecide,
    Run,
    RunDeleted,
    RunElsewhere,
    RunLeft,
    RunOver,
    RunTaken,
    Runtime,
    UnknownAgent,
)
from loopbus.stores import Lease, Log, MemoryRows, NoSuchRun, OpaqueEvent, StoreDamaged, StoreFull
from loopbus.tools import tool

from ...faults.house import add, settle
from ...faults.invariants import check_run
from ...faults.misbehaving import Gate
from ...stores.story import placed, started
from .processes import AT, Clock, Process, logged, names, only_run, process

LEASE_S = 31.0


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a lease that somebody else has: every look at the time is a long time later."""
    monkeypatch.setattr("loopbus.runtime.durable.leases.monotonic", count(0, 1000).__next__)


@tool(needs_approval=True)
async def refund(usd: int) -> str:
    """Refund."""
    return f"refunded {usd}"


def refunder(calls: int = 1) -> Agent:
    """An agent that wants so many refunds at once, each of which a person has to approve."""
    wishes = [call("refund", usd=number) for number in range(1, calls + 1)]
    return Agent(Scripted([wishes, text("done")], per_run=True), tools=[refund], name="refunder")


def at_a_gate() -> tuple[Agent, Gate]:
    """An agent whose one tool waits at a gate, and may be made to wait there again."""
    gate = Gate()

    @tool(delivery="idempotent")
    async def wait() -> str:
        """Wait."""
        await gate.wait()
        return "waited"

    return Agent(Scripted([call("wait"), text("done")], per_run=True), tools=[wait], name="waiter"), gate


async def parked(only: Process, agent: Agent, **options: Any) -> Run:
    """A run that waits for people, and has been left because of that."""
    run = await only.runtime.start(agent, "go", **options)
    await settle(lambda: run.journal.shown and run.state.suspended and not only.runtime.runs)
    return run


# --- recorded first ---


async def test_nobody_sees_an_event_that_the_store_does_not_have() -> None:
    """Not a reader, not an observer, not whoever looks at the log, however long the store takes over an append."""
    async with process(MemoryRows()) as only:
        line, runtime = only.line, only.runtime
        line.turns = 3
        seen: list[Event] = []

        @runtime.observe(Event)
        async def watch(event: Event) -> None:
            nonlocal seen
            assert event.seq <= len(line.arrived)
            seen += [event] if event.durable else []

        run = await runtime.start(Agent(Scripted([call("add", a=1, b=2), text("3")]), tools=[add]), "go")
        async for event in run.events():
            assert event.seq <= len(run.log) <= len(line.arrived)
        await runtime.drain()
        assert tuple(seen) == run.log


async def test_a_tool_begins_when_all_so_far_is_recorded() -> None:
    """What has been done, or may have been, can be read in the log, whatever happens next."""
    async with process(MemoryRows()) as only:
        only.line.turns = 3
        last: list[str] = []

        @tool
        async def look() -> None:
            """Look at what is recorded."""
            last.append(only.line.arrived[-1])

        wishes = [call("look"), call("look")]
        run = await only.runtime.start(Agent(Scripted([wishes, call("look"), text("done")]), tools=[look]), "go")
        await run.result()
        assert last == ["ToolStarted"] * 3


async def test_nobody_hears_what_a_model_says_before_its_request_is_recorded() -> None:
    """Pieces come behind the durable event that they belong to."""
    async with process(MemoryRows()) as only:
        only.line.turns = 3
        run = await only.runtime.start(Agent(Scripted(["one two three"], stream="words")), "go")
        kinds = [type(event).__name__ async for event in run.events(ephemeral=True)]
    asked = ["RunStarted", "TurnStarted", "ModelRequested"]
    assert kinds == [*asked, *["TextDelta"] * 3, "ModelReplied", "TurnFinished", "RunFinished"]


async def test_a_tool_whose_start_cannot_be_recorded_does_not_start() -> None:
    """The run stops where its log ends; when there is space again it goes on, and the tool runs for the first time."""
    ran: list[str] = []
    full: list[Exception] = [StoreFull("no space")]

    @tool
    async def once() -> str:
        """Do something that is to be done once."""
        ran.append("once")
        return "done"

    agent = Agent(Scripted([call("once"), text("done")], per_run=True), tools=[once])
    async with process(MemoryRows()) as only:
        runtime = only.runtime

        @runtime.derive(ToolStarted)
        def fill(event: ToolStarted) -> None:
            only.line.refusals, full[:] = list(full), []

        run = await runtime.start(agent, "go")
        with pytest.raises(LogUnavailable, match="no space"):
            await run.outcome()
        assert (ran, ToolStarted in map(type, run.log)) == ([], False)
        again = await runtime.resume(run.id)
        await again.result()
        assert ran == ["once"]
        assert again.log[: len(run.log)] == run.log
        await check_run(again)


async def test_a_run_whose_beginning_cannot_be_recorded_is_none() -> None:
    """Whoever starts it hears what is wrong with the store."""
    async with process(MemoryRows()) as only:
        only.line.refusals = [StoreFull("no space")]
        with pytest.raises(StoreFull):
            await only.runtime.start(refunder(), "go")
        assert (await only.line.runs(), only.runtime.runs) == ([], ())


async def test_a_start_that_is_cancelled_leaves_no_run_that_goes_on() -> None:
    """Nobody knows of the run, so it ends, and its log says that."""
    rows = MemoryRows()
    async with process(rows) as only:
        only.line.clear.clear()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await only.runtime.start(refunder(), "go")
        only.line.clear.set()
        await settle(lambda: len(only.line.arrived) == 2)
        log = await logged(rows, await only_run(rows))
    assert names(log) == ["RunStarted", "RunFinished"]
    assert isinstance(log[1], RunFinished)
    assert log[1].status == "cancelled"


# --- people ---


async def test_a_run_that_only_waits_for_people_holds_nothing() -> None:
    """No task, no lease; it is not among the runs that go on, and whoever waits for it is a follower."""
    async with process(MemoryRows()) as only:
        tasks = asyncio.all_tasks()
        run = await parked(only, refunder())
        await settle(lambda: asyncio.all_tasks() == tasks)
        assert (only.runtime.runs, run.status, run.log[-1]) == ((), None, run.log[-1])
        assert isinstance(run.log[-1], RunSuspended)
        assert run.log[-1].waiting == tuple(run.state.waiting)
        await only.line.claim(run.id, "anybody")


@pytest.mark.parametrize("approve", [True, False])
async def test_another_process_decides_and_the_run_goes_on_there_exactly_once(approve: bool) -> None:
    """A second decision is refused, in either process; whoever waits in the first one sees how it ends."""
    rows, agent = MemoryRows(), refunder()
    async with process(rows) as first, process(rows, agents=[agent]) as second:
        run = await parked(first, agent)
        (call_id,) = run.state.waiting
        waiting = start(run.outcome(), name="waits in the first process")
        taken = await second.runtime.decide(run.id, call_id, approve=approve, author="bob")
        with pytest.raises(NothingToDecide):
            await run.decide(call_id, approve=True)
        with pytest.raises(NothingToDecide):
            await taken.decide(call_id, approve=True)
        assert (await waiting) == await taken.result()
        for runtime in (first.runtime, second.runtime):
            with pytest.raises(NothingToDecide):
                await runtime.decide(run.id, call_id, approve=True)
        assert run.log == taken.log
        await check_run(run)
        await check_run(taken)
    (finished,) = [event for event in run.log if isinstance(event, ToolFinished)]
    assert finished.outcome == ("ok" if approve else "denied")
    assert [type(event) for event in run.log].count(ToolStarted) == approve


async def test_a_decision_by_a_process_without_the_agent_is_acted_upon_where_somebody_waits() -> None:
    """Who decides need not know the agent: a service that waits for its run drives it on, once."""
    rows = MemoryRows()
    async with process(rows) as first, process(rows) as second:
        run = await parked(first, refunder())
        (call_id,) = run.state.waiting
        waiting = start(run.outcome(), name="waits in the first process")
        await second.runtime.decide(run.id, call_id, approve=True, author="bob")
        assert (await waiting).status == "completed"
        await check_run(run)
    assert [type(event) for event in await logged(rows, run.id)].count(ToolStarted) == 1


async def test_a_decision_that_comes_while_the_run_is_being_left_counts() -> None:
    """The last events before the decision are still on their way to the store."""
    async with process(MemoryRows()) as only:
        run = await only.runtime.start(refunder(), "go")
        only.line.turns = 3
        await settle(lambda: run.state.suspended)
        assert run.journal.unrecorded
        (call_id,) = run.state.waiting
        await run.decide(call_id, approve=True)
        assert (await run.result()).output == "done"
        await check_run(run)


async def test_any_number_of_people_may_decide_one_after_the_other() -> None:
    """Each time the run is taken up again: that is no failure, so it does not make it a dead letter."""
    calls = KeepOptions().attempts + 2
    async with process(MemoryRows()) as only:
        run = await parked(only, refunder(calls))
        for place, call_id in enumerate(list(run.state.waiting), 1):
            await run.decide(call_id, approve=True)
            await settle(lambda place=place: _finished(run) == place and (not only.runtime.runs))
        assert (await run.result()).output == "done"
        await check_run(run)


def _finished(run: Run) -> int:
    return sum(isinstance(event, ToolFinished) for event in run.log)


async def test_a_decision_stands_though_the_agent_is_not_known_where_it_is_made() -> None:
    """It is recorded; the run goes on wherever its agent is known, without being asked anything more."""
    rows, agent = MemoryRows(), refunder()
    async with process(rows) as first:
        run = await parked(first, agent)
        (call_id,) = run.state.waiting
        async with process(rows) as other:
            decided = await other.runtime.decide(run.id, call_id, approve=True)
            assert isinstance(decided.log[-1], ApprovalDecided)
            assert other.runtime.runs == ()
            with pytest.raises(UnknownAgent, match="'refunder'"):
                await other.runtime.resume(run.id)
        (again,) = await first.runtime.recover()
        assert again is run
        assert (await run.result()).output == "done"


async def test_a_run_goes_on_though_whoever_started_it_has_let_go_of_its_agent() -> None:
    """An agent that was made for one request has to be there when a person decides."""
    async with process(MemoryRows()) as only:
        run_id = (await parked(only, refunder())).id
        (call_id,) = (await only.runtime.get(run_id)).state.waiting
        run = await only.runtime.decide(run_id, call_id, approve=True)
        assert (await run.result()).output == "done"


async def test_what_is_said_to_a_run_that_waits_is_heard_when_it_goes_on() -> None:
    """It goes on waiting meanwhile."""
    async with process(MemoryRows()) as only:
        run = await parked(only, Agent(Scripted([call("refund", usd=1), text("done")]), tools=[refund]))
        await run.send("and be quick")
        await settle(lambda: not only.runtime.runs)
        (call_id,) = run.state.waiting
        await run.decide(call_id, approve=True)
        result = await run.result()
        assert "and be quick" in [message.text for message in result.messages]
        with pytest.raises(RunOver):
            await run.send("too late")


async def test_a_run_that_waits_can_be_cancelled() -> None:
    """From another process too, which knows nothing of its agent; twice is harmless."""
    rows = MemoryRows()
    async with process(rows) as first, process(rows) as second:
        run = await parked(first, refunder())
        there = await second.runtime.get(run.id)
        await there.cancel("not needed")
        await run.cancel("too late")
        assert (await run.outcome()).reason == "not needed"
        await check_run(run)
        await check_run(there)


async def test_the_policies_of_now_look_at_a_wish_that_was_not_begun() -> None:
    """As at every other: here they put it to a person."""
    rows = MemoryRows()
    adder = Agent(Scripted([text("3")]), tools=[add], name="clerk")
    wish = ToolCall("3.0", "add", {"a": 1, "b": 2})
    await broken_off(
        rows,
        ModelReplied(turn=1, content=(wish,), stop="tool_calls"),
        ToolRequested(call_id="3.0", name="add", arguments=wish.arguments),
    )
    async with process(rows, agents=[adder]) as only:

        @only.runtime.intercept(ToolRequested)
        def put(event: ToolRequested) -> Ask:
            return Ask("finance")

        (run,) = await only.runtime.recover()
        await settle(lambda: not only.runtime.runs)
        (question,) = run.state.waiting.values()
        assert (question.approver, question.arguments) == ("finance", {"a": 1, "b": 2})
        await run.decide(question.call_id, approve=True)
        assert (await run.result()).output == "3"
        await check_run(run)


# --- left, taken up, shared ---


async def test_a_runtime_that_closes_leaves_its_runs_to_others() -> None:
    """Their logs say so, whoever waits is told, and another runtime goes on at once."""
    rows, (agent, gate) = MemoryRows(), at_a_gate()
    async with process(rows) as first:
        run = await first.runtime.start(agent, "go")
        await gate.reached.wait()
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(_fault(run.outcome()))
            reading = group.create_task(_fault(_all(run.events())))
            await asyncio.sleep(0)
            await first.runtime.aclose()
    assert isinstance(waiting.result(), RunLeft)
    assert isinstance(reading.result(), RunLeft)
    assert "resume it in another one" in str(waiting.result())
    assert isinstance((await logged(rows, run.id))[-1], RunSuspended)
    gate.open.set()
    async with process(rows, agents=[agent]) as second:
        (again,) = await second.runtime.recover()
        assert (await again.result()).output == "done"
        await check_run(again)
        assert again.log[: len(run.log)] == run.log


async def _all(events: Any) -> list[Event]:
    return [event async for event in events]


async def _fault(work: Any) -> Exception | None:
    try:
        await work
    except Exception as error:
        return error
    return None


async def test_a_runtime_closes_though_its_store_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that it could not write is shown, and closing it raises nothing."""
    agent, gate = at_a_gate()
    async with process(MemoryRows()) as only:
        run = await only.runtime.start(agent, "go")
        await gate.reached.wait()
        shown = len(run.log)
        only.line.cut = True
    with pytest.raises((RunLeft, LogUnavailable)):
        await run.outcome()
    assert len(run.log) == shown
    assert "the line to the store is cut" in caplog.text


async def test_of_two_processes_one_drives_a_run() -> None:
    """The other is told who does, may watch, and takes the run up when the first has been silent for too long."""
    clock, (agent, gate) = Clock(), at_a_gate()
    rows = MemoryRows(clock=clock)
    async with process(rows) as first, process(rows, agents=[agent]) as second:
        run = await first.runtime.start(agent, "go")
        await gate.reached.wait()
        for refused in (second.runtime.resume(run.id), _cancel(second, run.id), _send(second, run.id)):
            with pytest.raises(RunElsewhere, match=f"run {run.id} is driven by .* just now.* try again in \\d+ s"):
                await refused
        assert await second.runtime.recover() == []
        clock.now += LEASE_S
        gate.reached.clear()
        (taken,) = await second.runtime.recover()
        await gate.reached.wait()
        gate.open.set()
        with pytest.raises(RunTaken):
            await run.outcome()
        assert (await taken.result()).output == "done"
        await check_run(taken)
        assert (await first.runtime.get(run.id)).log == taken.log == tuple(await logged(rows, run.id))


async def test_a_run_can_be_ended_for_good_though_another_process_drives_it() -> None:
    """Where that is said: it is over at once, and the process that had it writes no more and stops what it does."""
    rows, (agent, gate) = MemoryRows(), at_a_gate()
    async with process(rows, keeping=KeepOptions(lease_s=0.003)) as first, process(rows) as second:
        run = await first.runtime.start(agent, "go")
        await gate.reached.wait()
        there = await second.runtime.get(run.id)
        await there.cancel("it hangs", author="ann", force=True)
        assert (await there.outcome()).status == "cancelled"
        (finished,) = [event for event in there.log if isinstance(event, ToolFinished)]
        assert (finished.outcome, (await Log(rows).info(run.id)).lease) == ("unknown", None)
        await settle(lambda: not first.runtime.runs)
        gate.open.set()
        assert tuple(await logged(rows, run.id)) == there.log
        assert (await (await first.runtime.get(run.id)).outcome()).status == "cancelled"
        await check_run(there)


async def _cancel(only: Process, run_id: str) -> None:
    await (await only.runtime.get(run_id)).cancel()


async def _send(only: Process, run_id: str) -> None:
    await (await only.runtime.get(run_id)).send("hello")


async def test_who_has_lost_the_lease_stops_at_once() -> None:
    """It need not write to notice, and what it is doing is cancelled."""
    clock, (agent, gate) = Clock(), at_a_gate()
    rows = MemoryRows(clock=clock)
    async with process(rows, keeping=KeepOptions(lease_s=0.003)) as first:
        run = await first.runtime.start(agent, "go")
        await gate.reached.wait()
        clock.now += LEASE_S
        await Log(rows).claim(run.id, "somebody else")
        with pytest.raises(RunTaken, match="attach to it"):
            await run.outcome()
        assert first.runtime.runs == ()
        assert len(run.log) == len(await logged(rows, run.id))


async def test_readers_of_a_run_that_is_left_and_taken_up_see_every_event_once() -> None:
    """Those that were in the middle, those that join later, in the process that drives it and in the other."""
    rows, (agent, gate) = MemoryRows(), at_a_gate()
    async with process(rows) as first, process(rows, agents=[agent]) as second:
        run = await first.runtime.start(agent, "go")
        async with asyncio.TaskGroup() as group:
            readers = [group.create_task(_all(run.events(after=after))) for after in (0, 3)]
            readers.append(group.create_task(_all(second.runtime.attach(run.id, after=0))))
            readers.append(group.create_task(_all(second.runtime.attach(run.id, after=3))))
            await gate.reached.wait()
            gate.reached.clear()
            run.leave("another one shall")
            await settle(lambda: not first.runtime.runs)
            taken = await second.runtime.resume(run.id)
            await gate.reached.wait()
            readers.append(group.create_task(_all(run.events(after=0))))
            readers.append(group.create_task(_all(taken.events(after=3))))
            gate.open.set()
        log = list(taken.log)
        assert [reader.result() for reader in readers] == [log, log[3:], log, log[3:], log, log[3:]]
        assert (await run.outcome()) == (await taken.outcome())
        assert RunResumed in map(type, log)


async def test_a_run_can_be_resumed_where_it_was_left() -> None:
    """Also while it goes on, or when it is over; both change nothing."""
    agent, gate = at_a_gate()
    gate.open.set()
    async with process(MemoryRows()) as only:
        run = await only.runtime.start(agent, "go")
        assert await only.runtime.resume(run.id) is run
        await run.result()
        log = run.log
        assert await only.runtime.resume(run.id) is run
        assert run.log == log
        assert RunResumed not in map(type, log)


async def test_a_run_that_is_over_in_the_store_is_not_driven_again() -> None:
    """The other process learns of its end when it tries."""
    rows, agent = MemoryRows(), refunder()
    async with process(rows) as first, process(rows, agents=[agent]) as second:
        run = await parked(first, agent)
        there = await second.runtime.get(run.id)
        await run.cancel()
        assert there.status is None
        assert await second.runtime.resume(run.id) is there
        assert (there.status, there.log) == ("cancelled", run.log)


async def test_a_run_is_brought_up_to_date_for_whoever_asks_for_it() -> None:
    """Though this process has known it from before."""
    rows, agent = MemoryRows(), refunder()
    async with process(rows) as first, process(rows, agents=[agent]) as second:
        run = await parked(first, agent)
        there = await second.runtime.get(run.id)
        (call_id,) = there.state.waiting
        await run.decide(call_id, approve=False)
        await run.result()
        assert await second.runtime.get(run.id) is there
        assert there.log == run.log


CLERK = Agent(Scripted(["hello to you"], per_run=True), name="clerk")


async def broken_off(rows: MemoryRows, *more: Event, at: float = AT) -> str:
    """A run of the clerk whose process died in its first turn, behind these events."""
    asked = [TurnStarted(turn=1), ModelRequested(turn=1, model="scripted", messages=1)]
    await Log(rows).append([*started("r", at=at), *placed("r", 2, *asked, *more, at=at)])
    return "r"


@pytest.mark.parametrize(("author", "status"), [("caller", "cancelled"), ("limit", "limit")])
async def test_a_run_that_was_being_stopped_when_its_process_died_is_stopped(author: str, status: str) -> None:
    """Whoever asked for it was promised that."""
    rows = MemoryRows()
    await broken_off(rows, CancelRequested(reason="enough", author=author))
    async with process(rows, agents=[CLERK]) as only:
        (run,) = await only.runtime.recover()
        outcome = await run.outcome()
        assert (outcome.status, outcome.reason) == (status, "enough")
        await check_run(run)


async def test_a_run_that_brings_its_process_down_each_time_is_given_up() -> None:
    """As a dead letter, and the others are recovered."""
    clock = Clock()
    rows = MemoryRows(clock=clock)
    await broken_off(rows)
    for attempt in (1, 2):
        poisoned = Process(rows, agents=[CLERK], keeping=KeepOptions(attempts=2, patience_s=0.0))
        await poisoned.runtime.open()
        poisoned.line.cut_at = 2
        run = await poisoned.runtime.resume("r")
        await settle(lambda poisoned=poisoned: not poisoned.runtime.runs)
        await poisoned.crash()
        resumed = (await logged(rows, "r"))[-1]
        assert isinstance(resumed, RunResumed)
        assert (resumed.attempt, run.log[-1]) == (attempt, resumed)
        clock.now += LEASE_S
    async with process(rows, agents=[CLERK], keeping=KeepOptions(attempts=2)) as last:
        other = await last.runtime.start(CLERK, "go")
        run = await last.runtime.resume("r")
        outcome = await run.outcome()
        assert (outcome.status, outcome.reason) == ("failed", "it was taken up 2 times and never finished a turn")
        assert outcome.error is not None
        assert outcome.error.kind == "DeadLetter"
        assert (await other.result()).output == "hello to you"
        await check_run(run)


async def test_the_wall_time_of_a_run_goes_on_while_nobody_drives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that began longer ago than it may take is stopped when it is taken up; one that did not has the rest."""
    agent, _ = at_a_gate()
    for since, left in ((100.0, 0.0), (40.0, 20.0)):
        rows = MemoryRows()
        await broken_off(rows)
        monkeypatch.setattr("loopbus.runtime.durable.keeper.time", SimpleNamespace(time=lambda at=AT + 1 + since: at))
        async with process(rows, agents=[agent]) as only:
            run = await only.runtime.resume("r", agent=agent, limits=Limits(seconds=60.0))
            timer = run._timer  # pyright: ignore[reportPrivateUsage]
            if left:
                assert timer is not None
                assert timer.when() - asyncio.get_running_loop().time() == pytest.approx(left, abs=1.0)
            else:
                outcome = await run.outcome()
                assert (outcome.status, outcome.reason) == ("limit", "60 seconds")
                assert not any(isinstance(event, RunResumed) for event in run.log), "nothing was begun"
                await check_run(run)


async def test_a_run_with_an_event_that_matters_and_is_not_known_is_not_taken_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It can be read all the same; others are recovered, and the log says what is wrong."""
    rows = MemoryRows()
    await broken_off(rows)
    strange = OpaqueEvent(
        run_id="r", seq=4, at=AT, cause=3, name=TurnStarted.event_name, version=9, body=b'{"at": 1.0, "cause": 3}'
    )
    await Log(rows).append([strange])
    async with process(rows, agents=[CLERK]) as only:
        before = asyncio.all_tasks()
        with pytest.raises(CannotResume, match="event 4 of run r"):
            await only.runtime.resume("r")
        assert await only.runtime.recover() == []
        assert "run r was not recovered" in caplog.text
        assert isinstance((await only.runtime.get("r")).log[3], OpaqueEvent)
        await settle(lambda: not any(task.get_name().startswith("lease") for task in asyncio.all_tasks() - before))
        await Log(rows).claim("r", "a newer program")


async def test_a_run_that_there_is_not() -> None:
    """Its id is said to be unknown; so it is when it was deleted, to whoever waits for it."""
    rows = MemoryRows()
    async with process(rows) as first, process(rows) as second:
        with pytest.raises(NoSuchRun):
            await first.runtime.get("nobody")
        run = await parked(first, refunder())
        there = await second.runtime.get(run.id)
        waiting = start(_fault(there.outcome()), name="waits")
        await asyncio.sleep(0)
        assert await first.line.delete(run.id)
        fault = await waiting
    assert isinstance(fault, RunDeleted)


async def test_a_run_whose_log_is_damaged_is_followed_up_to_there() -> None:
    """Whoever waits is told which event is not what was written."""
    rows = MemoryRows()

    class Damaged(Log):
        async def tail(self, run_id: str, *, after: int = 0) -> AsyncGenerator[Event, None]:
            async with aclosing(super().read(run_id, after=after)) as events:
                async for event in events:
                    yield event
            raise StoreDamaged("event 2 of run r is not what was written", run_id=run_id, seq=2)

    await Log(rows).append(started("r"))
    async with Runtime(store=Damaged(rows)) as runtime:
        run = await runtime.get("r")
        with pytest.raises(LogUnavailable, match="run r cannot be followed: event 2 of run r"):
            await run.outcome()


async def test_a_take_up_that_cannot_read_the_log_gives_the_lease_back() -> None:
    """Whoever can may have it at once."""
    rows = MemoryRows()
    await broken_off(rows)

    class Unreadable(Log):
        readable = True

        async def read(self, run_id: str, *, after: int = 0) -> AsyncGenerator[Event, None]:
            if not self.readable:
                raise StoreDamaged("event 4 of run r is not what was written", run_id=run_id, seq=4)
            async with aclosing(super().read(run_id, after=after)) as events:
                async for event in events:
                    yield event

    log = Unreadable(rows)
    async with Runtime(store=log, agents=[CLERK]) as runtime:
        run = await runtime.get("r")
        log.readable = False
        with pytest.raises(StoreDamaged):
            await run.send("hello")
        await Log(rows).claim("r", "somebody else")


@pytest.mark.parametrize("command", ["cancel", "send", "resume"])
async def test_a_run_that_ends_while_it_is_being_claimed_is_held_by_nobody(command: str) -> None:
    """Whoever wants something of it is told that it is over, and the lease is given back at once."""
    rows = MemoryRows()
    await broken_off(rows)

    class Late(Log):
        async def claim(self, run_id: str, holder: str, *, ttl_s: float = 30.0) -> Lease:
            await self.append(placed(run_id, 4, RunFinished(status="completed", output="over")))
            return await super().claim(run_id, holder, ttl_s=ttl_s)

    async with Runtime(store=Late(rows), agents=[CLERK]) as runtime:
        run = await runtime.get("r")
        commands = {"cancel": run.cancel, "send": lambda: run.send("hello"), "resume": lambda: runtime.resume("r")}
        with pytest.raises(RunOver) if command == "send" else nullcontext():
            await commands[command]()
        assert (await run.outcome()).output == "over"
        assert (await Log(rows).info("r")).lease is None
        await Log(rows).claim("r", "whoever deletes it")


async def test_a_fork_of_a_run_that_was_left_is_driven() -> None:
    """That its source was left is no reason for it to be: it is closed, and taken up, like any other."""
    rows, (agent, gate) = MemoryRows(), at_a_gate()
    async with process(rows, agents=[agent]) as first:
        source = await first.runtime.start(agent, "go")
        await gate.reached.wait()
    async with process(rows, agents=[agent]) as second:
        log = await logged(rows, source.id)
        assert isinstance(log[-1], RunSuspended)
        forked = await second.runtime.fork(source.id, at=len(log))
        assert (second.runtime.runs, forked.state.suspended) == ((forked,), False)
        gate.open.set()
        assert (await forked.result()).output == "done"
        await check_run(forked)
