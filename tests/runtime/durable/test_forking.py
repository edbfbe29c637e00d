"""A fork has the first events of another run and goes its own way, wherever it begins and whatever is changed."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import chain, combinations, product
from typing import Any

import pytest

from loopbus.backends import Request, Scripted, call, text
from loopbus.bus import dump
from loopbus.events import Event, ModelRequested, RunForked, ToolCall, ToolFinished
from loopbus.events.state import replay
from loopbus.runtime import Agent, BadInput, Run, Runtime, SessionBusy, UnknownAgent
from loopbus.stores import Log, MemoryRows, NoSuchRun, StoreFull, StoreMisused, export_run, import_run

from ...faults.house import add, settle
from ...faults.invariants import check_run
from ...faults.misbehaving import Gate, waiting
from .processes import Process, logged, names, only_run, process

LEASE_S = 31.0


def answer(request: Request) -> Any:
    """What the model says: two sums at once, then one that is wrong, then what they are; told from its own words."""
    said = sum(message.role == "assistant" for message in request.messages)
    return [[call("add", a=17, b=25), call("add", a=42, b=1)], call("add", a=1), text("42 and 43")][min(said, 2)]


ADDER = Agent(Scripted(answer), tools=[add], name="adder")
M2 = Scripted(lambda request: text("I am another."), model="m2")
OTHER = Agent(M2, name="other")


async def sums(only: Process) -> Run:
    """The run that is forked here."""
    run = await only.runtime.start(ADDER, "What is 17 + 25, and 42 + 1?", session="alice", key="k")
    assert (await run.result()).output == "42 and 43"
    return run


def open_calls(log: Sequence[Event]) -> tuple[ToolCall, ...]:
    """The calls that have no result at the end of a log."""
    return replay(log).transcript.open_calls()


def subsets(calls: Sequence[ToolCall]) -> chain[tuple[ToolCall, ...]]:
    """Every choice of them."""
    return chain.from_iterable(combinations(calls, count) for count in range(len(calls) + 1))


def kept(rows: MemoryRows, run_id: str) -> list[Any]:
    """The rows that a store has for a run."""
    return list(rows._runs[run_id].rows)  # pyright: ignore[reportPrivateUsage]


def same(event: Event) -> dict[str, Any]:
    """An event but for whose it is."""
    return {name: value for name, value in dump(event).items() if name != "run_id"}


async def test_a_run_can_be_forked_at_each_of_its_events_with_every_kind_of_edit() -> None:
    """Each fork ends well and is proven, shares its first events by reference, and leaves the source as it was."""
    rows, forks = MemoryRows(), 0
    async with process(rows) as only:
        source = await sums(only)
        before, info = kept(rows, source.id), await only.line.info(source.id)
        for at in range(1, len(source.log)):
            for answered, message, model in product(
                subsets(open_calls(source.log[:at])), (None, "and quick"), (None, M2)
            ):
                results = {each.call_id: f"said {each.call_id}" for each in answered}
                if model is not None and isinstance(source.log[at - 1], ModelRequested):
                    with pytest.raises(BadInput, match=rf"at={at}: model 'scripted' has been asked .* at={at - 1}$"):
                        await only.runtime.fork(source.id, at=at, model=model)
                    continue
                fork = await only.runtime.fork(source.id, at=at, results=results, message=message, model=model)
                assert (await fork.outcome()).status == "completed"
                await check_run(fork)
                _check_shared(fork, source, at)
                assert all(mine is its for mine, its in zip(kept(rows, fork.id)[:at], before, strict=False))
                _check_edits(fork, at, results, message, model)
                assert (await only.line.verify(fork.id)).events == len(fork.log)
                forked_by = replace(ADDER, model=model or ADDER.model)
                assert await only.runtime.replay(fork.id, agent=forked_by) == await fork.outcome()
                forks += 1
        assert kept(rows, source.id) == before
        assert await only.line.info(source.id) == info
    assert forks > 4 * len(source.log)


def _check_shared(fork: Run, source: Run, at: int) -> None:
    assert list(map(same, fork.log[:at])) == list(map(same, source.log[:at]))
    forked = fork.log[at]
    assert isinstance(forked, RunForked)
    assert forked.source == source.id


def _check_edits(fork: Run, at: int, results: dict[str, str], message: str | None, model: object) -> None:
    own = fork.log[at:]
    finished = {event.call_id: event for event in own if isinstance(event, ToolFinished)}
    for call_id, result in results.items():
        assert (finished[call_id].outcome, finished[call_id].output) == ("ok", result)
    assert (message in [each.text for each in fork.state.messages]) == (message is not None)
    asked = {event.model for event in own if isinstance(event, ModelRequested)}
    assert asked <= {"scripted" if model is None else "m2"}
    forked = own[0]
    assert isinstance(forked, RunForked)
    words = ["model m2"] if model is not None else []
    said = ["message"] if message is not None else []
    assert list(forked.edits) == [*words, *(f"result of {call_id}" for call_id in results), *said]


async def test_a_call_that_was_started_before_the_fork_is_not_made_again() -> None:
    """It was made once, in the source; the fork does not know what came of it, and one that had not begun is made."""
    async with process(MemoryRows()) as only:
        source = await sums(only)
        at = names(source.log).index("ToolStarted") + 1
        fork = await only.runtime.fork(source.id, at=at)
        await fork.result()
        outcomes = [event.outcome for event in fork.log if isinstance(event, ToolFinished)]
        assert sorted(outcomes[:2]) == ["ok", "unknown"]


async def test_another_agent_goes_on_also_where_the_fork_is_resumed() -> None:
    """The store knows whose run it is, so that a process which recovers it finds the right agent."""
    rows, gate = MemoryRows(), Gate()
    slow = Agent(Scripted([call("wait"), text("slow")], per_run=True), tools=[waiting(gate)], name="slow")
    async with process(rows) as first:
        source = await sums(first)
        fork = await first.runtime.fork(source.id, at=3, agent=slow)
        await gate.reached.wait()
        assert (fork.agent, (await first.line.info(fork.id)).agent) == ("slow", "slow")
        (forked,) = [event for event in fork.log if isinstance(event, RunForked)]
        assert forked.edits == ("agent slow",)
    gate.open.set()
    async with process(rows, agents=[ADDER, slow]) as second:
        (again,) = await second.runtime.recover()
        assert (again.id, again.agent) == (fork.id, "slow")
        assert (await again.result()).output == "slow"
        await check_run(again)


async def test_a_fork_has_neither_the_key_nor_the_session_of_its_source() -> None:
    """A repeated request finds the source, and the session's conversation is the source's; so after a restart."""
    rows = MemoryRows()
    async with process(rows) as first:
        source = await sums(first)
        fork = await first.runtime.fork(source.id, at=5, message="go on")
        await fork.result()
        named = await first.runtime.fork(source.id, at=5, session="bob")
        await named.result()
    async with process(rows) as second:
        there = [await second.runtime.get(run.id) for run in (source, fork, named)]
        assert (
            [run.session for run in there] == [run.session for run in (source, fork, named)] == ["alice", None, "bob"]
        )
        assert [info.key for info in await second.line.runs()] == [None, None, "k"]
        assert (
            await second.runtime.start(ADDER, "What is 17 + 25, and 42 + 1?", session="alice", key="k")
        ).id == source.id
        on = await second.runtime.start(OTHER, "and?", session="bob")
        assert (await on.result()).messages[:-2] == tuple(named.state.messages)


async def test_a_fork_into_a_session_that_a_run_has_is_refused() -> None:
    """Two runs never have one session; nothing is left of the fork."""
    async with process(MemoryRows()) as only:
        source, gate = await sums(only), Gate()
        busy = Agent(Scripted([call("wait"), text("done")], per_run=True), tools=[waiting(gate)])
        run = await only.runtime.start(busy, "go", session="alice")
        with pytest.raises(SessionBusy, match=rf"session 'alice' is in use by run {run.id}"):
            await only.runtime.fork(source.id, at=5, session="alice")
        assert {info.run_id for info in await only.line.runs()} == {source.id, run.id}
        gate.open.set()
        await run.result()
        assert (await (await only.runtime.fork(source.id, at=5, session="alice")).result()).output == "42 and 43"


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"at": 99}, StoreMisused, "at=99: run .* has the events 1 to"),
    ({"at": 0}, StoreMisused, "at=0: run .* has the events 1 to"),
    ({"at": -1}, BadInput, r"at=\d+: the run is over there; fork it at an earlier event, such as at="),
    ({"at": "5"}, BadInput, "at='5': give the seq of an event"),
    (
        {"at": 5, "results": {"9.0": "no"}},
        BadInput,
        r"results: call '9.0' is not open after event 5 \(open: 3.0, 3.1\)",
    ),
    ({"at": 2, "results": {"3.0": "no"}}, BadInput, r"is not open after event 2 \(open: none\)"),
    ({"at": 5, "results": {"3.0": object()}}, BadInput, "output"),
    ({"at": 5, "results": ["3.0"]}, BadInput, r"results=\['3.0'\]: give results by the ids of their calls"),
    ({"at": 5, "agent": "adder"}, BadInput, "agent='adder': give an Agent"),
    ({"at": 5, "session": ""}, BadInput, "session=''"),
]


@pytest.mark.parametrize(("wrong", "error", "words"), REFUSED)
async def test_a_fork_that_cannot_be_leaves_nothing_behind(
    wrong: dict[str, Any], error: type[Exception], words: str
) -> None:
    """No run, no lease, no task; the message says what is wrong and what could be."""
    rows = MemoryRows()
    async with process(rows) as only:
        source = await sums(only)
        given = dict(wrong)
        if given["at"] == -1:
            given["at"] = len(source.log)
        tasks = asyncio.all_tasks()
        with pytest.raises(error, match=words):
            await only.runtime.fork(source.id, **given)
        assert await only_run(rows) == source.id
        assert rows._leases.keys() <= {source.id, "session alice"}  # pyright: ignore[reportPrivateUsage]
        await settle(lambda: asyncio.all_tasks() == tasks)
        assert only.runtime.runs == ()


async def test_a_run_or_an_agent_that_is_not_known_is_not_forked() -> None:
    """The errors are those of resuming."""
    rows = MemoryRows()
    async with process(rows) as first:
        source = await sums(first)
    async with process(rows) as second:
        with pytest.raises(NoSuchRun):
            await second.runtime.fork("nobody", at=1)
        with pytest.raises(UnknownAgent, match="no agent called 'adder' is known here"):
            await second.runtime.fork(source.id, at=3)
        assert await only_run(rows) == source.id


async def test_a_fork_whose_beginning_cannot_be_recorded_is_none() -> None:
    """Its caller is told by the store, and nothing of it stays there."""
    rows = MemoryRows()
    async with process(rows) as only:
        source = await sums(only)
        only.line.refusals = [StoreFull("no space")]
        with pytest.raises(StoreFull):
            await only.runtime.fork(source.id, at=5)
        assert await only_run(rows) == source.id


async def test_a_fork_that_is_cancelled_while_it_begins_does_not_go_on() -> None:
    """Nobody knows of it."""
    rows = MemoryRows()
    async with process(rows) as only:
        source = await sums(only)
        only.line.clear.clear()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await only.runtime.fork(source.id, at=5)
        only.line.clear.set()
        (fork, _) = await only.line.runs()
        run = await only.runtime.get(fork.run_id)
        assert (await run.outcome()).status == "cancelled"
        await check_run(run)


async def test_a_fork_whose_process_died_at_once_is_deleted_and_not_driven() -> None:
    """Nothing says what is different in it: it would do what the source has done. One that is being made stays."""
    rows, source_id = MemoryRows(), ""
    async with process(rows) as first:
        source_id = (await sums(first)).id
        lease = await Log(rows).claim("half", "a process that dies")
        await Log(rows).fork(source_id, "half", at=4, session="bob", token=lease.token)
    async with process(rows, agents=[ADDER]) as second:
        assert await second.runtime.recover() == []
        assert {info.run_id for info in await second.line.runs()} == {"half", source_id}
        await Log(rows).release(lease)
        assert await second.runtime.recover() == []
        assert await only_run(rows) == source_id
        assert "half" not in rows._leases  # pyright: ignore[reportPrivateUsage]


async def test_a_fork_that_somebody_here_has_is_not_taken_for_a_dead_one() -> None:
    """While it is made, in this very process, another task of it recovers runs."""
    rows = MemoryRows()
    async with process(rows, agents=[ADDER]) as only:
        source = await sums(only)
        only.line.clear.clear()
        async with asyncio.TaskGroup() as group:
            forking = group.create_task(only.runtime.fork(source.id, at=5))
            await settle(lambda: len(rows._runs) == 2)  # pyright: ignore[reportPrivateUsage]
            assert await only.runtime.recover() == []
            only.line.clear.set()
        assert (await forking.result().result()).output == "42 and 43"


async def test_a_fork_that_says_what_it_is_meanwhile_is_left_alone() -> None:
    """It stood still between its first two writes; and one that its maker has deleted meanwhile is no error."""
    rows = MemoryRows()

    class Slow(Log):
        to_do: list[str] = []  # noqa: RUF012 - for one test

        async def claim(self, run_id: str, holder: str, *, ttl_s: float = 30.0) -> Any:
            if run_id == "half" and self.to_do == ["delete"]:
                await self.delete("half")
            elif run_id == "half" and self.to_do == ["go on"]:
                event = RunForked(source="s").model_copy(update={"run_id": "half", "seq": 5, "at": 1.0, "cause": 4})
                await self.append([event])
            return await super().claim(run_id, holder, ttl_s=ttl_s)

    async with process(rows) as first:
        source_id = (await sums(first)).id
    async with Runtime(store=Slow(rows)) as runtime:
        for to_do, left in (("go on", {"half", source_id}), ("delete", {source_id})):
            Slow.to_do = [to_do]
            await Log(rows).delete("half")
            await Log(rows).fork(source_id, "half", at=4)
            await runtime.recover()
            assert {info.run_id for info in await runtime.store.runs()} == left
        assert rows._leases.get("half") is None  # pyright: ignore[reportPrivateUsage]


async def test_what_was_imported_can_be_replayed_forked_and_resumed() -> None:
    """A run out of another store is a run like any other."""
    rows, other, gate = MemoryRows(), MemoryRows(), Gate()
    slow = Agent(Scripted([call("wait"), text("slow")], per_run=True), tools=[waiting(gate)], name="slow")
    async with process(rows) as first:
        done, left = await sums(first), await first.runtime.start(slow, "go", session="bob")
        await gate.reached.wait()
        await settle(lambda: not left.journal.unrecorded)
        for run in (done, left):
            async with aclosing(export_run(first.line, run.id)) as lines:
                assert await import_run(Log(other), lines) == run.id
    async with process(other, agents=[ADDER, slow]) as second:
        assert await second.runtime.replay(done.id) == await done.outcome()
        fork = await second.runtime.fork(done.id, at=6, message="and quick")
        assert (await fork.result()).output == "42 and 43"
        await check_run(fork)
        again = await second.runtime.resume(left.id)
        assert (await again.result()).output == "slow"
        assert (again.session, (await second.line.info(left.id)).session) == ("bob", "bob")
        await check_run(again)
        async with aclosing(export_run(second.line, fork.id)) as lines:
            text_lines = [line async for line in lines]
        assert await import_run(Log(rows), text_lines) == fork.id
    assert list(map(same, (await logged(rows, fork.id))[1:])) == list(map(same, fork.log[1:]))
