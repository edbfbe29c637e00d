"""What may be asked of a runtime about the runs in its store, and what it says where it has none."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.bus.tasks import start
from loopbus.events import ApprovalDecided, ModelReplied, TextDelta, ToolFinished
from loopbus.runtime import Agent, BadInput, Runtime, RuntimeClosed
from loopbus.stores import Log, MemoryRows, NoSuchRun, RunInfo, StoreError
from loopbus.tools import tool

from ..faults.house import add, settle
from ..stores.story import started, whole
from .durable.processes import process

ADDER = Agent(Scripted([call("add", a=1, b=2), text("it is 3")], per_run=True), tools=[add], name="adder")
NEED_A_STORE: list[Callable[[Runtime], Coroutine[Any, Any, Any]]] = [
    lambda runtime: runtime.resume("r"),
    lambda runtime: runtime.recover(),
    lambda runtime: runtime.fork("r", at=1),
]


@tool(needs_approval=True)
async def refund(usd: int) -> str:
    """Refund."""
    return f"refunded {usd}"


REFUNDER = Agent(Scripted([call("refund", usd=1), text("done")], per_run=True), tools=[refund], name="refunder")


@pytest.mark.parametrize("ask", NEED_A_STORE)
async def test_what_needs_a_store_says_so(ask: Callable[[Runtime], Coroutine[Any, Any, Any]]) -> None:
    """And how to have one."""
    async with Runtime() as runtime:
        with pytest.raises(BadInput, match=r"needs a store; make the runtime with one: Runtime\(store="):
            await ask(runtime)


@pytest.mark.parametrize("store", [None, "memory://"])
async def test_what_is_no_name_is_refused_and_deletes_nothing(store: str | None) -> None:
    """None is no session: it would be that of all the runs that have none."""
    odd: Any
    door: Any
    async with Runtime(store=store) as runtime:
        run = await runtime.start(ADDER, "go")
        await run.result()
        for odd in (None, 7, b"run", ["run"]):
            for door in (runtime.get, runtime.delete, runtime.delete_session, runtime.replay, runtime.attach):
                with pytest.raises(BadInput, match=r"=.*: give "):
                    await door(odd)
        for odd in ("", "\ud800", "x" * 10_000):
            for start in ({"session": odd}, {"key": odd}):
                with pytest.raises(BadInput, match=f"{next(iter(start))}='.*: give a text that is not empty"):
                    await runtime.start(ADDER, "go", **start)
            with pytest.raises(BadInput, match="name="):
                await runtime.delete_session(odd)
            with pytest.raises(NoSuchRun):
                await runtime.get(odd)
            assert not await runtime.delete(odd)
        assert await runtime.get(run.id) is run


async def test_a_runtime_without_a_store_knows_the_runs_that_it_has() -> None:
    """And says of others that a store would have kept them."""
    async with Runtime() as runtime:
        run = await runtime.start(ADDER, "go")
        assert await runtime.get(run.id) is run
        assert [event async for event in runtime.attach(run.id)] == list(run.log)
        with pytest.raises(NoSuchRun, match="a store would keep it"):
            await runtime.get("another")
        with pytest.raises(NoSuchRun, match="a store would keep it"):
            runtime.attach("another")
        with pytest.raises(BadInput, match="needs a store"):
            _ = runtime.store


async def test_the_store_of_a_runtime_is_the_one_that_it_was_given() -> None:
    """Whoever gave it closes it."""
    log = Log(MemoryRows())
    async with Runtime(store=log) as runtime:
        assert runtime.store is log
        run = await runtime.start(ADDER, "go")
        await run.result()
    assert (await log.info(run.id)).status == "completed"


async def test_who_asks_for_a_run_at_once_gets_the_same() -> None:
    """Two of one run in a process would each drive it, and lock the other one out."""
    rows = MemoryRows()
    await Log(rows).append(started("r"))

    class Slow(Log):
        async def info(self, run_id: str) -> RunInfo:
            await asyncio.sleep(0)
            return await super().info(run_id)

    async with Runtime(store=Slow(rows), agents=[ADDER]) as runtime:
        one, other = [await asked for asked in [start(runtime.get("r"), name="ask") for _ in range(2)]]
        assert one is other


async def test_a_run_is_one_object_for_as_long_as_anybody_has_it() -> None:
    """While it goes on, when it is over, and when it was read from the store."""
    rows = MemoryRows()
    async with process(rows, agents=[ADDER]) as first, process(rows, agents=[ADDER]) as second:
        run = await first.runtime.start(ADDER, "go")
        assert first.runtime.find(run.id) is await first.runtime.get(run.id) is run
        await run.result()
        there = await second.runtime.get(run.id)
        assert there is await second.runtime.get(run.id)
        assert second.runtime.find(run.id) is None
        assert (there.log, there.agent, await there.result()) == (run.log, "adder", await run.result())


async def test_what_came_of_a_run_can_be_read_though_its_agent_is_not_known() -> None:
    """It is all in its log."""
    rows = MemoryRows()
    await Log(rows).append(whole("r", session="alice"))
    async with process(rows) as only:
        run = await only.runtime.get("r")
        assert (run.session, run.agent, (await run.result()).output) == ("alice", "clerk", "hello to you")


async def test_a_run_of_the_store_is_attached_to_from_any_place() -> None:
    """Whether it is over, goes on here, or goes on elsewhere; pieces of messages come where it is driven."""
    rows = MemoryRows()
    async with process(rows) as first, process(rows) as second:
        run = await first.runtime.start(ADDER, "go")
        pieces = [event async for event in first.runtime.attach(run.id, after=3, ephemeral=True)]
        assert [event for event in pieces if event.durable] == list(run.log[3:])
        assert any(isinstance(event, TextDelta) for event in pieces)
        for after in (0, 3, len(run.log) - 1):
            seen = [event async for event in second.runtime.attach(run.id, after=after)]
            assert seen == list(run.log[after:])
        with pytest.raises(NoSuchRun):
            await anext(second.runtime.attach("another"))


async def test_those_runs_are_recovered_that_can_go_on_here(caplog: pytest.LogCaptureFixture) -> None:
    """Not those that are over, wait for people, go on already, or have an agent that is not known."""
    rows = MemoryRows()
    await Log(rows).append(whole("over"))
    await Log(rows).append(started("strange"))
    async with process(rows, agents=[ADDER]) as only:
        runtime = only.runtime
        waiting = await runtime.start(REFUNDER, "go")
        await settle(lambda: not runtime.runs)
        await _left(runtime, ADDER)
        driven = await runtime.start(ADDER, "go")
        (recovered,) = await runtime.recover()
        assert recovered not in (waiting, driven)
        assert (await recovered.result()).output == "it is 3"
        assert "run strange was not recovered: no agent called 'clerk' is known here" in caplog.text
        assert (waiting.status, (await driven.result()).output) == (None, "it is 3")
        assert await runtime.recover() == []


async def _left(runtime: Runtime, agent: Agent) -> None:
    """Leave one run behind in the middle."""
    left: list[str] = []

    @runtime.derive(ModelReplied)
    def leave(event: ModelReplied) -> None:
        if not left:
            left.append(event.run_id)
            runtime.runs[-1].leave("it is to be recovered")

    await runtime.start(agent, "go")
    await settle(lambda: not runtime.runs)


async def test_every_page_of_unfinished_runs_is_recovered(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are."""
    monkeypatch.setattr("loopbus.runtime.durable.unfinished._PAGE", 2)
    clerk = Agent(Scripted(["hello"] * 5), name="clerk")
    rows = MemoryRows()
    for number in range(5):
        await Log(rows).append(started(f"r{number}"))
    async with process(rows, agents=[clerk]) as only:
        recovered = await only.runtime.recover()
        assert {run.id for run in recovered} == {f"r{number}" for number in range(5)}
        for run in recovered:
            assert (await run.result()).output == "hello"


