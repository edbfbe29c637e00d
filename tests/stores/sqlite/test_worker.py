"""The thread: what waits together is committed together, and only the one to blame fails."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
import pytest

from loopbus.stores import StoreBroken, StoreClosed, WrongSeq
from loopbus.stores.sqlite.connection import Database, Settings, open_database
from loopbus.stores.sqlite.worker import MOST, Worker

Job = Callable[[Database], object]


class Counted:
    """Opens a database that counts its commits."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "worker.db")
        self.commits = 0
        self.opened = 0

    def __call__(self) -> Database:
        self.opened += 1
        db = open_database(Settings(self.path, "process-crash", 0, None, accept_loss=False))
        db.connection.set_trace_callback(self._hear)
        return db

    def _hear(self, statement: str) -> None:
        self.commits += statement == "COMMIT"


def put(number: int, *, fail: Exception | None = None) -> Job:
    """A job that writes, and may then go wrong."""

    def work(db: Database) -> int:
        db.execute("INSERT INTO kinds (name, version) VALUES (?, 1)", (f"k{number}",))
        if fail is not None:
            raise fail
        return number

    return work


def threads() -> set[threading.Thread]:
    """Those of all workers."""
    return {thread for thread in threading.enumerate() if thread.name == "loopbus-sqlite"}


def names(db: Database) -> list[str]:
    """What was written."""
    return [name for (name,) in db.execute("SELECT name FROM kinds ORDER BY kind").fetchall()]


async def run(worker: Worker, *jobs: Job) -> list[object]:
    """Hand jobs over at once, and collect how each ended."""
    ended: list[object] = [None] * len(jobs)

    async def one(place: int, job: Job) -> None:
        try:
            ended[place] = await worker.write(job)
        except Exception as error:
            ended[place] = error

    async with anyio.create_task_group() as group:
        for place, job in enumerate(jobs):
            group.start_soon(one, place, job)
    return ended


async def test_what_waits_together_shares_a_commit(tmp_path: Path) -> None:
    """A hundred writers, one trip to the disk; a crowd does not make the first of it wait without end."""
    opening = Counted(tmp_path)
    worker = Worker(opening, opening.path)
    assert await run(worker, *(put(number) for number in range(100))) == list(range(100))
    assert opening.commits == 1
    await run(worker, *(put(number) for number in range(100, 100 + MOST + 1)))
    assert opening.commits == 3
    await worker.aclose()


async def test_what_comes_while_the_thread_is_busy_shares_the_next_commit(tmp_path: Path) -> None:
    """However many turns of the loop it comes in."""
    opening = Counted(tmp_path)
    worker = Worker(opening, opening.path)
    busy, go_on = threading.Event(), threading.Event()

    def work(_: Database) -> None:
        busy.set()
        go_on.wait(20)

    async with anyio.create_task_group() as group:
        group.start_soon(worker.read, work)
        await asyncio.to_thread(busy.wait, 20)
        for number in range(10):
            group.start_soon(worker.write, put(number))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        go_on.set()
    assert opening.commits == 1
    await worker.aclose()


@pytest.mark.parametrize("error", [ZeroDivisionError("my mistake"), MemoryError(), KeyError("x")], ids=repr)
async def test_a_job_that_goes_wrong_takes_no_other_along(tmp_path: Path, error: Exception) -> None:
    """What it had written is taken back; the others are done once more, each by itself."""
    opening = Counted(tmp_path)
    worker = Worker(opening, opening.path)
    assert await run(worker, put(0), put(1, fail=error), put(2)) == [0, error, 2]
    assert await worker.read(names) == ["k0", "k2"]
    await worker.aclose()


async def test_a_disk_that_fails_is_asked_anew(tmp_path: Path) -> None:
    """Nobody knows what was synced, so none of the jobs is tried again; the next ones get a new connection."""
    opening = Counted(tmp_path)
    worker = Worker(opening, opening.path)
    failure = sqlite3.OperationalError("disk I/O error")
    failure.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    ended = await run(worker, put(0), put(1, fail=failure))
    assert [type(error) for error in ended] == [StoreBroken, StoreBroken]
    assert [error.__cause__ for error in ended if isinstance(error, StoreBroken)] == [failure, failure]
    assert await worker.read(names) == []
    assert opening.opened == 2
    await worker.aclose()


