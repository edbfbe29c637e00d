"""An agent can be run without a runtime of one's own; the one it is given lives as long as its event loop."""

import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from weakref import ref

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.events import RunFinished, user
from loopbus.runtime import Agent, InsideLoop, LimitReached, Limits, RunCancelled, RunFailed, Runtime, RuntimeClosed
from loopbus.runtime import default as default_room
from loopbus.runtime.default import default_runtime
from loopbus.tools import ToolContext, tool

from ..faults.house import add
from ..faults.misbehaving import Gate, waiting

ADDER = Agent(Scripted([call("add", a=17, b=25), text("42")], per_run=True), tools=[add])


@pytest.fixture
def no_loop() -> Iterator[None]:
    """Check that nothing of a loop is left when it has ended."""
    before = set(threading.enumerate())
    yield
    left = [thread.name for thread in set(threading.enumerate()) - before if thread.name.startswith("loopbus")]
    assert left == []
    assert len(default_room._runtimes) == len(default_room._keepers) == 0  # pyright: ignore[reportPrivateUsage]


@pytest.mark.usefixtures("no_loop")
def test_an_agent_runs_where_no_loop_runs() -> None:
    """As often as one likes, each time in a loop of its own, of which nothing is left."""
    assert ADDER.run_sync("What is 17 + 25?").output == "42"
    result = ADDER.run_sync("And again?", messages=[user("before")], limits=Limits(turns=2))
    assert (result.output, result.messages[0].text) == ("42", "before")
    with pytest.raises(LimitReached):
        ADDER.run_sync("What is 17 + 25?", limits=Limits(turns=1))


def test_what_goes_wrong_in_run_sync_has_no_other_error_behind_it() -> None:
    """Whoever reads the traceback of a handler's error is not told first that no event loop runs."""
    with pytest.raises(RunFailed) as caught:
        Agent(ADDER.model, instructions=lambda deps: deps["name"]).run_sync("hello")
    cause = caught.value.__cause__
    assert isinstance(cause, TypeError)
    assert cause.__context__ is None


async def test_run_sync_would_block_a_loop_that_runs_so_it_refuses() -> None:
    """It says what to write instead; nothing is started."""
    with pytest.raises(InsideLoop, match=r"use `await agent.run\(\.\.\.\)` instead"):
        ADDER.run_sync("What is 17 + 25?")


async def test_all_agents_of_a_loop_share_one_runtime() -> None:
    """So a session goes on from one call to the next."""
    model = Scripted(["one", "two"])
    assert (await ADDER.run("What is 17 + 25?")).output == "42"
    await Agent(model).run("first", session="alice")
    assert [message.text for message in (await Agent(model).run("second", session="alice")).messages] == [
        *("first", "one"),
        *("second", "two"),
    ]
    assert await default_runtime() is await default_runtime()


async def test_deps_and_limits_are_handed_to_the_run() -> None:
    """As with a runtime of one's own."""

    @tool
    async def who(context: ToolContext[str]) -> str:
        """Say who asks."""
        return context.deps

    agent = Agent(Scripted([call("who"), text("yes")], per_run=True), tools=[who])
    result = await agent.run("who am I?", deps="Ada")
    assert "Ada" in str(result.messages)
    with pytest.raises(LimitReached):
        await agent.run("who am I?", deps="Ada", limits=Limits(turns=1))


@pytest.mark.usefixtures("no_loop")
def test_the_runtime_is_closed_with_its_loop_and_forgotten() -> None:
    """Its runs are stopped, its threads end, and the garbage collector finds both it and the loop."""
    gate, kept = None, list[Runtime]()

    async def leave_a_run() -> tuple[Any, Any]:
        nonlocal gate
        gate = Gate()
        runtime = await default_runtime()
        kept.append(runtime)
        run = await runtime.start(Agent(Scripted([call("wait")]), tools=[waiting(gate)]), "wait")
        await gate.reached.wait()
        return run, ref(asyncio.get_running_loop())

    run, loop = asyncio.run(leave_a_run())
    assert run.status == "cancelled"
    assert type(run.log[-1]) is RunFinished
    with pytest.raises(RuntimeClosed):
        asyncio.run(kept[0].start(ADDER, "hello"))
    kept.clear()
    del run, gate
    gc.collect()
    assert loop() is None


@pytest.mark.usefixtures("no_loop")
def test_each_loop_has_a_runtime_of_its_own() -> None:
    """Loops that follow each other, and loops at the same time in different threads."""
    first, second = asyncio.run(default_runtime()), asyncio.run(default_runtime())
    assert first is not second
    outputs: list[object] = []
    threads = [threading.Thread(target=lambda: outputs.append(ADDER.run_sync("?").output)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outputs == ["42"] * 3


async def by_agent(gate: Gate) -> object:
    """An agent that waits, on the default runtime."""
    return await Agent(Scripted([call("wait")]), tools=[waiting(gate)]).run("wait")


async def by_runtime(gate: Gate) -> object:
    """An agent that waits, on a runtime of one's own."""
    async with Runtime() as runtime:
        return await runtime.run(Agent(Scripted([call("wait")]), tools=[waiting(gate)]), "wait")


@pytest.mark.parametrize("way", [by_agent, by_runtime])
async def test_cancelling_the_wait_cancels_the_run(way: Callable[[Gate], Coroutine[Any, Any, object]]) -> None:
    """What was cancelled is the caller, so it is told so in the language of asyncio; the run is over by then."""
    gate = Gate()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(way(gate))
        await gate.reached.wait()
        task.cancel()
    assert task.cancelled()
    assert (await default_runtime()).runs == ()


async def test_a_run_that_somebody_else_cancels_is_no_cancellation_of_the_caller() -> None:
    """That is an error of ours, and the caller's task goes on."""
    gate = Gate()

    async def waits() -> None:
        with pytest.raises(RunCancelled, match="enough"):
            await by_agent(gate)

    async with asyncio.TaskGroup() as group:
        group.create_task(waits())
        await gate.reached.wait()
        (run,) = (await default_runtime()).runs
        await run.cancel("enough")
