"""Runs that a real store has kept, that were resumed and forked for real: they replay too."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from loopbus.backends import Request, Scripted, call, text
from loopbus.backends.script import Line
from loopbus.bus.event import stamp
from loopbus.events import Event, RunResumed
from loopbus.events.state import replay as fold
from loopbus.runtime import Agent, KeepOptions, Run, Runtime
from loopbus.stores import EventLog, Log, MemoryRows

from .runs import add, crash, look, note, pay, refund

TURNS = (
    [call("add", a=1, b=2), call("refund", usd=3), call("nope")],
    [call("look"), call("add", a=2, b=2)],
    call("final_answer", name=7),
    call("final_answer", name="Oslo"),
)


def answer(request: Request) -> Line:
    """What the model says next, as far as the conversation shows how far it is."""
    said = sum(message.role == "assistant" for message in request.messages)
    return TURNS[said] if said < len(TURNS) else text("Done.")


CLERK = Agent(
    Scripted(answer),
    "Be brief.",
    tools=[add, note, pay, refund, crash, look],
    output=dict[str, str],
    output_mode="tool",
    name="clerk",
)


@asynccontextmanager
async def office(log: EventLog) -> AsyncGenerator[Runtime]:
    """A runtime with a store, in which the agent is known."""
    async with Runtime(store=log, agents=[CLERK], blocked_s=0) as runtime:
        yield runtime


async def finish(run: Run[Any]) -> None:
    """Approve what waits, until the run is over."""
    async with asyncio.timeout(20):
        while run.status is None:
            for call_id in list(run.state.waiting):
                await run.decide(call_id, approve=True, author="boss")
            await asyncio.sleep(0)


async def lived_once() -> Sequence[Event]:
    """The log of a whole run."""
    async with office(Log(MemoryRows())) as runtime:
        run = await runtime.start(CLERK, "go")
        await finish(run)
    return run.log


async def test_a_run_that_was_resumed_after_any_event_replays() -> None:
    """Wherever its process died: what another one made of it is what the code decides."""
    whole = await lived_once()
    for place in range(1, len(whole)):
        log = Log(MemoryRows())
        await log.append(whole[:place])
        async with office(log) as runtime:
            run = await runtime.resume(whole[0].run_id)
            await finish(run)
            result = await runtime.replay(run.id)
            assert result is not None, place
            assert result == await run.outcome()


async def test_a_run_that_was_forked_after_any_event_replays() -> None:
    """With a message, with results that tools never gave, or as it is."""
    whole = await lived_once()
    log = Log(MemoryRows())
    await log.append(whole)
    async with office(log) as runtime:
        for place in range(1, len(whole)):
            opened = fold(whole[:place]).transcript.open_calls()
            edits: list[dict[str, Any]] = [
                {"message": "And hurry."},
                {"results": {each.call_id: "7" for each in opened[1:]}},
            ]
            for edit in edits:
                fork = await runtime.fork(whole[0].run_id, at=place, **edit)
                await finish(fork)
                assert await runtime.replay(fork.id) == await fork.outcome(), (place, edit)


async def test_a_dead_letter_replays() -> None:
    """Who gave the run up was no stage of it; how it is closed is the code's."""
    whole = await lived_once()
    log = Log(MemoryRows())
    await log.append(whole[:6])
    tries = [RunResumed(attempt=count) for count in (1, 2)]
    for seq, event in enumerate(tries, 7):
        stamp(event, whole[0].run_id, seq, whole[0].at, seq - 1)
    await log.append(tries)
    async with Runtime(store=log, agents=[CLERK], blocked_s=0, keeping=KeepOptions(attempts=2)) as runtime:
        run = await runtime.resume(whole[0].run_id)
        result = await run.outcome()
        assert result.error is not None
        assert result.error.kind == "DeadLetter"
        assert await runtime.replay(run.id) == result


async def test_a_run_that_was_cancelled_after_it_was_resumed_replays() -> None:
    """Wherever it is: in a turn, before a tool, or while it waits for a person."""
    whole = await lived_once()
    for place in range(1, len(whole), 2):
        log = Log(MemoryRows())
        await log.append(whole[:place])
        async with office(log) as runtime:
            run = await runtime.resume(whole[0].run_id)
            for _ in range(place % 4):
                await asyncio.sleep(0)
            await run.cancel("enough")
            assert await runtime.replay(run.id) == await run.outcome()
