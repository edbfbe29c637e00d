"""Wherever a run is left, or its process dies, it goes on from there to the same end."""

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Any

import pytest

from loopbus.backends import Busy, Refused, Scripted, call, fail, reply, thinking
from loopbus.bus import dump
from loopbus.events import (
    Event,
    ModelFailed,
    ModelReplied,
    OutputRejected,
    RunResumed,
    RunSuspended,
    ToolCall,
    ToolFinished,
    ToolStarted,
    Usage,
)
from loopbus.handlers.retry import RetryPolicy
from loopbus.runtime import Agent, Limits
from loopbus.stores import Log, MemoryRows
from loopbus.tools import ToolContext, tool

from ...faults.house import settle
from ...faults.invariants import PASSING, check_run
from .processes import Clock, Process, logged, process

PROMPT = "What is 17 + 25, and then 42 + 1?"
LEASE_S = 31.0
EVENTS = 22
"""How many events the run has when nothing happens to it."""


@tool(delivery="idempotent")
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


@tool(sequential=True, delivery="idempotent")
async def next_to() -> str:
    """Be called while nothing else is."""
    return "here"


AT_ONCE = RetryPolicy(attempts=5, longest_s=0.0)
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
            # That one says which line of the script it was.
            told.append(re.sub('"provider_id": "[^"]*"', "", text))
    return sorted(told)


def _calls(event: ModelReplied) -> list[ToolCall]:
    return [block for block in event.content if isinstance(block, ToolCall)]


@pytest.fixture(scope="module")
def uninterrupted() -> tuple[Event, ...]:
    """The log of the run when nothing happens to it."""
    return asyncio.run(_uninterrupted())


async def _uninterrupted() -> tuple[Event, ...]:
    async with process(MemoryRows()) as only:
        run = await only.runtime.start(ADDER, PROMPT)
        await run.result()
        assert len(run.log) == EVENTS
        return run.log


@pytest.mark.parametrize("place", range(2, EVENTS))
async def test_a_run_that_is_left_at_any_event_goes_on_to_the_same_end(
    place: int, uninterrupted: tuple[Event, ...]
) -> None:
    """Its log differs by the leaving alone: nothing is asked, begun or counted twice, and nothing is lost."""
    async with process(MemoryRows()) as only:
        runtime = only.runtime

        @runtime.derive(Event)
        def leave(event: Event) -> None:
            if event.seq == place:
                runtime.runs[0].leave("it is to go on later")

        run = await runtime.start(ADDER, PROMPT)
        await settle(lambda: not runtime.runs)
        if run.status is None:
            assert await runtime.resume(run.id) is run
        await run.result()
        await check_run(run)
        assert story(run.log) == story(uninterrupted)
        assert (await only.line.verify(run.id)).events == len(run.log)


HARD: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "parallel": (SCRIPT, {}),
    "in order": ([[call("next_to"), call("next_to"), call("add", a=1, b=1)], "done"], {}),
    "retried": ([fail(Busy("too much")), fail(Busy("too much")), call("add", a=1, b=1), "2"], {"retry": AT_ONCE}),
    "fallen back": ([fail(Refused("no"))], {"fallback": [Scripted(["hello"], model="other", per_run=True)]}),
    "wrong type": (["four", call("add", a=2, b=2), "4"], {"output": int, "output_mode": "prompt"}),
    "in a circle": ([*[call("add", a=1, b=1)] * 3, "2"], {"limits": Limits(repeats=2)}),
    "cut": ([reply("I add", call("add", a=1, b=1), stop="length"), "sorry"], {}),
}
"""Runs in which more happens between two turns: the script of each, and the options of its agent."""


@pytest.mark.parametrize("kind", HARD)
async def test_a_run_whose_process_died_behind_any_event_goes_on_to_the_same_end(kind: str) -> None:
    """What was recorded stands, what was not happens again, and an idempotent tool may be run again."""
    script, options = HARD[kind]
    whole = await _driven(MemoryRows(), _agent(script, **options))
    for place in range(1, len(whole)):
        if isinstance(whole[place - 1], OutputRejected):
            # Its stage appends it together with what the model is told, so no log ends there.
            continue
        rows = MemoryRows()
        await Log(rows).append(whole[:place])
        answers = [event.model for event in whole[:place] if isinstance(event, ModelReplied | ModelFailed)]
        log = await _driven(rows, _agent(script[answers.count("scripted") :], **options))
        assert log[:place] == whole[:place]
        assert story(log) == story(whole), f"left behind event {place}, {type(whole[place - 1]).__name__}"


def _agent(script: list[Any], **options: Any) -> Agent[Any]:
    return Agent(Scripted(script), tools=[add, next_to], name="agent", **options)


async def _driven(rows: MemoryRows, agent: Agent[Any]) -> tuple[Event, ...]:
    """The log of the run in the store, or of a new one, when it is over."""
    async with process(rows, agents=[agent]) as only:
        (run,) = await only.runtime.recover() or [await only.runtime.start(agent, PROMPT)]
        await run.outcome()
        await check_run(run)
        assert run.log == tuple(await logged(rows, run.id))
        return run.log


@pytest.mark.parametrize(("delivery", "outcome", "ran"), [("at_most_once", "unknown", 1), ("idempotent", "ok", 2)])
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
