"""Cancellation and time-outs: stopping is quick, whole, and leaves a conversation that takes a new prompt."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
import pytest

from loopbus.backends import Delta, Request, Scripted, call, text
from loopbus.backends.contract import TextPiece, UsagePiece
from loopbus.bus import Recorder, Veto
from loopbus.events import (
    CancelRequested,
    Event,
    LateToolResult,
    ModelFailed,
    ModelReplied,
    ModelRequested,
    RunFinished,
    TextDelta,
    ToolFinished,
    ToolRequested,
    Usage,
)
from loopbus.handlers import calling
from loopbus.runtime import (
    Agent,
    LimitReached,
    Limits,
    ReaderTaken,
    Run,
    RunCancelled,
    RunResult,
    Runtime,
    RuntimeClosed,
)
from loopbus.tools import ToolContext, tool

from ..tools.blocking import blocker
from .house import CANARY, PATIENCE_S, House, add, agent, house, settle
from .invariants import check_balanced, check_run, normal
from .misbehaving import SWALLOWED, Fake, Gate, stubborn, waiting


def outcomes(run: Run) -> dict[str, str]:
    """How every call of a run ended, by its tool's name."""
    return {event.name: event.outcome for event in run.log if isinstance(event, ToolFinished)}


async def prompted_again(tested: House, session: str) -> None:
    """Check that the session takes a new prompt, and that what the model is sent is balanced."""
    model = Scripted([text("at your service")])
    result = await tested.outcome(Agent(model), "and now?", session=session)
    assert result.output == "at your service"
    check_balanced(model.requests[0].messages)


async def test_f42_a_hanging_tool_is_cancelled_and_its_siblings_result_is_kept() -> None:
    """The caller is free at once; the hung call says ``cancelled``; the next prompt goes on from there."""
    gate = Gate()
    async with house() as tested:
        both = [call("add", a=1, b=2), call("wait")]
        run = await tested.start(agent(both, tools=[add, waiting(gate)]), session="s")
        await gate.reached.wait()
        await run.cancel("the user left")
        assert outcomes(run) == {"add": "ok", "wait": "cancelled"}
        result = await run.outcome()
        assert (result.status, result.reason) == ("cancelled", "the user left")
        with pytest.raises(RunCancelled, match="the user left"):
            await run.result()
        await prompted_again(tested, "s")


async def test_cancel_is_idempotent() -> None:
    """Cancelling twice, at once or later, or a run that is over, changes nothing and appends nothing."""
    gate = Gate()
    async with house() as tested:
        run = await tested.start(agent(call("wait"), tools=[waiting(gate)]))
        await gate.reached.wait()
        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(run.cancel(f"number {number}"))
        await run.cancel("once more")
        assert [event.reason for event in run.log if isinstance(event, CancelRequested)] == ["number 0"]
        assert (await run.outcome()).reason == "number 0"
        over = await tested.start(CANARY)
        await over.result()
        await over.cancel()
        assert over.status == "completed"


async def test_f43_a_sync_tool_goes_on_in_its_thread_and_its_end_is_told_late() -> None:
    """The caller is free at once, the call's outcome is ``unknown``, and its late result enters no conversation."""
    with blocker() as stuck:

        @tool
        def charge(context: ToolContext) -> object:
            """Take the money, slowly."""
            stuck.hang()
            return {"charged": True, "told": context.cancelled}

        async with house() as tested:
            heard = Recorder()
            tested.runtime.subscribe(heard)
            run = await tested.start(agent(call("charge"), tools=[charge]), session="s")
            await settle(stuck.began.is_set)
            await run.cancel()
            assert outcomes(run) == {"charge": "unknown"}
            log = normal(run.log)
            stuck.release()
            late = await heard.expect(LateToolResult)
            assert (late.run_id, late.name, late.failed, late.seq) == (run.id, "charge", False, 0)
            assert late.output == '{"charged":true,"told":true}'
            assert normal(run.log) == log
            await prompted_again(tested, "s")


