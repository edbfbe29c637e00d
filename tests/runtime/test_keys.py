"""The same idempotency key gives the same run, so that a request that is sent twice is served once."""

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.events import RunStarted
from loopbus.runtime import Agent, KeyReused, Run
from loopbus.runtime.keys import Keys

from ..faults.house import agent, house
from ..faults.misbehaving import Gate, waiting


async def test_a_request_that_is_repeated_finds_its_run() -> None:
    """While that goes on and when it is over; the model is asked once, and the log knows the key."""
    model = Scripted(["once"])
    once = Agent(model)
    async with house() as tested:
        run = await tested.start(once, "hello", session="alice", key="req-1")
        assert await tested.start(once, "hello", session="alice", key="req-1") is run
        await run.result()
        assert await tested.start(once, "hello", session="alice", key="req-1") is run
    assert model.asked == 1
    first = run.log[0]
    assert isinstance(first, RunStarted)
    assert first.key == "req-1"


async def test_a_run_that_holds_its_session_is_found_and_not_refused() -> None:
    """The repeated request is the same one, so its session is not busy for it."""
    gate = Gate()
    async with house() as tested:
        slow = agent(call("wait"), text("done"), tools=[waiting(gate)])
        run = await tested.start(slow, session="alice", key="req-1")
        await gate.reached.wait()
        assert await tested.start(slow, session="alice", key="req-1") is run
        gate.open.set()
        await run.result()


@pytest.mark.parametrize("other", ["prompt", "session", "agent"])
async def test_a_key_with_another_request_is_a_mistake(other: str) -> None:
    """Whoever sent it would be given an answer to a question that it did not ask; nothing is started."""
    async with house() as tested:
        run = await tested.start(agent(text("yes")), "hello", session="alice", key="req-1")
        await run.result()
        with pytest.raises(KeyReused, match=f"'req-1' belongs to run {run.id}, which was started with another request"):
            await tested.start(
                agent(text("yes"), name="other" if other == "agent" else "agent"),
                "bye" if other == "prompt" else "hello",
                session="bob" if other == "session" else "alice",
                key="req-1",
            )
        assert tested.runtime.runs == ()
        assert (await tested.outcome(agent(text("free")), session="bob")).output == "free"


async def test_runs_without_a_key_are_all_their_own() -> None:
    """However alike they are."""
    async with house() as tested:
        alike = agent(text("yes"), scripted={"per_run": True})
        first, second = await tested.start(alike), await tested.start(alike)
        assert first.id != second.id


def first_of(run: Run) -> RunStarted:
    """What a run began with."""
    first = run.log[0]
    assert isinstance(first, RunStarted)
    return first


async def test_only_so_many_keys_are_remembered_and_no_run_that_goes_on_is_forgotten() -> None:
    """The oldest finished one goes; were it a live one, a repeated request would start it again beside itself."""
    gate = Gate()
    async with house() as tested:
        runs: list[Run] = [await tested.start(agent(call("wait"), text("done"), tools=[waiting(gate)]))]
        for _ in range(3):
            run = await tested.start(agent(text("yes")))
            await run.result()
            runs.append(run)
        keys = Keys(capacity=2)
        for place, run in enumerate(runs):
            keys.remember(f"key-{place}", first_of(run), run)
        found = [keys.find(f"key-{place}") for place in range(4)]
        assert found == [(first_of(runs[0]), runs[0]), None, None, (first_of(runs[3]), runs[3])]
        gate.open.set()
        await runs[0].result()


async def test_while_every_known_run_goes_on_none_is_forgotten() -> None:
    """The bound gives way, not the promise."""
    gate = Gate()
    async with house() as tested:
        keys, runs = Keys(capacity=1), list[Run]()
        for place in range(3):
            runs.append(await tested.start(agent(call("wait"), text("done"), tools=[waiting(gate)])))
            keys.remember(f"key-{place}", first_of(runs[-1]), runs[-1])
        assert [keys.find(f"key-{place}") for place in range(3)] == [(first_of(run), run) for run in runs]
        gate.open.set()
        for run in runs:
            await run.result()
