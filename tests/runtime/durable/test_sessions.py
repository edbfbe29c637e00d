"""Named conversations and keys over one store: whichever process a run is in, it is the only one of its session."""

import asyncio
from typing import Any

import pytest

from loopbus.backends import Request, Scripted, call, text
from loopbus.events import RunStarted, user
from loopbus.runtime import Agent, KeyReused, Run, RunElsewhere, RunLeft, RunResult, Runtime, SessionBusy
from loopbus.stores import Lease, Log, MemoryRows, RunInfo
from loopbus.tools import tool

from ...faults.house import add, settle
from ...faults.invariants import check_balanced, check_run
from ...faults.misbehaving import Gate, waiting
from .processes import Clock, Line, Process, only_run, process

LEASE_S = 31.0
CLERK = Agent(Scripted(lambda request: text(f"{len(request.messages)} heard")), name="clerk")


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a lease that somebody else has."""
    monkeypatch.setattr("loopbus.runtime.durable.shelf.PATIENCE_S", 0.0)
    monkeypatch.setattr("loopbus.runtime.durable.sessions._PATIENCE_S", 0.0)
    monkeypatch.setattr("loopbus.runtime.durable.leases._LOOK_S", 0.0)


def at_a_gate(gate: Gate) -> Agent:
    """An agent whose one tool waits at a gate."""
    return Agent(Scripted([call("wait"), text("done")], per_run=True), tools=[waiting(gate)], name="waiter")


def first_of(run: Run) -> RunStarted:
    """What a run began with."""
    first = run.log[0]
    assert isinstance(first, RunStarted)
    return first


# --- keys ---


async def test_of_two_processes_that_start_with_one_key_at_once_one_does() -> None:
    """Both have looked and found no such run; the store decides, both get that run, and nothing of the other stays."""
    rows = MemoryRows()
    async with process(rows) as first, process(rows) as second:
        for each in (first, second):
            each.line.clear.clear()
        async with asyncio.TaskGroup() as group:
            starts = [group.create_task(each.runtime.start(CLERK, "hi", key="k")) for each in (first, second)]
            await settle(lambda: first.line.tried and second.line.tried)
            for each in (first, second):
                each.line.clear.set()
        runs = [start.result() for start in starts]
        assert {run.id for run in runs} == {await only_run(rows)}
        assert [(await run.result()).output for run in runs] == ["1 heard", "1 heard"]
        assert runs[0].log == runs[1].log
        await check_run(runs[0])
        await settle(lambda: rows._leases.keys() == {runs[0].id})  # pyright: ignore[reportPrivateUsage]


async def test_one_process_that_starts_twice_with_one_key_at_once_has_one_run() -> None:
    """Also in a session, which is not busy for the very request that has it."""
    rows, gate = MemoryRows(), Gate()
    async with process(rows) as only:
        agent = at_a_gate(gate)
        for if_busy in ("reject", "queue"):
            async with asyncio.TaskGroup() as group:
                starts = [
                    group.create_task(only.runtime.start(agent, "hi", session=if_busy, if_busy=if_busy, key=if_busy))
                    for _ in range(3)
                ]
            assert len({start.result() for start in starts}) == 1
        assert len(await only.line.runs()) == 2
        gate.open.set()


async def test_a_repeated_request_goes_on_with_the_run_of_a_process_that_died() -> None:
    """What it had done is done; while its lease lasts, the run is only watched."""
    rows, gate, clock = MemoryRows(clock=(clock := Clock())), Gate(), clock
    died = Process(rows)
    await died.runtime.open()
    run = await died.runtime.start(at_a_gate(gate), "hi", session="alice", key="k")
    await gate.reached.wait()
    await settle(lambda: not run.journal.unrecorded)
    await died.crash()
    gate.open.set()
    async with process(rows) as living:
        again = await living.runtime.start(at_a_gate(gate), "hi", session="alice", key="k")
        assert (again.id, living.runtime.runs) == (run.id, ())
        clock.now += LEASE_S
        assert await living.runtime.start(at_a_gate(gate), "hi", session="alice", key="k") is again
        assert (await again.result()).output == "done"
        await check_run(again)


async def test_another_request_under_the_key_is_refused_by_every_process() -> None:
    """Whoever sent it would be given an answer to a question that it did not ask."""
    rows = MemoryRows()
    async with process(rows) as first, process(rows) as second:
        run = await first.runtime.start(CLERK, "hi", key="k", messages=[user("one"), user("two")])
        await run.result()
        same = await second.runtime.start(CLERK, "hi", key="k", messages=[user("one"), user("two")])
        assert same.id == run.id
        for prompt, messages in (("bye", ["one", "two"]), ("hi", []), ("hi", ["two"]), ("hi", ["two", "one"])):
            with pytest.raises(KeyReused, match=f"'k' belongs to run {run.id}"):
                await second.runtime.start(CLERK, prompt, key="k", messages=list(map(user, messages)))
        assert await only_run(rows) == run.id


# --- one run at a time ---


async def test_a_conversation_goes_on_in_another_process_with_the_agent_given_there() -> None:
    """The next run is told what was said, tools and all, and does what its own agent can do."""
    rows, told = MemoryRows(), list[list[str]]()

    def answer(request: Request) -> Any:
        told.append([message.role for message in request.messages])
        return call("add", a=1, b=2) if request.messages[-1].role == "user" else text("3")

    async def once() -> tuple[Run, RunResult[Any]]:
        async with process(rows) as only:
            agent = Agent(Scripted(answer), tools=[add], name="adder")
            run = await only.runtime.start(agent, "1 + 2", session="alice")
            result = await run.result()
            check_balanced(result.messages)
            return run, result

    await once()
    run, result = await once()
    assert told[2] == ["user", "assistant", "tool", "assistant", "user"]
    assert len(first_of(run).history) == 4
    assert (run.session, result.messages[:4]) == ("alice", first_of(run).history)


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_session_that_a_run_has_is_refused_to_others(elsewhere: bool) -> None:
    """At once, also while somebody else waits for it; the message says who has it, and nothing was begun."""
    rows, gate = MemoryRows(), Gate()
    async with process(rows) as first, process(rows) as second:
        run = await first.runtime.start(at_a_gate(gate), "go", session="alice")
        await gate.reached.wait()
        other = (second if elsewhere else first).runtime
        async with asyncio.TaskGroup() as group:
            queued = group.create_task(other.start(CLERK, "next", session="alice", if_busy="queue"))
            for _ in range(20):
                await asyncio.sleep(0)
            with pytest.raises(SessionBusy, match=rf"'alice' is in use by run {run.id}; wait for its result, send to"):
                await other.start(CLERK, "now", session="alice")
            assert await only_run(rows) == run.id
            gate.open.set()
        assert (await queued.result().result()).output == "5 heard"


async def test_a_session_whose_run_waits_for_a_person_says_for_what() -> None:
    """Whoever is refused can decide, or have it decided."""

    @tool(needs_approval=True)
    async def pay() -> str:
        """Pay."""
        return "paid"

    async with process(MemoryRows()) as only:
        asking = Agent(Scripted([call("pay"), text("done")]), tools=[pay])
        run = await only.runtime.start(asking, "go", session="alice")
        await settle(lambda: run.state.suspended and not only.runtime.runs)
        with pytest.raises(
            SessionBusy, match=rf"by run {run.id}; it waits for a decision about 3.0: decide, or cancel"
        ):
            await only.runtime.start(CLERK, "next", session="alice")
        await run.cancel()
        assert (await (await only.runtime.start(CLERK, "next", session="alice")).result()).output == "4 heard"


async def test_a_session_whose_process_died_is_busy_until_its_run_is_over() -> None:
    """Who queues there goes on when somebody has resumed the run, in whichever process."""
    rows, gate, clock = MemoryRows(clock=(clock := Clock())), Gate(), clock
    died = Process(rows)
    await died.runtime.open()
    run = await died.runtime.start(at_a_gate(gate), "go", session="alice")
    await gate.reached.wait()
    await settle(lambda: not run.journal.unrecorded)
    await died.crash()
    gate.open.set()
    clock.now += LEASE_S
    async with process(rows) as first, process(rows, agents=[at_a_gate(gate)]) as second:
        with pytest.raises(SessionBusy, match="resume it if nobody drives it"):
            await first.runtime.start(CLERK, "next", session="alice")
        async with asyncio.TaskGroup() as group:
            queued = group.create_task(first.runtime.start(CLERK, "next", session="alice", if_busy="queue"))
            await asyncio.sleep(0)
            await (await second.runtime.resume(run.id)).result()
        assert (await queued.result().result()).output == "5 heard"


async def test_those_that_queue_are_served_in_their_order_and_never_two_at_once() -> None:
    """Each is told what all before it have said."""
    async with process(MemoryRows()) as only:
        only.line.turns = 2
        async with asyncio.TaskGroup() as group:
            starts = [
                group.create_task(only.runtime.start(CLERK, f"{place}", session="alice", if_busy="queue"))
                for place in range(4)
            ]
        runs = [start.result() for start in starts]
        for place, run in enumerate(runs):
            assert (await run.result()).output == f"{2 * place + 1} heard"
            assert [message.text for message in first_of(run).history[::2]] == [f"{each}" for each in range(place)]
            await check_run(run)


async def test_processes_that_queue_for_one_session_never_have_it_at_once() -> None:
    """Whichever comes first: the conversation is one, and each run has seen the whole of it when it began."""
    rows = MemoryRows()
    async with process(rows) as first, process(rows) as second, process(rows) as third:
        started = list[Run]()

        async def serve(each: Process) -> None:
            for _ in range(3):
                started.append(await each.runtime.start(CLERK, "hi", session="alice", if_busy="queue"))

        async with asyncio.TaskGroup() as group:
            for each in (first, second, third):
                group.create_task(serve(each))
        for run in started:
            await run.outcome()
        assert sorted(len(first_of(run).history) for run in started) == [2 * place for place in range(9)]


async def test_a_queued_start_that_is_cancelled_leaves_no_trace() -> None:
    """No run, no lease, and its place in the queue is the next one's."""
    rows, gate = MemoryRows(), Gate()
    async with process(rows) as only:
        run = await only.runtime.start(at_a_gate(gate), "go", session="alice")
        await gate.reached.wait()
        async with asyncio.TaskGroup() as group:
            gone, next_one = (
                group.create_task(only.runtime.start(CLERK, words, session="alice", if_busy="queue"))
                for words in ("never", "next")
            )
            for _ in range(20):
                await asyncio.sleep(0)
            gone.cancel()
            await asyncio.sleep(0)
            gate.open.set()
        assert (await next_one.result().result()).output == "5 heard"
        assert {info.run_id for info in await only.line.runs()} == {run.id, next_one.result().id}
        leases = rows._leases  # pyright: ignore[reportPrivateUsage]
        assert leases.keys() == {run.id, next_one.result().id, "session alice"}
        assert leases["session alice"].holder == ""