async def test_f43_a_late_result_belongs_to_the_log_while_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync tool that passed its time-out is ``unknown`` for the model; its end is appended when it comes."""
    with blocker() as stuck:

        @tool(timeout_s=0.01)
        def slow() -> str:
            """Be too slow."""
            stuck.hang()
            raise ValueError("and fail")

        gate = Gate()
        async with house() as tested:
            run = await tested.start(agent(call("slow"), call("wait"), text("done"), tools=[slow, waiting(gate)]))
            await gate.reached.wait()
            assert outcomes(run) == {"slow": "unknown"}
            stuck.release()
            await settle(lambda: any(isinstance(event, LateToolResult) for event in run.log))
            gate.open.set()
            assert (await run.result()).output == "done"
    (late,) = [event for event in run.log if isinstance(event, LateToolResult)]
    assert (late.failed, late.output) == (True, "ValueError: and fail")


@pytest.mark.parametrize("beside", [0, 1], ids=["in the run's task", "in a task of its own"])
async def test_f44_a_tool_that_will_not_stop_is_left_behind_and_listed(beside: int) -> None:
    """After the grace time the caller is free and the log whole; the zombie is named, with its run, until it ends."""
    gate = Gate()
    async with house(grace_s=0.02) as tested:
        heard = Recorder()
        tested.runtime.subscribe(heard)
        calls = [call("stubborn"), *[call("add", a=1, b=2)] * beside]
        run = await tested.start(agent(calls, tools=[stubborn(gate), add]), session="s")
        await gate.reached.wait()
        await run.cancel()
        assert outcomes(run)["stubborn"] == "unknown"
        (zombie,) = tested.runtime.zombies
        assert (zombie.run_id, zombie.what) == (run.id, "tool stubborn")
        assert 0 <= time.monotonic() - zombie.since < PATIENCE_S
        await prompted_again(tested, "s")
        gate.open.set()
        await settle(lambda: not tested.runtime.zombies)
        late = await heard.expect(LateToolResult)
        assert (late.run_id, late.output, late.failed) == (run.id, "at last", False)


async def streaming_until(gate: Gate, left: asyncio.Event | None = None) -> AsyncGenerator[Delta, None]:
    """Say something, report its cost, wait for ever, and note when the stream is left."""
    yield TextPiece("Half an ")
    yield UsagePiece(Usage(input_tokens=7, output_tokens=2))
    try:
        await gate.wait()
    finally:
        (left or asyncio.Event()).set()


async def test_f45_a_reply_that_is_interrupted_keeps_its_text_and_its_cost() -> None:
    """The stream is closed, what had been said stays in the conversation, and the tokens are counted."""
    gate, left = Gate(), asyncio.Event()
    async with house() as tested:
        run = await tested.start(Agent(Fake(lambda _: streaming_until(gate, left))), session="s")
        await gate.reached.wait()
        await run.cancel()
        assert left.is_set()
        result = await run.outcome()
        assert (result.output, result.usage.total_tokens) == ("Half an ", 9)
        (failed,) = [event for event in run.log if isinstance(event, ModelFailed)]
        assert (failed.error.kind, failed.usage.total_tokens) == ("Interrupted", 9)
        assert result.messages[-1].text == "Half an "
        await prompted_again(tested, "s")


async def test_f46_a_reply_that_is_whole_when_the_run_is_stopped_is_not_lost() -> None:
    """A cancellation that comes while a policy looks at one of its calls leaves the reply in the log."""
    gate = Gate()
    async with house() as tested:

        @tested.runtime.intercept(ToolRequested)
        async def look(event: ToolRequested) -> ToolRequested:
            await gate.wait()
            return event

        run = await tested.start(agent([text("let me add"), call("add", a=1, b=2)], tools=[add]), session="s")
        await gate.reached.wait()
        await run.cancel()
        assert [event.content[0] for event in run.log if isinstance(event, ModelReplied)] == [text("let me add")]
        assert outcomes(run) == {"add": "cancelled"}
        gate.open.set()
        await prompted_again(tested, "s")


@pytest.mark.parametrize("heard", [ModelReplied, ToolFinished])
async def test_what_a_policy_had_not_seen_yet_is_withheld_when_the_run_is_stopped(heard: type[Event]) -> None:
    """It may be just what the policy is there to hide; that there was a reply or a result is said all the same."""
    gate = Gate()

    @tool
    async def secret() -> str:
        """Tell a secret."""
        return "swordfish"

    async with house() as tested:

        async def guard(event: Any) -> Any:
            if "swordfish" in str(event):
                await gate.wait()
            return event

        policy = tested.runtime.bus.intercept(heard, guard)
        told: Any = [call("secret")] if heard is ToolFinished else [text("swordfish")]
        run = await tested.start(agent(*told, text("done"), tools=[secret]))
        await gate.reached.wait()
        await run.cancel()
        assert "swordfish" not in str(run.log)
        tested.runtime.bus.detach(policy)


async def by_asyncio_timeout(work: Awaitable[Any], reached: asyncio.Event) -> Any:
    """``asyncio.timeout``, passed as soon as the run is where it should be interrupted."""
    async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as group:

        async def expire() -> None:
            await reached.wait()
            limit.reschedule(asyncio.get_running_loop().time())

        group.create_task(expire())
        return await work


async def by_anyio(work: Awaitable[Any], reached: asyncio.Event) -> Any:
    """``anyio.fail_after``."""
    with anyio.fail_after(PATIENCE_S) as scope:
        asyncio.get_running_loop().call_soon(watch, reached, scope)
        return await work


def watch(reached: asyncio.Event, scope: anyio.CancelScope) -> None:
    """Move the scope's deadline to now, once the run is there."""
    if reached.is_set():
        scope.deadline = anyio.current_time()
    else:
        asyncio.get_running_loop().call_soon(watch, reached, scope)


