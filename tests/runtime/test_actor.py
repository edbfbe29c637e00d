"""The actor that a run is: one event at a time, in an order that can be relied on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, cast

import pytest

from loopbus.backends import Capabilities, Delta, Request, call, text
from loopbus.backends.contract import BlockPiece, StopPiece, TextPiece, UsagePiece
from loopbus.bus import Recorder, Veto
from loopbus.events import (
    Custom,
    Event,
    LateToolResult,
    MessageInjected,
    RunFinished,
    Text,
    ToolFinished,
    ToolProgress,
    ToolRequested,
    ToolStarted,
    TurnFinished,
    Usage,
)
from loopbus.runtime import Agent, RunOver
from loopbus.runtime.stopping import Stopping
from loopbus.tools import ToolContext, tool

from ..faults.house import CANARY, add, agent, house, settle
from ..faults.misbehaving import Gate


class Noted(Custom, name="tests.actor.noted"):
    """An application's own fact. Published by the tools of these tests."""


@tool(sequential=True)
async def write(number: int) -> int:
    """Write, while nothing else happens."""
    await asyncio.sleep(0)
    return number


async def test_the_result_of_a_call_is_a_fact_before_the_next_call_begins() -> None:
    """Of calls that run one after another the log never holds a second start without the first result."""
    async with house() as tested:
        run = await tested.start(agent([call("write", number=n) for n in range(3)], text("done"), tools=[write]))
        await run.result()
    story = [type(event) for event in run.log if isinstance(event, ToolRequested | ToolStarted | ToolFinished)]
    assert story == [ToolRequested, ToolStarted, ToolFinished] * 3


async def test_parallel_calls_start_in_the_models_order() -> None:
    """Whichever ends first: all of them are asked for and started as the model named them."""
    gates = {number: Gate() for number in range(3)}

    @tool
    async def wait(number: int) -> int:
        """Wait."""
        await gates[number].wait()
        return number

    async with house() as tested:
        run = await tested.start(agent([call("wait", number=n) for n in range(3)], text("done"), tools=[wait]))
        for number in (2, 0, 1):
            await gates[number].reached.wait()
            gates[number].open.set()
            await settle(lambda number=number: any(_ended(event, number) for event in run.log))
        result = await run.result()
    started = [event.call_id for event in run.log if isinstance(event, ToolStarted)]
    assert started == [event.call_id for event in run.log if isinstance(event, ToolRequested)]
    assert [getattr(block, "output", "") for block in result.messages[2].content] == ["0", "1", "2"]


def _ended(event: Event, number: int) -> bool:
    return isinstance(event, ToolFinished) and event.output == str(number)


async def test_nothing_can_be_sent_to_a_run_that_has_decided_to_end() -> None:
    """Between the decision and the terminal event a message would be promised an answer that never comes."""
    go_on = asyncio.Event()
    async with house() as tested:

        @tested.runtime.observe(TurnFinished, capacity=1, overflow="block")
        async def slow(_: TurnFinished) -> None:
            await go_on.wait()

        runs = [await tested.start(CANARY) for _ in range(2)]
        await settle(lambda: any(isinstance(run.log[-1], TurnFinished) and run.state.turn == 2 for run in runs))
        held = next(run for run in runs if isinstance(run.log[-1], TurnFinished) and run.state.turn == 2)
        assert held.status is None
        with pytest.raises(RunOver):
            await held.send("wait for me")
        go_on.set()
        assert (await held.result()).output == "42"
    assert not any(isinstance(event, MessageInjected) for event in held.log)


async def test_a_refusal_that_was_written_down_is_not_written_twice_when_the_run_stops_meanwhile(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The result that stands in for a vetoed one is in the log already when the run turns out to be stopping."""
    async with house() as tested:

        @tested.runtime.intercept(ToolFinished)
        async def refuse(event: ToolFinished) -> Veto:
            (run,) = tested.runtime.runs
            run.stop(Stopping("cancelled", "enough"), "test")
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                return Veto(f"{event.name} was too late")
            return Veto("never")

        run = await tested.start(agent(call("add", a=1, b=2), text("done"), tools=[add]))
        result = await run.outcome()
        tested.runtime.bus.detach(tested.runtime.bus.routes(ToolFinished).policies[0])
    assert result.status == "cancelled"
    assert [event.outcome for event in run.log if isinstance(event, ToolFinished)] == ["denied"]
    assert isinstance(run.log[-1], RunFinished)
    assert caplog.records == []


async def test_what_was_left_behind_cannot_write_into_the_log_any_more() -> None:
    """A tool that outlives its run is told so when it emits, and its end is told as late."""
    gate = Gate()

    @tool
    async def outlive(context: ToolContext) -> None:
        """Swallow the cancellation, wait, and then claim that something happened."""
        with suppress(asyncio.CancelledError):
            await gate.wait()
        await gate.open.wait()
        context.emit_nowait(Noted())
        context.progress("still here")
        await context.emit(Noted())

    async with house(grace_s=0.02) as tested:
        heard = Recorder()
        tested.runtime.subscribe(heard)
        run = await tested.start(agent(call("outlive"), tools=[outlive]))
        await gate.reached.wait()
        await run.cancel()
        log = list(run.log)
        gate.open.set()
        late = await heard.expect(LateToolResult)
    assert list(run.log) == log
    assert (late.failed, late.output) == (True, f"RunOver: run {run.id} ended without waiting for Noted")
    assert not heard.of(ToolProgress)


async def test_a_run_that_never_waits_lets_others_have_their_turn() -> None:
    """A long script of calls that all return at once does not keep the loop to itself."""
    turns = 0
    script = [call("add", a=n, b=n) for n in range(120)]
    async with house() as tested:
        run = await tested.start(agent(*script, text("done"), tools=[add]))
        while run.status is None:
            await asyncio.sleep(0)
            turns += 1
    assert turns >= 3


class Careless:
    """A backend of a user's own that tells what no event can hold."""

    model = "careless"
    capabilities = Capabilities()

    def __init__(self, *deltas: Any) -> None:
        self._deltas = deltas

    async def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        for delta in self._deltas:
            yield delta
        yield StopPiece("end")

    async def aclose(self) -> None: ...


@pytest.mark.parametrize(
    "deltas",
    [
        [TextPiece("\ud83d")],
        [TextPiece(cast("str", 3))],
        [BlockPiece(cast("Text", "words"))],
        [UsagePiece(cast("Usage", None)), TextPiece("\ud83d")],
        [None],
    ],
)
async def test_a_backend_that_tells_what_no_event_can_hold_fails_its_run_and_no_more(deltas: list[Any]) -> None:
    """The log is closed without what cannot stand in it, nobody waits for ever, and the runtime can be closed."""
    async with house() as tested:
        assert (await tested.outcome(Agent(Careless(*deltas)), "go")).status == "failed"
        assert (await tested.outcome(CANARY, "go")).output == "42"