async def test_a_queue_ends_with_its_runtime() -> None:
    """Who waits there is told, for nobody here will see the end of the run."""
    rows, gate = MemoryRows(), Gate()
    async with process(rows) as first, process(rows) as second:
        await first.runtime.start(at_a_gate(gate), "go", session="alice")
        await gate.reached.wait()
        async with asyncio.TaskGroup() as group:

            async def wait() -> None:
                with pytest.raises(RunLeft):
                    await second.runtime.start(CLERK, "next", session="alice", if_busy="queue")

            group.create_task(wait())
            for _ in range(20):
                await asyncio.sleep(0)
            await second.runtime.aclose()
        gate.open.set()


async def test_a_queue_outlives_that_the_run_is_taken_by_another_process() -> None:
    """The process stood still for so long that its lease ended; who waits there waits on."""
    rows, gate, clock = MemoryRows(clock=(clock := Clock())), Gate(), clock
    agent = at_a_gate(gate)
    async with process(rows) as first, process(rows, agents=[agent]) as second:
        run = await first.runtime.start(agent, "go", session="alice")
        await gate.reached.wait()
        async with asyncio.TaskGroup() as group:
            queued = group.create_task(first.runtime.start(CLERK, "next", session="alice", if_busy="queue"))
            await settle(lambda: run.journal._ends)  # pyright: ignore[reportPrivateUsage]
            clock.now += LEASE_S
            taken = await second.runtime.resume(run.id)
            gate.open.set()
            await taken.result()
        assert (await queued.result().result()).output.endswith("heard")
        assert first_of(queued.result()).history == tuple(taken.state.messages)


