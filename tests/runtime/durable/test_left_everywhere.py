"""Wherever a run is left, or its process dies, it goes on from there to the same end."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from loopbus.backends import Scripted, call, reply, thinking
from loopbus.bus import dump
from loopbus.events import Event, ModelReplied, RunResumed, RunSuspended, ToolCall, ToolFinished, ToolStarted, Usage
from loopbus.runtime import Agent
from loopbus.stores import MemoryRows
from loopbus.tools import ToolContext, tool

from ...faults.house import settle
from ...faults.invariants import PASSING, check_run
from .processes import Clock, Process, logged, only_run, process

PROMPT = "What is 17 + 25, and then 42 + 1?"
LEASE_S = 31.0
EVENTS, WRITES = 22, 7
"""How many events the run has when nothing happens to it, and in how many writes they come."""


@tool(delivery="idempotent")
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


SCRIPT = [
    reply(thinking("two sums"), "I add.", call("add", a=17, b=25), call("add", a=42, b=1), usage=Usage(50, 9)),
    reply(call("add", a=1)),
    reply("They are 42 and 43.", usage=Usage(80, 8)),
]
ADDER = Agent(Scripted(SCRIPT, per_run=True, stream="words", keep=0), "Add.", tools=[add], name="adder")


def story(log: Sequence[Event]) -> list[str]:
    """What a log tells, but for where it was broken off and what that moves: places, times, and ids made of places.

    Sorted, for of two parallel calls either may be the first to end.
    """
    ids = [call.call_id for event in log if isinstance(event, ModelReplied) for call in _calls(event)]
    told: list[str] = []
    for event in log:
        if not isinstance(event, RunSuspended | RunResumed):
            fields = {name: value for name, value in dump(event).items() if name not in {*PASSING, "seq", "cause"}}
            text = json.dumps(fields, sort_keys=True)
            for place, call_id in enumerate(ids):
                text = text.replace(f'"call_id": "{call_id}"', f'"call_id": "call {place}"')
            told.append(text)
    return sorted(told)


def _calls(event: ModelReplied) -> list[ToolCall]:
    return [block for block in event.content if isinstance(block, ToolCall)]


@pytest.fixture(scope="module")
def uninterrupted() -> list[str]:
    """The story of the run when nothing happens to it."""
    return asyncio.run(_uninterrupted())


async def _uninterrupted() -> list[str]:
    async with process(MemoryRows()) as only:
        run = await only.runtime.start(ADDER, PROMPT)
        await run.result()
        assert (len(run.log), only.line.tried) == (EVENTS, WRITES)
        return story(run.log)


@pytest.mark.parametrize("place", range(2, EVENTS))
async def test_a_run_that_is_left_at_any_event_goes_on_to_the_same_end(place: int, uninterrupted: list[str]) -> None:
    """Its log differs by the leaving alone: nothing is asked, begun or counted twice, and nothing is lost."""
    async with process(MemoryRows()) as only:
        runtime = only.runtime

        @runtime.derive(Event)
        def leave(event: Event) -> None:  # pyright: ignore[reportUnusedFunction]
            if event.seq == place:
                runtime.runs[0].leave("it is to go on later")

        run = await runtime.start(ADDER, PROMPT)
        await settle(lambda: not runtime.runs)
        if run.status is None:
            assert await runtime.resume(run.id) is run
        await run.result()
        await check_run(run)
        assert story(run.log) == uninterrupted
        assert (await only.line.verify(run.id)).events == len(run.log)


@pytest.mark.parametrize("number", range(2, WRITES + 1))
async def test_a_process_that_dies_at_any_write_is_followed_to_the_same_end(
    number: int, uninterrupted: list[str]
) -> None:
    """What was recorded stands, what was not happens again, and an idempotent tool may be run again."""
    clock = Clock()
    rows = MemoryRows(clock=clock)
    first = Process(rows)
    first.line.cut_at = number
    await first.runtime.open()
    await first.runtime.start(ADDER, PROMPT)
    await settle(lambda: not first.runtime.runs)
    await first.crash()
    before = await logged(rows, await only_run(rows))
    clock.now += LEASE_S
    async with process(rows, agents=[ADDER]) as second:
        (run,) = await second.runtime.recover()
        await run.result()
        await check_run(run)
        assert list(run.log)[: len(before)] == before
        assert story(run.log) == uninterrupted


@pytest.mark.parametrize(
    ("delivery", "outcome", "ran"), [("at_most_once", "unknown", 1), ("idempotent", "ok", 2)]
)
async def test_a_call_that_was_running_when_its_process_died(delivery: Any, outcome: str, ran: int) -> None:
    """It is not made again, and its outcome is unknown; unless it is declared idempotent: then with the same key."""
    keys: list[str] = []
    clock = Clock()
    rows = MemoryRows(clock=clock)
    first = Process(rows)

    @tool(delivery=delivery)
    async def pay(context: ToolContext) -> str:
        """Pay; the process dies when that is done the first time."""
        keys.append(context.idempotency_key)
        first.line.cut = first.line.cut or len(keys) == 1
        return "paid"

    payer = Agent(Scripted([call("pay"), "done"], per_run=True), tools=[pay], name="payer")
    await first.runtime.open()
    await first.runtime.start(payer, "Pay.")
    await settle(lambda: not first.runtime.runs)
    await first.crash()
    clock.now += LEASE_S
    async with process(rows, agents=[payer]) as second:
        (run,) = await second.runtime.recover()
        assert (await run.result()).output == "done"
        await check_run(run)
    finished = [event for event in run.log if isinstance(event, ToolFinished)]
    assert [event.outcome for event in finished] == [outcome]
    assert [type(event) for event in run.log].count(ToolStarted) == 1
    assert len(keys) == ran
    assert len(set(keys)) == 1