async def test_a_decision_by_the_ids_of_run_and_call() -> None:
    """As from a web hook, which has nothing else."""
    async with process(MemoryRows()) as only:
        run_id = (await only.runtime.start(REFUNDER, "go")).id
        await settle(lambda: not only.runtime.runs)
        (call_id,) = (await only.runtime.get(run_id)).state.waiting
        run = await only.runtime.decide(
            run_id, call_id, approve=True, author="bob", reason="it broke", arguments={"usd": 2}
        )
        await run.result()
        (decided,) = [event for event in run.log if isinstance(event, ApprovalDecided)]
        (finished,) = [event for event in run.log if isinstance(event, ToolFinished)]
        assert (decided.author, decided.reason, finished.output) == ("bob", "it broke", "refunded 2")


@pytest.mark.parametrize("asked", ["resume", "recover", "fork"])
async def test_a_runtime_that_is_not_open_drives_nothing(asked: str) -> None:
    """Nobody there would keep its leases, or end it."""
    runtime = Runtime(store="memory://")
    more: dict[str, Any] = {"at": 1} if asked == "fork" else {}
    with pytest.raises(RuntimeClosed, match="not open yet"):
        await getattr(runtime, asked)(*([] if asked == "recover" else ["run"]), **more)


async def test_a_store_that_cannot_be_used_is_told_when_the_runtime_is_opened(tmp_path: Path) -> None:
    """And not by the first run, which may come long after; nothing is left open."""
    runtime = Runtime(store=f"sqlite:///{tmp_path}/nowhere/runs.db")
    with pytest.raises(StoreError, match="nowhere"):
        await runtime.open()
    with pytest.raises(RuntimeClosed):
        await runtime.start(Agent(Scripted([text("hi")])), "go")
