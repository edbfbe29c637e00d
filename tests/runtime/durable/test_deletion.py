"""What is deleted is gone: from the store, from this process, and from all that subscribers keep of it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.events import ModelReplied, user
from loopbus.handlers.policies import MemoryReplies, Replies, ResponseCache, SqliteReplies
from loopbus.runtime import Agent, BadInput, NotForgotten, Run, RunDeleted, Runtime, SessionBusy
from loopbus.stores import Log, MemoryRows, NoSuchRun, StoreClosed

from ...faults.house import add, settle
from ...faults.misbehaving import Gate, waiting
from .processes import Clock, Process, logged, process

SECRET = "my secret is 4711"
CLERK = Agent(Scripted(lambda request: text(f"{len(request.messages)} heard, {SECRET}")), name="clerk")
NOTHING = "({}, {}, {}, {})"
"""What is left in a store of which nothing is left."""


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a lease that somebody else has."""
    monkeypatch.setattr("loopbus.runtime.durable.shelf.PATIENCE_S", 0.0)
    monkeypatch.setattr("loopbus.runtime.durable.sessions._PATIENCE_S", 0.0)


def at_a_gate(gate: Gate) -> Agent:
    """An agent whose one tool waits at a gate."""
    return Agent(Scripted([call("wait"), text("done")], per_run=True), tools=[waiting(gate)], name="waiter")


def left_in(rows: MemoryRows) -> str:
    """All that a store has, as text."""
    return repr((rows._runs, rows._leases, rows._artifacts, rows._keys))  # pyright: ignore[reportPrivateUsage]


async def test_a_run_that_is_deleted_is_gone_everywhere() -> None:
    """Its log, its key, its lease, its large values, and what this process remembers; its key is free again."""
    rows = MemoryRows()
    async with process(rows) as only:
        run = await only.runtime.start(CLERK, SECRET * 5_000, key="k")
        await run.result()
        assert rows._artifacts  # pyright: ignore[reportPrivateUsage]
        assert await only.runtime.delete(run.id)
        assert (only.runtime.find(run.id), left_in(rows)) == (None, NOTHING)
        for gone in (only.runtime.get(run.id), only.runtime.resume(run.id), only.runtime.fork(run.id, at=1)):
            with pytest.raises(NoSuchRun):
                await gone
        assert not await only.runtime.delete(run.id)
        assert (await only.runtime.start(CLERK, "hi", key="k")).id != run.id


async def test_a_run_that_goes_on_is_stopped_first() -> None:
    """Whoever waits for it here sees it end; nothing of it is written afterwards."""
    rows, gate = MemoryRows(), Gate()
    async with process(rows) as only:
        run = await only.runtime.start(at_a_gate(gate), SECRET)
        await gate.reached.wait()
        async with asyncio.TaskGroup() as group:
            waits = group.create_task(run.outcome())
            await asyncio.sleep(0)
            assert await only.runtime.delete(run.id)
        assert (waits.result().status, waits.result().reason) == ("cancelled", "the run is deleted")
        await settle(lambda: not rows._leases)  # pyright: ignore[reportPrivateUsage]
        assert (only.runtime.runs, left_in(rows)) == ((), NOTHING)


async def test_a_process_that_writes_a_run_which_another_one_deletes_is_refused() -> None:
    """Whoever waits for the run there is told so, the tool's result is recorded nowhere, and its caches forget too."""
    rows, gate = MemoryRows(), Gate()
    async with process(rows) as first, process(rows) as second:
        forgotten = _keeps(first.runtime)
        run = await first.runtime.start(at_a_gate(gate), SECRET, session="alice")
        await gate.reached.wait()
        there = await second.runtime.get(run.id)
        async with asyncio.TaskGroup() as group:
            waits = [group.create_task(_fault(each.outcome())) for each in (run, there)]
            await asyncio.sleep(0)
            assert await second.runtime.delete(run.id)
            gate.open.set()
        assert [type(wait.result()) for wait in waits] == [RunDeleted, RunDeleted]
        assert str(waits[0].result()) == f"run {run.id} was deleted; nothing more comes of it"
        await settle(lambda: forgotten and not first.runtime.runs)
        assert forgotten == [run.id]
        assert SECRET not in left_in(rows)
        with pytest.raises(NoSuchRun):
            await first.runtime.get(run.id)


