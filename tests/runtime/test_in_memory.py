"""Runs of a runtime without a store: who has a session, who waits for it, and what is forgotten."""

import asyncio
from typing import Any

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.events import ModelReplied, RunStarted
from loopbus.runtime import Agent, BadInput, Run, Runtime, SessionBusy

from ..faults.house import house
from ..faults.misbehaving import Gate, waiting

CLERK = Agent(Scripted(lambda request: text(f"{len(request.messages)} heard")), name="clerk")


def at_a_gate(gate: Gate) -> Agent:
    """An agent whose one tool waits at a gate."""
    return Agent(Scripted([call("wait"), text("done")], per_run=True), tools=[waiting(gate)], name="waiter")


def told(run: Run) -> list[str]:
    """The conversation that a run was told when it began."""
    first = run.log[0]
    assert isinstance(first, RunStarted)
    return [message.text for message in first.history]


async def said(runtime: Runtime, words: str, **options: Any) -> Run:
    """A run that is over."""
    run = await runtime.start(CLERK, words, **options)
    await run.result()
    return run


# --- sessions ---


async def test_those_that_queue_are_served_in_their_order_and_one_that_gives_up_leaves_no_trace() -> None:
    """Each is told what all before it have said; nobody is let in between."""
    gate = Gate()
    async with house() as tested:
        runtime = tested.runtime
        first = await tested.start(at_a_gate(gate), session="alice")
        await gate.reached.wait()
        async with asyncio.TaskGroup() as group:
            starts = [
                group.create_task(tested.start(CLERK, f"{place}", session="alice", if_busy="queue"))
                for place in range(4)
            ]
            await asyncio.sleep(0)
            starts[1].cancel()
            await asyncio.sleep(0)
            with pytest.raises(SessionBusy, match=rf"'alice' is in use by run {first.id}"):
                await runtime.start(CLERK, "now", session="alice")
            assert runtime.runs == (first,)
            gate.open.set()
        runs = [start.result() for start in starts if not start.cancelled()]
        for run in runs:
            await run.result()
        assert [told(run)[4::2] for run in runs] == [[], ["0"], ["0", "2"]]
        assert starts[1].cancelled()


async def test_a_repeated_request_that_queues_is_one_run() -> None:
    """The second of them gets the run of the first when that has begun."""
    gate = Gate()
    async with house() as tested:
        await tested.start(at_a_gate(gate), session="alice")
        await gate.reached.wait()
        async with asyncio.TaskGroup() as group:
            starts = [
                group.create_task(tested.start(CLERK, "next", session="alice", if_busy="queue", key="k"))
                for _ in range(2)
            ]
            await asyncio.sleep(0)
            gate.open.set()
        assert starts[0].result() is starts[1].result()


async def test_a_branch_of_a_session_has_its_conversation_and_a_name_of_its_own() -> None:
    """The run that has the session is not disturbed; a repeated request finds the branch."""
    gate = Gate()
    async with house() as tested:
        await tested.outcome(CLERK, "one", session="alice")
        asked = await tested.start(at_a_gate(gate), "two", session="alice")
        await gate.reached.wait()
        branch = await tested.start(CLERK, "beside", session="alice", if_busy="fork", key="k")
        assert (branch.session, told(branch)) == (f"alice/{branch.id}", ["one", "1 heard"])
        assert await tested.start(CLERK, "beside", session="alice", if_busy="fork", key="k") is branch
        gate.open.set()
        await asked.result()
        await branch.result()
        assert told(await tested.start(CLERK, "on", session=branch.session)) == ["one", "1 heard", "beside", "3 heard"]


async def test_a_session_that_somebody_else_has_taken_is_not_waited_for() -> None:
    """There is no run whose end could be waited for."""
    async with Runtime() as runtime:
        runtime.sessions.take("alice", "nobody")
        with pytest.raises(SessionBusy, match="in use by run nobody"):
            await runtime.start(CLERK, "go", session="alice", if_busy="queue")


# --- what is deleted ---


