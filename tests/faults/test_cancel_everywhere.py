"""Cancel at await n, for every n: wherever a run waits, it can be stopped there, by everybody who may stop it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import anyio
import pytest

from loopbus.backends import Delta, Request, Scripted, text
from loopbus.backends.contract import StopPiece, TextPiece, ToolCallPiece, UsagePiece
from loopbus.events import Event, RunStarted, ToolFinished, ToolRequested, Usage
from loopbus.runtime import Agent, Run, RunError
from loopbus.tools import ToolContext, tool

from .house import House, house
from .invariants import check_balanced, check_run
from .misbehaving import Fake
from .stepping import Steps, counting


@tool
async def look(number: int) -> int:
    """Look, which takes a while."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return number


@tool(resource="shelf")
async def fetch(context: ToolContext, number: int) -> AsyncGenerator[str, None]:
    """Fetch, and say how it goes."""
    context.progress("on my way")
    yield "half-way"
    await asyncio.sleep(0)
    yield f"fetched {number}"


@tool(sequential=True)
async def write(number: int) -> str:
    """Write, while nothing else happens."""
    try:
        await asyncio.sleep(0)
    finally:
        await asyncio.sleep(0)
    return f"wrote {number}"


def calling(slot: int, name: str) -> list[Delta]:
    """A call in two pieces."""
    return [ToolCallPiece(slot, f"p{slot}", name, '{"number"'), ToolCallPiece(slot, arguments=": 1}")]


TURNS: list[list[Delta]] = [
    [TextPiece("I look."), *calling(0, "look"), *calling(1, "fetch"), *calling(2, "fetch"), StopPiece("tool_calls")],
    [*calling(0, "write"), *calling(1, "look"), UsagePiece(Usage(9, 1)), StopPiece("tool_calls")],
    [TextPiece("It is "), TextPiece("all "), TextPiece("done."), UsagePiece(Usage(9, 3)), StopPiece("end")],
]


async def stream(request: Request) -> AsyncGenerator[Delta, None]:
    """Two parallel tools and one that streams, then a sequential one, then an answer in pieces; it waits everywhere."""
    turn = sum(message.role == "assistant" for message in request.messages)
    try:
        for delta in TURNS[turn]:
            await asyncio.sleep(0)
            yield delta
    finally:
        await asyncio.sleep(0)


AGENT = Agent(Fake(stream), tools=[look, fetch, write])


def subscribe(tested: House) -> None:
    """Policies that wait, and an observer that does."""
    heard: list[Event] = []

    async def judge(event: Any) -> Any:
        await asyncio.sleep(0)
        return event

    async def watch(event: Event) -> None:
        await asyncio.sleep(0)
        heard.append(event)

    tested.runtime.intercept((ToolRequested, ToolFinished), name="judge")(judge)
    tested.runtime.observe(Event, name="watch")(watch)


Act = Callable[[], object]
Way = Callable[[House, Run, asyncio.TaskGroup], tuple[Coroutine[Any, Any, object], Act]]
"""How to stop a run: what waits for it meanwhile, and what to do at await n."""


def by_run_cancel(tested: House, run: Run, group: asyncio.TaskGroup) -> tuple[Coroutine[Any, Any, object], Act]:
    """``run.cancel()``."""
    return run.outcome(), lambda: group.create_task(run.cancel("enough"))


def by_closing(tested: House, run: Run, group: asyncio.TaskGroup) -> tuple[Coroutine[Any, Any, object], Act]:
    """``runtime.aclose()``."""

    def close() -> None:
        tested.open = False
        group.create_task(tested.runtime.aclose())

    return run.outcome(), close


def by_the_loop(tested: House, run: Run, group: asyncio.TaskGroup) -> tuple[Coroutine[Any, Any, object], Act]:
    """Somebody who cancels every task of the run, as a loop does that is torn down."""

    def cancel() -> None:
        for task in asyncio.all_tasks():
            if task.get_name().startswith(("run ", "tool ")):
                task.cancel()

    return run.outcome(), cancel


async def stop_at(number: int, way: Way) -> tuple[Steps, Run]:
    """Start a run, stop it at that await, and check everything that must hold then."""
    async with house(grace_s=0.5) as tested, asyncio.TaskGroup() as group:
        subscribe(tested)
        acts: list[Act] = []
        with counting(number, lambda: acts[0]()) as steps:
            run = await tested.start(AGENT, session="s")
            work, act = way(tested, run, group)
            acts.append(act)
            await work
        await check_run(run)
        if tested.open:
            await go_on(tested)
    return steps, run


