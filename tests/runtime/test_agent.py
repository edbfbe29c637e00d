"""An agent, and the doors to run it without a runtime of one's own."""

import asyncio
import gc
import threading
from typing import Any, cast

import pytest

from loopbus.backends import NotConfigured, Scripted, call, text
from loopbus.bus import LoopbusError
from loopbus.events import Event, user
from loopbus.runtime import Agent, BadInput, InsideLoop, LimitReached, Limits, Runtime, UsageError
from loopbus.runtime.default import default_runtime
from loopbus.tools import BadTool, DuplicateTool

from ..faults.house import CANARY, PATIENCE_S, add, agent, settle
from ..faults.misbehaving import Gate, waiting


async def test_an_agent_runs_on_the_loops_own_runtime() -> None:
    """All agents of one loop share one runtime, so a session continues from one call to the next."""
    model = Scripted([text("Hello Ada."), text("You are Ada.")])
    clerk = Agent(model)
    await clerk.run("I am Ada.", session="ada")
    result = await clerk.run("Who am I?", session="ada")
    assert result.output == "You are Ada."
    assert len(model.requests[1].messages) == 3
    assert await default_runtime() is await default_runtime()


async def test_a_conversation_goes_on_from_the_messages_of_a_result() -> None:
    """``result.messages`` in, with every call answered, whatever the status was."""
    first = await CANARY.run("What is 17 + 25?")
    model = Scripted([text("42, as I said.")])
    second = await Agent(model).run("And again?", messages=first.messages)
    assert model.requests[0].messages[:-1] == first.messages
    assert second.messages[: len(first.messages)] == first.messages


async def test_cancelling_the_wait_cancels_the_run() -> None:
    """The run is over, with a whole log, when the cancellation comes back."""
    gate = Gate()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(agent(call("wait"), tools=[waiting(gate)]).run("go"))
        await gate.reached.wait()
        runtime = await default_runtime()
        (run,) = runtime.runs
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled()
    assert (run.status, runtime.runs) == ("cancelled", ())


def test_run_sync_needs_no_loop_and_leaves_none() -> None:
    """Twice in a row, each in a loop of its own that is gone afterwards, with its threads."""
    before = set(threading.enumerate())
    for _ in range(2):
        assert CANARY.run_sync("What is 17 + 25?").output == "42"
    assert set(threading.enumerate()) == before
    with pytest.raises(LimitReached):
        CANARY.run_sync("What is 17 + 25?", limits=Limits(turns=1))


async def test_run_sync_inside_a_loop_is_refused_with_what_to_do_instead() -> None:
    """It would block everything; nothing was started."""
    with pytest.raises(InsideLoop, match=r"use `await agent\.run"):
        CANARY.run_sync("What is 17 + 25?")


def test_the_default_runtime_ends_with_its_loop() -> None:
    """Also when runs are still going on: they are cancelled, nothing waits, and nothing of it stays in memory."""
    seen: list[Any] = []

    async def leave_it_running() -> None:
        gate = Gate()
        seen.append(await default_runtime())
        seen.append(await seen[0].start(agent(call("wait"), tools=[waiting(gate)]), "go"))
        await gate.reached.wait()

    asyncio.run(leave_it_running())
    runtime, run = seen
    assert run.status == "cancelled"
    assert runtime.runs == ()
    del runtime, run
    seen.clear()
    gc.collect()
    known = len([each for each in gc.get_objects() if type(each) is Runtime])
    for _ in range(5):
        CANARY.run_sync("What is 17 + 25?")
    gc.collect()
    assert len([each for each in gc.get_objects() if type(each) is Runtime]) == known


def test_a_loop_that_is_torn_down_around_a_runtime_does_not_hang() -> None:
    """Every task, the observers' own among them, is cancelled at once, and closing the runtime still ends."""

    async def serve() -> None:
        async with Runtime(grace_s=0.05) as runtime:

            @runtime.observe(Event)
            async def slow(event: Event) -> None:
                await asyncio.sleep(PATIENCE_S)

            await runtime.start(agent(call("wait"), tools=[waiting(Gate())]), "go")
            await asyncio.Event().wait()

    async def main() -> None:
        tasks.append(asyncio.get_running_loop().create_task(serve()))
        await settle(lambda: len(asyncio.all_tasks()) > 3)

    tasks: list[asyncio.Task[None]] = []
    asyncio.run(main())
    assert tasks[0].cancelled()