async def test_a_run_that_is_deleted_is_forgotten_with_its_key() -> None:
    """Subscribers are told; what was never here is nothing to delete."""
    forgotten: list[str] = []

    class Keeps:
        hears = (ModelReplied,)

        def __call__(self, event: ModelReplied) -> None:
            pass

        async def forget(self, run_id: str) -> None:
            forgotten.append(run_id)

    async with Runtime(subscribers=[Keeps()]) as runtime:
        run = await said(runtime, "hi", key="k")
        other = await said(runtime, "other", key="other")
        assert await runtime.delete(run.id)
        assert (runtime.find(run.id), runtime.find(other.id)) == (None, other)
        assert (await said(runtime, "hi", key="k")).id != run.id
        assert await runtime.start(CLERK, "other", key="other") is other
        assert not await runtime.delete("nobody")
        assert forgotten == [run.id, "nobody"]


async def test_a_run_that_goes_on_is_stopped_and_its_session_never_hears_of_it() -> None:
    """Neither whoever waits for the session, nor who comes later; the run cannot give it back once more."""
    gate = Gate()
    async with house() as tested:
        runtime = tested.runtime
        await tested.outcome(CLERK, "one", session="alice")
        run = await tested.start(at_a_gate(gate), "secret", session="alice")
        await gate.reached.wait()
        async with asyncio.TaskGroup() as group:
            queued = group.create_task(tested.start(CLERK, "two", session="alice", if_busy="queue"))
            await asyncio.sleep(0)
            assert await runtime.delete(run.id)
        assert ((await run.outcome()).status, runtime.find(run.id)) == ("cancelled", None)
        assert told(queued.result()) == ["one", "1 heard"]
        await queued.result().result()
        assert told(await tested.start(CLERK, "three", session="alice")) == ["one", "1 heard", "two", "3 heard"]


async def test_a_conversation_without_its_last_run_is_that_of_the_run_before() -> None:
    """As with a store; what later runs were told stays theirs, and what nobody remembers is gone."""
    async with Runtime() as runtime:
        runs = [await said(runtime, f"{place}", session="alice") for place in range(4)]
        other = await said(runtime, "mine", session="bob")
        for place, left in ((1, 8), (3, 6), (2, 2), (0, 0)):
            assert await runtime.delete(runs[place].id)
            assert len(runtime.sessions.messages("alice")) == left
        assert len(runtime.sessions.messages("bob")) == 2
        assert runtime.find(other.id) is other


async def test_a_conversation_that_was_forgotten_does_not_come_back() -> None:
    """The run before had said it to another one."""
    async with Runtime() as runtime:
        await said(runtime, "secret", session="alice")
        runtime.sessions.forget("alice")
        run = await said(runtime, "hi", session="alice")
        await runtime.delete(run.id)
        assert runtime.sessions.messages("alice") == ()


async def test_a_session_is_deleted_with_all_its_runs() -> None:
    """Those that are over, and the one that goes on; also those that only a key remembers."""
    gate = Gate()
    async with Runtime() as runtime:
        for place in range(2):
            await said(runtime, "secret", session="alice", key=f"{place}")
        runtime._roll._finished.popitem()  # pyright: ignore[reportPrivateUsage] - as if many others had ended since
        other = await said(runtime, "mine", session="bob")
        run = await runtime.start(at_a_gate(gate), "go", session="alice")
        await gate.reached.wait()
        assert await runtime.delete_session("alice") == 3
        assert (await run.outcome()).status == "cancelled"
        assert (runtime.runs, runtime.find(other.id), runtime.sessions.messages("alice")) == ((), other, ())
        assert told(await said(runtime, "secret", session="alice", key="0")) == []
        assert await runtime.delete_session("nobody") == 0


async def test_runs_that_ended_long_ago_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    """And none that goes on."""
    gate = Gate()
    async with Runtime() as runtime:
        old = await said(runtime, "one")
        run = await runtime.start(at_a_gate(gate), "go")
        assert await runtime.expire(older_than_s=60) == 0
        ended = old.log[-1].at
        monkeypatch.setattr("loopbus.runtime.deleting.time.time", lambda: ended + 61)
        assert await runtime.expire(older_than_s=60) == 1
        assert (runtime.find(old.id), runtime.find(run.id)) == (None, run)
        with pytest.raises(BadInput, match="older_than_s='60'"):
            await runtime.expire(older_than_s="60")  # pyright: ignore[reportArgumentType] - what the test is about
        gate.open.set()
        await run.result()