async def test_a_queue_goes_on_when_the_run_before_is_deleted() -> None:
    """Wherever that happened; the next run knows nothing of it."""
    rows, gate = MemoryRows(), Gate()
    async with process(rows) as first, process(rows) as second:
        run = await first.runtime.start(at_a_gate(gate), "go", session="alice")
        await gate.reached.wait()
        async with asyncio.TaskGroup() as group:
            queued = [
                group.create_task(each.runtime.start(CLERK, "next", session="alice", if_busy="queue"))
                for each in (second,)
            ]
            for _ in range(20):
                await asyncio.sleep(0)
            assert await first.runtime.delete(run.id)
        assert [(await each.result().result()).output for each in queued] == ["1 heard"]


async def test_a_branch_of_a_session_has_its_conversation_and_a_name_of_its_own() -> None:
    """As it stands, without the calls that are open; the session itself goes on unhurt, and so does the branch."""
    rows, gate = MemoryRows(), Gate()
    async with process(rows) as first, process(rows) as second:
        asked = await first.runtime.start(at_a_gate(gate), "go", session="alice")
        await gate.reached.wait()
        await settle(lambda: not asked.journal.unrecorded)
        run = await second.runtime.start(CLERK, "beside", session="alice", if_busy="fork", key="k")
        assert run.session == first_of(run).session == f"alice/{run.id}"
        assert [message.text for message in first_of(run).history] == ["go"]
        assert (await run.result()).output == "2 heard"
        assert await second.runtime.start(CLERK, "beside", session="alice", if_busy="fork", key="k") is run
        with pytest.raises(KeyReused):
            await second.runtime.start(CLERK, "beside", session="alice", key="k")
        on = await first.runtime.start(CLERK, "on", session=run.session)
        assert (await on.result()).output == "4 heard"
        gate.open.set()
        assert len((await asked.result()).messages) == 4
    assert [info.name for info in await Log(rows).sessions()] == [run.session, "alice"]