async def by_wait_for(work: Awaitable[Any], reached: asyncio.Event) -> Any:
    """``asyncio.wait_for``."""
    return await asyncio.wait_for(work, 0.05)


@pytest.mark.parametrize("limited", [by_asyncio_timeout, by_anyio, by_wait_for])
async def test_f48_every_way_to_limit_a_run_gives_the_same_log_and_its_own_error(
    limited: Callable[[Awaitable[Any], asyncio.Event], Awaitable[Any]],
) -> None:
    """The caller gets the ``TimeoutError`` that it knows; the run is cancelled, whole, and over before that."""
    gate = Gate()
    async with house() as tested:
        heard = Recorder()
        tested.runtime.subscribe(heard)
        work = tested.runtime.run(agent([call("add", a=1, b=2), call("wait")], tools=[add, waiting(gate)]), "go")
        with pytest.raises(TimeoutError):
            await limited(work, gate.reached)
        assert tested.runtime.runs == ()
        await tested.runtime.bus.drain()
        stopped = heard.of(RunFinished)[0]
        log = [event for event in heard.events if event.run_id == stopped.run_id and event.durable]
    assert (stopped.status, stopped.reason) == ("cancelled", "the caller was cancelled")
    assert [type(event).__name__ for event in log] == [
        *("RunStarted", "TurnStarted", "ModelRequested", "ModelReplied", "ToolRequested", "ToolRequested"),
        *("ToolStarted", "ToolStarted", "ToolFinished", "CancelRequested", "ToolFinished", "RunFinished"),
    ]
    assert [event.outcome for event in log if isinstance(event, ToolFinished)] == ["ok", "cancelled"]


async def test_the_caller_sees_a_cancellation_only_if_it_was_cancelled() -> None:
    """Somebody else's ``cancel`` reaches the one who waits as ``RunCancelled``; its own cancellation as itself."""
    gate = Gate()
    async with house() as tested, asyncio.TaskGroup() as group:
        one = agent(call("wait"), tools=[waiting(gate)], scripted={"per_run": True})
        task = group.create_task(tested.runtime.run(one, "go"))
        await gate.reached.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        gate.reached.clear()
        told = group.create_task(caught(tested.runtime.run(one, "go")))
        await gate.reached.wait()
        await tested.runtime.runs[0].cancel()
        assert isinstance(await told, RunCancelled)


async def caught(work: Awaitable[object]) -> BaseException | None:
    """What was raised."""
    try:
        await work
    except Exception as error:
        return error
    return None


async def test_f49_a_tool_that_passes_its_time_out_is_an_error_for_the_model() -> None:
    """Async, sync and generator tools alike; the run goes on."""

    @tool(timeout_s=0.01)
    async def sleepy() -> None:
        """Never return."""
        await asyncio.Event().wait()

    @tool(timeout_s=0.01)
    async def counting() -> AsyncGenerator[int, None]:
        """Yield once, then never again."""
        yield 1
        await asyncio.Event().wait()

    async with house() as tested:
        script = [[call("sleepy"), call("counting"), call("add", a=1, b=2)], text("went on")]
        run = await tested.start(agent(*script, tools=[sleepy, counting, add]))
        assert (await run.result()).output == "went on"
    assert outcomes(run) == {"sleepy": "error", "counting": "error", "add": "ok"}
    (ended,) = [event for event in run.log if isinstance(event, ToolFinished) and event.name == "sleepy"]
    assert ended.output == "The tool took longer than its 0.01 s and was cancelled."