async def test_an_unknown_model_names_the_known_ones() -> None:
    """At the start of a run, before anything happens, as an error of ours."""
    with pytest.raises(NotConfigured, match=r"no model is called 'opnai:gpt'.*did you mean 'openai:gpt'"):
        await Agent("opnai:gpt").run("hello")
    assert (await default_runtime()).runs == ()


BAD_AGENTS: dict[str, tuple[dict[str, Any], type[LoopbusError], str]] = {
    "a model that is none": ({"model": 7}, BadInput, "model=7"),
    "instructions that are none": ({"instructions": 7}, BadInput, "instructions=7"),
    "instructions of too much": ({"instructions": divmod}, BadInput, "of the run's deps, or of nothing"),
    "no tool": ({"tools": [7]}, BadTool, "int"),
    "tools in a text": ({"tools": "add"}, BadInput, "tools='add'"),
    "two of one name": ({"tools": [add, add]}, DuplicateTool, "add"),
    "limits that are none": ({"limits": 3}, BadInput, "limits=3"),
    "settings that are none": ({"settings": {"temperature": 0}}, BadInput, "settings="),
    "no name": ({"name": None}, BadInput, "name=None"),
    "half a character in its name": ({"name": "\ud83d"}, BadInput, "name=.*without half characters"),
    "half a character in its instructions": ({"instructions": "\ud83d"}, BadInput, "instructions="),
    "a negative cap": ({"result_bytes": -1}, BadInput, "result_bytes=-1"),
}


@pytest.mark.parametrize("wrong", BAD_AGENTS)
def test_an_agent_that_cannot_work_is_refused_where_it_is_written(wrong: str) -> None:
    """Not in the middle of a run, and naming what is wrong."""
    described, error, words = BAD_AGENTS[wrong]
    with pytest.raises(error, match=words):
        Agent(**cast("dict[str, Any]", {"model": CANARY.model, **described}))


BAD_REQUESTS: dict[str, tuple[dict[str, Any], str]] = {
    "no agent": ({"agent": "local"}, r"agent='local': give an Agent"),
    "no prompt": ({"prompt": 7}, "7 is no prompt"),
    "a session": ({"session": ["s"]}, "session="),
    "a session that was not named": ({"session": ""}, "session='': give a text that is not empty"),
    "a key": ({"key": 7}, "key=7"),
    "a key that was not sent": ({"key": ""}, "key='': give a text that is not empty"),
    "half a character": ({"key": "\ud83d"}, "key=.*half characters"),
    "limits": ({"limits": {"turns": 3}}, "limits="),
    "messages": ({"messages": [{"role": "user"}]}, r"messages\[0\]"),
    "one message": ({"messages": user("hello")}, "messages=.*give a list of messages"),
}


@pytest.mark.parametrize("wrong", BAD_REQUESTS)
async def test_a_request_that_cannot_work_is_refused_before_anything_happens(wrong: str) -> None:
    """As an error of ours that names the argument; no run was started."""
    given, words = BAD_REQUESTS[wrong]
    async with Runtime() as runtime:
        with pytest.raises(BadInput, match=words) as caught:
            await runtime.start(**cast("dict[str, Any]", {"agent": CANARY, "prompt": "go", **given}))
        assert isinstance(caught.value, UsageError)
        assert runtime.runs == ()


async def test_one_agent_serves_a_thousand_runs_at_once() -> None:
    """None of them sees anything of another, and all complete."""

    async def answer(request: Any) -> Any:
        await asyncio.sleep(0)
        number = int(request.messages[0].text)
        return text(str(number * 2)) if len(request.messages) > 1 else call("add", a=number, b=number)

    shared = Agent(Scripted(answer, keep=0), tools=[add])
    async with Runtime() as runtime, asyncio.TaskGroup() as group:
        tasks = [group.create_task(runtime.run(shared, str(number))) for number in range(1_000)]
        await asyncio.sleep(0)
        assert len(runtime.runs) == 1_000
        results = [await task for task in tasks]
    assert [result.output for result in results] == [str(number * 2) for number in range(1_000)]
    assert len({result.run_id for result in results}) == 1_000