async def test_a_process_learns_that_its_run_was_deleted_when_it_renews_its_lease() -> None:
    """Also while the run has nothing to write: it is not told that somebody else drives it."""
    rows, gate = MemoryRows(), Gate()
    async with process(rows) as only:
        run = await only.runtime.start(at_a_gate(gate), SECRET)
        await gate.reached.wait()
        await settle(lambda: not run.journal.unrecorded)
        await Log(rows).delete(run.id)
        stored = only.runtime._stored  # pyright: ignore[reportPrivateUsage]
        assert stored is not None
        await stored.shelf.leases._renew()  # pyright: ignore[reportPrivateUsage]
        with pytest.raises(RunDeleted):
            await run.outcome()
        gate.open.set()


async def test_a_run_whose_fate_cannot_be_told_is_taken_by_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """That it is not this process's any more is certain, though the store does not answer."""
    rows, gate, clock = MemoryRows(clock=(clock := Clock())), Gate(), clock

    async def closed(_: Log, run_id: str) -> Any:
        raise StoreClosed("no answer")

    async with process(rows) as only:
        run = await only.runtime.start(at_a_gate(gate), "go")
        await gate.reached.wait()
        clock.now += 31.0
        await Log(rows).claim(run.id, "somebody else")
        monkeypatch.setattr(Log, "info", closed)
        gate.open.set()
        with pytest.raises(Exception, match="is driven by another process now"):
            await run.outcome()
        monkeypatch.undo()


async def _fault(work: Any) -> Exception | None:
    try:
        await work
    except Exception as error:
        return error
    return None


def _keeps(runtime: Runtime) -> list[str]:
    """A subscriber that keeps something of runs; the list is what it was told to forget."""
    forgotten: list[str] = []

    class Keeps:
        hears = (ModelReplied,)

        def __call__(self, event: ModelReplied) -> None:
            pass

        async def forget(self, run_id: str) -> None:
            forgotten.append(run_id)

    runtime.subscribe(Keeps())
    return forgotten


# --- sessions ---


async def test_a_session_is_deleted_with_all_its_runs_while_one_of_them_writes() -> None:
    """Whichever process drives it; what begins next in the session knows nothing, and neither does the store."""
    rows, gate = MemoryRows(), Gate()
    async with process(rows) as first, process(rows) as second:
        await (await first.runtime.start(CLERK, SECRET, session="alice")).result()
        other = await first.runtime.start(CLERK, "hi", session="bob")
        await other.result()
        run = await first.runtime.start(at_a_gate(gate), "go", session="alice")
        await gate.reached.wait()
        async with asyncio.TaskGroup() as group:
            queued = [
                group.create_task(each.runtime.start(CLERK, "next", session="alice", if_busy="queue"))
                for each in (first, second)
            ]
            for _ in range(20):
                await asyncio.sleep(0)
            assert await second.runtime.delete_session("alice") == 2
            gate.open.set()
        told = sorted([(await task.result().outcome()).output for task in queued])
        assert [words[0] for words in told] == ["1", "3"]
        with pytest.raises(RunDeleted):
            await run.outcome()
        assert await second.runtime.delete_session("alice") == 2
        assert await second.runtime.delete_session("alice") == 0
        assert {info.run_id for info in await second.line.runs()} == {other.id}
        await settle(lambda: "alice" not in left_in(rows))