async def go_on(tested: House) -> None:
    """The session takes a new prompt, and the model is sent a balanced conversation."""
    model = Scripted([text("at your service")])
    assert (await tested.outcome(Agent(model), "and now?", session="s")).output == "at your service"
    check_balanced(model.requests[0].messages)


async def test_a_run_is_the_same_whenever_its_awaits_are_counted() -> None:
    """Await n is a place: the same script suspends as often each time, many times in all."""
    first, run = await stop_at(0, by_run_cancel)
    second, _ = await stop_at(0, by_run_cancel)
    assert first.count == second.count > 40
    assert (run.status, run.log[-1].seq) == ("completed", 29)


async def test_by_run_cancel() -> None:
    """At every await the run ends whole, and the session goes on."""
    steps, _ = await stop_at(0, by_run_cancel)
    for number in range(1, steps.count + 1):
        acted, run = await stop_at(number, by_run_cancel)
        assert acted.acted
        assert run.status == "cancelled" or number > steps.count - 10, f"await {number}"


class Waiter:
    """Somebody who awaits ``runtime.run`` under a limit of his own."""

    def __init__(self, tested: House) -> None:
        self.tested = tested
        self.raised: BaseException | None = None
        self.act: Act = lambda: None

    async def run(self) -> object:
        return await self.tested.runtime.run(AGENT, "go", session="s")

    async def in_a_task(self) -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.run())
            self.act = task.cancel
            await asyncio.wait([task])
            self.raised = asyncio.CancelledError() if task.cancelled() else task.exception()

    async def in_a_timeout(self) -> None:
        async with asyncio.timeout(None) as limit:
            self.act = lambda: limit.reschedule(0)
            await self.run()

    async def in_a_scope(self) -> None:
        with anyio.fail_after(None) as scope:

            def expire() -> None:
                scope.deadline = 0

            self.act = expire
            await self.run()

    async def wait(self, how: str) -> None:
        try:
            await getattr(self, how)()
        except (TimeoutError, RunError) as error:
            self.raised = error


WAYS = {"in_a_task": asyncio.CancelledError, "in_a_timeout": TimeoutError, "in_a_scope": TimeoutError}


@pytest.mark.parametrize("how", WAYS)
async def test_by_the_callers_own_cancellation(how: str) -> None:
    """Cancelling who waits, or passing its deadline, cancels the run; the caller's own error is what it gets."""
    total = (await stop_waiting_at(0, how)).count
    for number in range(1, total + 1):
        assert (await stop_waiting_at(number, how)).acted


async def stop_waiting_at(number: int, how: str) -> Steps:
    """Let somebody wait for a run, stop the waiting at that await, and check what must hold then."""
    async with house(grace_s=0.5) as tested:
        subscribe(tested)
        tested.runtime.derive(RunStarted, name="note")(tested.adopt)
        waiter = Waiter(tested)
        async with asyncio.TaskGroup() as group:
            waits = group.create_task(waiter.wait(how))
            with counting(number, lambda: waiter.act()) as steps:
                await asyncio.wait([waits])
        (run,) = tested.runs
        assert tested.runtime.runs == ()
        assert isinstance(waiter.raised, WAYS[how] if run.status == "cancelled" else (WAYS[how], type(None)))
        await go_on(tested)
    return steps


async def test_by_the_loop() -> None:
    """At every await the tasks of a run can be cancelled by whoever ends the loop: nothing hangs, the log is whole."""
    steps, _ = await stop_at(0, by_the_loop)
    for number in range(1, steps.count + 1):
        acted, run = await stop_at(number, by_the_loop)
        assert acted.acted
        assert run.status == "cancelled" or number > steps.count - 10, f"await {number}"


async def test_by_closing_the_runtime() -> None:
    """At every await the runtime can be closed: the run ends whole and nothing is left."""
    steps, _ = await stop_at(0, by_closing)
    for number in range(1, steps.count + 1):
        acted, run = await stop_at(number, by_closing)
        assert acted.acted
        assert run.status in ("cancelled", "completed")