@pytest.mark.parametrize("end", ["returns", "exits"])
async def test_f49_a_tool_that_swallows_its_time_out_is_let_go(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is told that the effect may still happen; however the zombie ends later, it hurts nobody."""
    monkeypatch.setattr(calling, "GRACE_S", 0.01)
    gate, stop = Gate(), Gate()

    @tool(timeout_s=0.01)
    async def swallow() -> str:
        """Refuse to stop."""
        for _ in range(SWALLOWED):
            with suppress(asyncio.CancelledError):
                await gate.open.wait()
                break
        if end == "exits":
            raise SystemExit(3)
        return "at last"

    async with house() as tested:
        run = await tested.start(agent(call("swallow"), call("wait"), text("done"), tools=[swallow, waiting(stop)]))
        await stop.reached.wait()
        assert outcomes(run) == {"swallow": "unknown"}
        assert [zombie.what for zombie in tested.runtime.zombies] == ["tool swallow"]
        gate.open.set()
        await settle(lambda: not tested.runtime.zombies)
        stop.open.set()
        assert (await run.result()).output == "done"
    (late,) = [event for event in run.log if isinstance(event, LateToolResult)]
    assert late.output == ("SystemExit: 3" if end == "exits" else "at last")


async def test_f50_the_deadline_of_a_run_strikes_inside_a_tool() -> None:
    """One terminal event, ``limit``; the tool is cancelled, and the partial result can be gone on with."""
    gate = Gate()
    async with house() as tested:
        limits = Limits(seconds=0.02)
        run = await tested.start(agent(call("wait"), tools=[waiting(gate)], limits=limits), session="s")
        with pytest.raises(LimitReached, match=r"0\.02 seconds"):
            await run.result()
        assert outcomes(run) == {"wait": "cancelled"}
        assert [event.author for event in run.log if isinstance(event, CancelRequested)] == ["limit"]
        await prompted_again(tested, "s")


async def test_f50_the_deadline_of_a_run_strikes_inside_a_model_call_and_inside_a_policy() -> None:
    """Wherever the run waits, it ends."""
    gate = Gate()
    async with house() as tested:
        limits = Limits(seconds=0.02)
        silent = await tested.outcome(Agent(Fake(lambda _: streaming_until(Gate())), limits=limits))
        assert (silent.status, silent.output) == ("limit", "Half an ")

        @tested.runtime.intercept(ToolRequested.where(name="wait"))
        async def ponder(event: ToolRequested) -> ToolRequested:
            await gate.wait()
            return event

        judged = await tested.outcome(agent(call("wait"), tools=[waiting(gate)], limits=limits))
        assert judged.status == "limit"


async def test_a_run_that_ends_in_time_is_not_struck() -> None:
    """The clock of a run stops with it."""
    async with house() as tested:
        run = await tested.start(agent(text("quick"), limits=Limits(seconds=0.01)))
        assert (await run.result()).output == "quick"
        over = asyncio.get_running_loop().time() + 0.02
        await settle(lambda: asyncio.get_running_loop().time() > over)
        assert run.status == "completed"


async def test_f52_f54_a_reader_may_be_left_anywhere_and_collected_by_anybody() -> None:
    """Leaving, or dropping, an iterator detaches it and nothing else: no scope or span is held across a ``yield``."""
    gate = Gate()
    async with house() as tested:
        run = await tested.start(agent(call("wait"), text("done"), tools=[waiting(gate)]))
        async for event in run.events(ephemeral=True):
            if isinstance(event, ToolRequested):
                break
        half_read = run.events(ephemeral=True)
        await anext(half_read)
        async with asyncio.TaskGroup() as group:
            group.create_task(half_read.aclose())
        dropped = run.events(ephemeral=True)
        await anext(dropped)
        del dropped
        gate.open.set()
        assert (await run.result()).output == "done"
        assert [event async for event in run.events()] == list(run.log)


async def test_f54_a_run_that_nobody_reads_runs_to_its_end_once() -> None:
    """Leaving the stream is not cancelling: the model is asked as often as it would have been."""
    model = Scripted([text("one two three four")], stream="words")
    async with house() as tested:
        run = await tested.start(Agent(model))
        async for event in run.events(ephemeral=True):
            if isinstance(event, TextDelta):
                break
        assert (await run.result()).output == "one two three four"
    assert model.asked == 1


async def test_f57_one_reader_is_for_one_task_and_says_so() -> None:
    """A second task is refused with a typed error, not a hang; a second reader gets the whole log."""
    gate = Gate()
    async with house() as tested, asyncio.TaskGroup() as group:
        run = await tested.start(agent(call("wait"), text("done"), tools=[waiting(gate)]))
        await gate.reached.wait()
        reader = run.events()

        async def read() -> list[Event]:
            return [event async for event in reader]

        first = group.create_task(read())
        await settle(lambda: not first.done() and len(run.log) == 6)
        await asyncio.sleep(0)
        with pytest.raises(ReaderTaken, match=r"run\.events"):
            await anext(reader)
        with pytest.raises(ReaderTaken):
            await reader.aclose()
        gate.open.set()
        assert await first == list(run.log)
        assert [event async for event in run.events()] == list(run.log)
        assert [event async for event in reader] == []


async def test_f58_closing_a_runtime_with_500_live_runs_ends_them_all_whole() -> None:
    """No new run is taken, every live one is cancelled with a whole log, and nothing is left behind."""
    gate = Gate()
    tasks, threads = asyncio.all_tasks(), threading.active_count()
    hanging = agent([call("add", a=1, b=2), call("wait")], tools=[add, waiting(gate)], scripted={"per_run": True})
    async with Runtime(grace_s=1.0) as runtime:
        runs = [await runtime.start(hanging, "go", session=f"user {number}") for number in range(500)]
        await settle(lambda: all(len(run.log) == 9 for run in runs))
    with pytest.raises(RuntimeClosed):
        await runtime.start(hanging, "go")
    for run in runs:
        result: RunResult[Any] = await check_run(run)
        assert (result.status, result.reason) == ("cancelled", "the runtime was closed")
        assert outcomes(run) == {"add": "ok", "wait": "cancelled"}
    assert (asyncio.all_tasks(), threading.active_count()) == (tasks, threads)


async def test_a_policy_that_swallows_the_cancellation_and_vetoes_stops_with_the_run() -> None:
    """What it answers when nobody asks any more finds its place in a whole log."""
    gate = Gate()
    async with house() as tested:

        @tested.runtime.intercept(ToolFinished.where(name="add"))
        async def refuse(event: ToolFinished) -> Veto:
            try:
                await gate.wait()
            except asyncio.CancelledError:
                return Veto("too late to ask")
            return Veto("never")

        run = await tested.start(agent(call("add", a=1, b=2), text("done"), tools=[add]))
        await gate.reached.wait()
        await run.cancel()
        assert outcomes(run) == {"add": "denied"}
        tested.runtime.bus.detach(tested.runtime.bus.routes(ToolFinished).policies[0])


async def test_a_run_cancelled_before_its_first_step_has_a_whole_log() -> None:
    """Nothing was asked of the model; what there is are its start and its end."""
    model = Scripted([])
    async with house() as tested:
        run = await tested.start(Agent(model))
        await run.cancel()
        assert [type(event).__name__ for event in run.log] == ["RunStarted", "CancelRequested", "RunFinished"]
    assert model.asked == 0


async def test_a_run_whose_task_the_loop_cancels_says_so() -> None:
    """Whoever ends the loop's tasks leaves a log that is whole."""
    gate = Gate()
    async with house() as tested:
        run = await tested.start(agent([call("wait"), call("wait")], tools=[waiting(gate)]))
        await gate.reached.wait()
        for task in asyncio.all_tasks():
            if run.id in task.get_name():
                task.cancel()
        result = await run.outcome()
    assert (result.status, result.reason) == ("cancelled", "the event loop cancelled the run")


async def test_the_request_of_a_run_that_is_stopped_is_answered_in_the_log() -> None:
    """Every ``ModelRequested`` has its reply or its failure, also where the model never said a word."""
    gate = Gate()

    async def silent(request: Request) -> AsyncGenerator[Delta, None]:
        await gate.wait()
        yield TextPiece("never")

    async with house() as tested:
        run = await tested.start(Agent(Fake(silent)))
        await gate.reached.wait()
        await run.cancel("enough")
    (failed,) = [event for event in run.log if isinstance(event, ModelFailed)]
    (asked,) = [event for event in run.log if isinstance(event, ModelRequested)]
    assert (failed.cause, failed.partial, failed.error.message) == (asked.seq, (), "enough")