async def test_no_run_begins_in_a_session_while_it_is_deleted() -> None:
    """Nor is a session deleted at the moment in which a run of it begins elsewhere: the caller may try again."""
    rows = MemoryRows()
    async with process(rows) as only:
        await (await only.runtime.start(CLERK, SECRET, session="alice")).result()
        lease = await Log(rows).claim("session alice", "another process")
        with pytest.raises(SessionBusy, match="begins just now"):
            await only.runtime.delete_session("alice")
        await Log(rows).release(lease)
        assert await only.runtime.delete_session("alice") == 1
        assert left_in(rows) == NOTHING


async def test_a_fork_keeps_what_it_shares_with_a_run_that_is_deleted() -> None:
    """It goes on as if nothing had been; only its source is gone."""
    rows = MemoryRows()
    async with process(rows) as only:
        agent = Agent(Scripted([call("add", a=1, b=2), text("3")], per_run=True), tools=[add], name="adder")
        run = await only.runtime.start(agent, "1 + 2", session="alice")
        await run.result()
        fork = await only.runtime.fork(run.id, at=7, message="and?", model=CLERK.model)
        await fork.result()
        log = fork.log
        assert await only.runtime.delete_session("alice") == 1
        assert await logged(rows, fork.id) == list(log)
        assert (await only.line.verify(fork.id)).events == len(log)
        assert (await only.line.info(fork.id)).source is None


# --- caches ---


def stored(kind: str, path: Path) -> Replies:
    """A store of each kind."""
    return SqliteReplies(path / "replies.db") if kind == "sqlite" else MemoryReplies()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_cache_forgets_what_a_deleted_run_has_brought(kind: str, tmp_path: Path) -> None:
    """And nothing else: the model is asked again what only that run had asked."""
    replies, asked = stored(kind, tmp_path), list[str]()

    def answer(request: Any) -> Any:
        asked.append(request.messages[0].text)
        return text(SECRET)

    agent = Agent(Scripted(answer, model="cached"))
    async with process(MemoryRows()) as only:
        only.runtime.subscribe(ResponseCache(replies, "cached"))

        async def ask(words: str, session: str | None = None) -> Run:
            run = await only.runtime.start(agent, words, session=session)
            assert (await run.result()).output == SECRET
            await only.runtime.drain()
            return run

        await ask("one", session="alice")
        two, _ = [await ask(words) for words in ("two", "three")]
        assert await only.runtime.delete_session("alice") == 1
        assert await only.runtime.delete(two.id)
        for words in ("one", "two", "three"):
            await ask(words)
    assert asked == ["one", "two", "three", "one", "two"]


async def test_a_reply_that_is_not_kept_yet_when_its_run_is_deleted_never_is() -> None:
    """The observer that would have kept it comes too late."""
    replies = MemoryReplies()
    cache = ResponseCache(replies)
    async with process(MemoryRows()) as only:
        held, reached = asyncio.Event(), asyncio.Event()
        put = replies.put

        async def slow(key: str, reply: str, run_id: str) -> None:
            reached.set()
            await held.wait()
            await put(key, reply, run_id)

        replies.put = slow
        only.runtime.subscribe(cache)
        runs = [await only.runtime.start(CLERK, words) for words in ("one", "two")]
        for run in runs:
            await run.result()
        await reached.wait()
        async with asyncio.TaskGroup() as group:
            deleting = [group.create_task(only.runtime.delete(run.id)) for run in reversed(runs)]
            for _ in range(20):
                await asyncio.sleep(0)
            held.set()
        assert [each.result() for each in deleting] == [True, True]
        await only.runtime.drain()
        assert (len(replies), len(cache._to_keep)) == (0, 0)  # pyright: ignore[reportPrivateUsage]


async def test_a_subscriber_that_cannot_forget_is_named_and_all_else_is_done() -> None:
    """Whoever deletes has to know; the same call tells it again."""
    rows, broken = MemoryRows(), [True]

    class Stubborn:
        hears = (ModelReplied,)

        def __call__(self, event: ModelReplied) -> None:
            pass

        async def forget(self, run_id: str) -> None:
            if broken:
                raise OSError("disk gone")

    async with process(rows, subscribers=[Stubborn()]) as only:
        forgotten = _keeps(only.runtime)
        run = await only.runtime.start(CLERK, SECRET)
        await run.result()
        with pytest.raises(NotForgotten, match=rf"run {run.id} .*: Stubborn raised OSError: disk gone; delete it once"):
            await only.runtime.delete(run.id)
        assert (forgotten, left_in(rows)) == ([run.id], NOTHING)
        broken.clear()
        assert not await only.runtime.delete(run.id)
        assert forgotten == [run.id, run.id]