async def test_a_refusal_costs_the_others_nothing(tmp_path: Path) -> None:
    """One of our errors is raised before anything is written, so there is nothing to take back."""
    opening = Counted(tmp_path)
    worker = Worker(opening, opening.path)
    refusal = WrongSeq("no", run_id="run", seq=1, expected=2)

    def refuse(_: Database) -> None:
        raise refusal

    assert await run(worker, put(0), refuse, put(2)) == [0, refusal, 2]
    assert opening.commits == 1
    await worker.aclose()


async def test_what_is_asked_for_many_is_done_at_once(tmp_path: Path) -> None:
    """In one call and one commit, in order with the rest; what is refused is among the answers."""
    opening = Counted(tmp_path)
    worker = Worker(opening, opening.path)
    refusal = WrongSeq("no", run_id="run", seq=1, expected=2)
    calls: list[list[int]] = []

    def work(db: Database, numbers: Sequence[int]) -> list[object]:
        calls.append(list(numbers))
        return [refusal if number == 1 else put(number)(db) for number in numbers]

    async with anyio.create_task_group() as group:
        group.start_soon(worker.write, put(9))
        group.start_soon(worker.write_one, work, 8)
        await asyncio.sleep(0)
        assert await worker.write_all(work, [0, 1, 2]) == [0, refusal, 2]
    assert (calls, opening.commits) == ([[8, 0, 1, 2]], 1)
    assert await worker.read(names) == ["k9", "k8", "k0", "k2"]
    assert await worker.write_all(work, []) == []
    await worker.aclose()


async def test_one_of_many_that_goes_wrong_takes_no_other_along(tmp_path: Path) -> None:
    """Each is done once more by itself, and only the one to blame fails."""
    opening = Counted(tmp_path)
    worker = Worker(opening, opening.path)
    mistake = ZeroDivisionError("my mistake")

    def work(db: Database, numbers: Sequence[int]) -> list[object]:
        return [put(number, fail=mistake if number == 1 else None)(db) for number in numbers]

    assert await worker.write_all(work, [0, 1, 2]) == [0, mistake, 2]
    assert await worker.read(names) == ["k0", "k2"]
    await worker.aclose()


async def test_closing_does_what_waits(tmp_path: Path) -> None:
    """And then refuses; the thread is gone, and closing again is harmless."""
    opening, before = Counted(tmp_path), threads()
    worker = Worker(opening, opening.path)
    async with anyio.create_task_group() as group:
        group.start_soon(worker.write, put(1))
        await asyncio.sleep(0)
        await worker.aclose()
    await worker.aclose()
    assert threads() == before
    with pytest.raises(StoreClosed, match="open the log again"):
        await worker.read(names)
    again = Worker(opening, opening.path)
    assert await again.read(names) == ["k1"]
    await again.aclose()


async def test_closing_what_was_never_used_makes_no_file(tmp_path: Path) -> None:
    """There is nothing to close."""
    opening = Counted(tmp_path)
    await Worker(opening, opening.path).aclose()
    assert not opening.opened


async def test_a_cancelled_caller_leaves_its_job_behind(tmp_path: Path) -> None:
    """The caller goes at once; the job is done, and its answer reaches nobody."""
    opening = Counted(tmp_path)
    worker = Worker(opening, opening.path)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await worker.write(put(1))
    assert scope.cancelled_caught
    assert await worker.read(names) == ["k1"]
    await worker.aclose()


def test_a_loop_that_is_gone_is_told_nothing(tmp_path: Path) -> None:
    """Its job is done all the same; the thread goes on for the next loop."""
    opening = Counted(tmp_path)
    worker = Worker(opening, opening.path)
    go_on = threading.Event()

    async def leave() -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await worker.read(lambda _: go_on.wait(20))
        with anyio.CancelScope() as scope:
            scope.cancel()
            await worker.write(put(1))
        await asyncio.sleep(0)

    asyncio.run(leave())
    go_on.set()

    async def come_back() -> list[str]:
        found = await worker.read(names)
        await worker.aclose()
        return found

    assert asyncio.run(come_back()) == ["k1"]
