"""There is one way a run executes: however it is started, read and streamed, its log is the same."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from loopbus.backends import Scripted, call, reply, thinking
from loopbus.bus import known_events
from loopbus.events import Event, Usage
from loopbus.runtime import Agent, Run, Runtime
from loopbus.runtime.default import default_runtime

from ..faults.house import add
from ..faults.invariants import normal

Log = list[dict[str, Any]]
PROMPT = "What is 17 + 25, and then 42 + 1?"
SCRIPT = [
    reply(thinking("two sums"), "I add.", call("add", a=17, b=25), call("add", a=42, b=1), usage=Usage(50, 9)),
    reply(call("add", a=1)),
    reply("They are 42 and 43.", usage=Usage(80, 8)),
]


async def instructions(runs: list[Run] | None) -> str:
    """The instructions; on the way, they remember the run where nobody else gets hold of it."""
    if runs is not None:
        runs.extend((await default_runtime()).runs)
    return "Add."


def adder(*, streaming: bool = True) -> Agent:
    """An agent with a model of its own, which streams in words where it is asked to."""
    return Agent(Scripted(SCRIPT, stream="words"), instructions, tools=[add], streaming=streaming)


async def awaited(runtime: Runtime) -> Log:
    """``await runtime.run(...)``, with an observer to see the log."""
    log: list[Event] = []
    runtime.derive(Event, name="log")(log.append)
    await runtime.run(adder(), PROMPT)
    return normal(log)


async def detached(runtime: Runtime) -> Log:
    """Started, and nobody looks until it is over."""
    run = await runtime.start(adder(), PROMPT)
    await run.outcome()
    return normal(run.log)


async def streamed(runtime: Runtime) -> Log:
    """Read with its pieces while it goes on."""
    run = await runtime.start(adder(), PROMPT)
    return normal([event async for event in run.events(ephemeral=True) if event.durable])


async def not_streaming(runtime: Runtime) -> Log:
    """A model that is asked for its reply in one piece."""
    run = await runtime.start(adder(streaming=False), PROMPT)
    return normal([event async for event in run.events()])


async def left(runtime: Runtime) -> Log:
    """A reader that goes away in the middle."""
    run = await runtime.start(adder(), PROMPT)
    async with aclosing(run.events(ephemeral=True)) as events:
        async for _ in events:
            break
    await run.result()
    return normal(run.log)


async def many_readers(runtime: Runtime) -> Log:
    """Fifty readers at once, each of which sees the same."""
    run = await runtime.start(adder(), PROMPT)
    seen: list[Log] = []

    async def read() -> None:
        seen.append(normal([event async for event in run.events(ephemeral=True) if event.durable]))

    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(read())
    assert all(each == seen[0] for each in seen)
    return seen[0]


async def observed(runtime: Runtime) -> Log:
    """With observers and a policy that lets everything through."""

    @runtime.observe(Event)
    async def watch(event: Event) -> None:
        """Only watch."""

    @runtime.intercept(tuple(_interceptable()))
    def agree(event: Event) -> Event:
        return event

    return await detached(runtime)


def _interceptable() -> list[type[Event]]:
    return [each for each in known_events() if each.may_change and each.__module__.startswith("loopbus.")]


async def by_the_agent(_: Runtime) -> Log:
    """``await agent.run(...)``, on the loop's own runtime."""
    runs: list[Run] = []
    await adder().run(PROMPT, deps=runs)
    return normal(runs[0].log)


async def sync(_: Runtime) -> Log:
    """``agent.run_sync(...)``, in a thread that has no loop."""
    runs: list[Run] = []
    await asyncio.to_thread(adder().run_sync, PROMPT, deps=runs)
    return normal(runs[0].log)


Way = Callable[[Runtime], Awaitable[Log]]
WAYS: list[Way] = [detached, streamed, not_streaming, left, many_readers, observed, by_the_agent, sync]


@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ for way in WAYS])
async def test_every_way_gives_the_same_log(way: Way) -> None:
    """Ids of runs and times aside, not one event differs."""
    async with Runtime() as runtime:
        reference = await awaited(runtime)
    assert [each["event"] for each in reference].count("ModelReplied") == 3
    async with Runtime() as runtime:
        assert await way(runtime) == reference