async def test_one_that_cannot_forget_what_another_process_deleted_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody here has asked for it, so nobody here can be told otherwise."""
    rows, gate = MemoryRows(), Gate()

    class Stubborn:
        hears = (ModelReplied,)

        def __call__(self, event: ModelReplied) -> None:
            pass

        async def forget(self, run_id: str) -> None:
            raise OSError("disk gone")

    async with process(rows, subscribers=[Stubborn()]) as only:
        run = await only.runtime.start(at_a_gate(gate), SECRET)
        await gate.reached.wait()
        await Log(rows).delete(run.id)
        gate.open.set()
        with pytest.raises(RunDeleted):
            await run.outcome()
        await settle(lambda: "Stubborn raised OSError: disk gone" in caplog.text)


# --- retention ---


async def test_runs_that_ended_long_ago_expire_and_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """However old a run is that has no end; caches forget those that are gone, and so does this process."""
    monkeypatch.setattr("loopbus.runtime.durable.deleter._AT_ONCE", 2)
    monkeypatch.setattr("loopbus.runtime.durable.deleter._PAGE", 2)
    rows, gate = MemoryRows(), Gate()
    async with process(rows) as only:
        forgotten = _keeps(only.runtime)
        old = [await only.runtime.start(CLERK, SECRET) for _ in range(5)]
        for run in old:
            await run.result()
        going = await only.runtime.start(at_a_gate(gate), "go")
        await gate.reached.wait()
        ended = [run.log[-1].at for run in old]
        monkeypatch.setattr("loopbus.runtime.deleting.time.time", lambda: ended[2] + 60.0001)
        gone = {run.id for run in old if run.log[-1].at < ended[2] + 0.0001}
        assert await only.runtime.expire(older_than_s=60) == len(gone) >= 3
        assert (set(forgotten), len(forgotten)) == (gone, len(gone))
        assert {info.run_id for info in await only.line.runs()} == {run.id for run in (*old, going)} - gone
        assert {run.id for run in old if only.runtime.find(run.id) is None} == gone
        with pytest.raises(BadInput, match="older_than_s=-1"):
            await only.runtime.expire(older_than_s=-1)
        gate.open.set()


async def test_one_process_keeps_what_another_one_has_deleted_in_no_conversation() -> None:
    """The next run of the session begins anew, wherever it is."""
    rows = MemoryRows()
    async with process(rows) as first, process(rows) as second:
        await (await first.runtime.start(CLERK, SECRET, session="alice", messages=[user("before")])).result()
        await second.runtime.delete_session("alice")
        run = await first.runtime.start(CLERK, "hi", session="alice")
        assert (await run.result()).output.startswith("1 heard")


async def test_a_process_that_crashes_while_it_deletes_can_delete_again() -> None:
    """What is half deleted is still there to be asked for."""
    rows = MemoryRows()
    died = Process(rows)
    await died.runtime.open()
    run = await died.runtime.start(CLERK, SECRET)
    await run.result()

    class Dies:
        hears = (ModelReplied,)

        def __call__(self, event: ModelReplied) -> None:
            pass

        async def forget(self, run_id: str) -> None:
            died.line.delete = _cut

    async def _cut(run_id: str) -> bool:
        raise StoreClosed("the line to the store is cut")

    died.runtime.subscribe(Dies())
    with pytest.raises(StoreClosed):
        await died.runtime.delete(run.id)
    await died.crash()
    async with process(rows) as living:
        assert await living.runtime.delete(run.id)
        assert left_in(rows) == NOTHING