async def test_a_session_that_is_free_is_not_forked() -> None:
    """Nobody is in the way."""
    async with process(MemoryRows()) as only:
        for heard in ("1 heard", "3 heard"):
            run = await only.runtime.start(CLERK, "go", session="alice", if_busy="fork")
            assert ((await run.result()).output, run.session) == (heard, "alice")


async def test_a_run_that_begins_elsewhere_keeps_others_from_beginning() -> None:
    """After some patience the caller is told; who queues there waits on."""
    rows = MemoryRows()
    async with process(rows) as only:
        lease = await Log(rows).claim("session alice", "another process")
        with pytest.raises(SessionBusy, match="another run of session 'alice' begins just now") as busy:
            await only.runtime.start(CLERK, "go", session="alice")
        assert isinstance(busy.value.__cause__, RunElsewhere)
        assert await only.line.runs() == []
        async with asyncio.TaskGroup() as group:
            queued = group.create_task(only.runtime.start(CLERK, "go", session="alice", if_busy="queue"))
            await asyncio.sleep(0)
            await Log(rows).release(lease)
        assert (await queued.result().result()).output == "1 heard"


async def test_a_run_that_is_deleted_while_another_begins_is_as_if_it_had_not_been() -> None:
    """The next run has the conversation of the one before that."""
    rows = MemoryRows()

    class Fickle(Line):
        async def runs(self, **wanted: Any) -> list[RunInfo]:
            found = await super().runs(**wanted)
            if [info.key for info in found] == ["deleted"]:
                await self.delete(found[0].run_id)
            return found

    async with process(rows) as only:
        await (await only.runtime.start(CLERK, "one", session="alice")).result()
        await (await only.runtime.start(CLERK, "two", session="alice", key="deleted")).result()
    async with Runtime(store=Fickle(rows)) as runtime:
        run = await runtime.start(CLERK, "three", session="alice")
        assert (await run.result()).output == "3 heard"


class Slow(Line):
    """A line over which nobody hears at once what has been done."""

    async def claim(self, run_id: str, holder: str, *, ttl_s: float = 30.0) -> Lease:
        lease = await super().claim(run_id, holder, ttl_s=ttl_s)
        await asyncio.sleep(0)
        return lease

    async def release(self, lease: Lease) -> None:
        await asyncio.sleep(0)
        await super().release(lease)


async def test_a_start_that_is_cancelled_at_any_moment_leaves_its_session_free() -> None:
    """Nothing is held that nobody would give back: the next run begins at once, in another process too."""
    for moment in range(16):
        rows = MemoryRows()
        slow = Slow(rows)
        slow.turns = 2
        async with Runtime(store=slow) as first, process(rows) as second:
            async with asyncio.TaskGroup() as group:
                start = group.create_task(first.start(CLERK, "go", session="alice"))
                for _ in range(moment):
                    await asyncio.sleep(0)
                start.cancel()
            if start.cancelled():
                for info in await second.line.runs():
                    assert (await (await second.runtime.get(info.run_id)).outcome()).status == "cancelled"
            else:
                await start.result().result()
            run = await second.runtime.start(CLERK, "next", session="alice")
            assert (await run.result()).output.endswith("heard")
