"""Opening the file: many at once, under a lock, with the promised pragmas."""

import sqlite3
import sys
from contextlib import aclosing, closing
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from loopbus.events import TurnStarted
from loopbus.stores import Log, SqliteRows, StoreBusy, Survives
from loopbus.stores.sqlite import connection
from loopbus.stores.sqlite.connection import Settings, open_database
from loopbus.stores.sqlite.schema import migrate

from ...architecture import ROOT
from ..contract import read
from ..story import placed, started, turn, whole


def settings(path: Path, survives: Survives = "power-loss", patience_s: float = 0) -> Settings:
    """How a test opens a file."""
    return Settings(str(path), survives, patience_s, None, accept_loss=False)


@pytest.mark.parametrize(("survives", "level"), [("power-loss", 2), ("process-crash", 1)])
def test_a_promise_is_kept_by_the_pragmas(tmp_path: Path, survives: Survives, level: int) -> None:
    """``power-loss`` syncs at each commit; what is deleted is overwritten; a file calls no functions."""
    with closing(open_database(settings(tmp_path / "runs.db", survives))) as db:
        asked = {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in (
            "synchronous", "journal_mode", "secure_delete", "trusted_schema", "cell_size_check",
        )}  # fmt: skip
    assert asked == {
        "synchronous": level, "journal_mode": "wal", "secure_delete": 1, "trusted_schema": 0, "cell_size_check": 1,
    }  # fmt: skip


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
async def test_a_locked_file_is_said_after_our_patience(tmp_path: Path, lock: str) -> None:
    """F92: typed, and nothing was written; readers are not kept waiting; when the lock is gone, the append works."""
    path = tmp_path / "runs.db"
    async with Log(SqliteRows(path, patience_s=0.01)) as log:
        await log.append(started("run"))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute(lock)
            with pytest.raises(StoreBusy, match="try again later"):
                await log.append(turn("run", 2))
            assert len(await read(log, "run")) == 1
            other.execute("ROLLBACK")
        await log.append(turn("run", 2))
        assert len(await read(log, "run")) == 5


async def test_the_loop_turns_while_a_lock_is_waited_for(tmp_path: Path) -> None:
    """F92: the waiting is the thread's; here the loop itself lets the lock go."""
    path = tmp_path / "runs.db"
    async with Log(SqliteRows(path, patience_s=60)) as log:
        await log.append(started("run"))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with anyio.create_task_group() as group:
                group.start_soon(log.append, turn("run", 2))
                await anyio.lowlevel.checkpoint()
                other.execute("ROLLBACK")
        assert len(await read(log, "run")) == 5


def test_a_new_file_that_others_open_too_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F92: where two want the same lock, SQLite refuses one at once; our patience lasts longer, and has an end."""
    with closing(sqlite3.connect(tmp_path / "locked.db", isolation_level=None)) as one:
        one.execute("BEGIN EXCLUSIVE")
        with closing(sqlite3.connect(tmp_path / "locked.db", timeout=0)) as two, pytest.raises(sqlite3.Error) as locked:
            two.execute("CREATE TABLE words (word TEXT)")
    refusals, paused = [locked.value] * 3, list[float]()

    def refused(connected: sqlite3.Connection, path: str) -> None:
        if refusals:
            raise refusals.pop()
        migrate(connected, path)

    monkeypatch.setattr(connection, "migrate", refused)
    with closing(open_database(settings(tmp_path / "runs.db", patience_s=60), paused.append)):
        assert len(paused) == 3
    refusals.append(locked.value)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        open_database(settings(tmp_path / "runs.db"), paused.append)


async def test_eight_open_a_new_file_at_once(tmp_path: Path) -> None:
    """F92: each with a connection and a thread of its own; all of them write, and nothing is lost."""
    path = tmp_path / "runs.db"

    async def work(name: str) -> None:
        async with Log(SqliteRows(path, survives="process-crash", patience_s=60)) as log:
            for event in whole(name):
                await log.append([event])

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(work, f"r{number}")
    async with Log(SqliteRows(path)) as log:
        for number in range(8):
            assert await read(log, f"r{number}") == whole(f"r{number}")


PROCESSES = """
import asyncio, os, sys
from loopbus.events import TurnStarted
from loopbus.stores import Log, SqliteRows
from tests.stores.story import whole

async def work(name):
    async with Log(SqliteRows(sys.argv[1], survives="process-crash", patience_s=60)) as log:
        for event in whole(name):
            await log.append([event])

children = []
for number in range(8):
    child = os.fork()
    if child == 0:
        asyncio.run(work(f"r{number}"))
        os._exit(0)
    children.append(child)
sys.exit(max(os.waitpid(child, 0)[1] for child in children))
"""


async def test_eight_processes_open_a_new_file_at_once(tmp_path: Path) -> None:
    """F92: none of them is turned away, and all that they write is there."""
    path = tmp_path / "runs.db"
    command = [sys.executable, "-W", "error", "-c", PROCESSES, str(path)]
    done = await anyio.run_process(command, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr.decode()
    async with Log(SqliteRows(path)) as log:
        for number in range(8):
            assert await read(log, f"r{number}") == whole(f"r{number}")


async def test_two_logs_of_one_file_see_each_other(tmp_path: Path) -> None:
    """As two processes would: one follows what the other writes."""
    path = tmp_path / "runs.db"
    async with Log(SqliteRows(path)) as writer, Log(SqliteRows(path), poll_s=0.001) as reader:
        await writer.append(started("run"))
        seen: list[int] = []

        async def follow() -> None:
            seen.extend([event.seq async for event in reader.tail("run")])

        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(follow)
                for event in whole("run")[1:]:
                    await writer.append([event])
        assert seen == [1, 2, 3, 4, 5, 6]


async def test_a_reader_that_stands_still_keeps_nobody_waiting(tmp_path: Path) -> None:
    """F93: between pages it holds nothing, so writers go on and the write-ahead log can be emptied under it."""
    path = tmp_path / "runs.db"
    async with Log(SqliteRows(path)) as log:
        await log.append(started("run"))
        await log.append(placed("run", 2, *(TurnStarted(turn=number) for number in range(400))))
        async with aclosing(log.read("run")) as events:
            await anext(events)
            await log.append(placed("run", 402, TurnStarted(turn=400)))
            with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
                assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
            assert [event.seq async for event in events] == list(range(2, 403))


async def test_what_is_deleted_is_in_no_file(tmp_path: Path) -> None:
    """F130: neither in the database nor in what SQLite keeps beside it; large values too."""
    secret, large = "the-secret-of-alice", "the-large-secret-of-alice" * 5_000
    path = tmp_path / "runs.db"
    async with Log(SqliteRows(path)) as log:
        await log.append(started("run", session="alice", said=secret))
        await log.append(turn("run", 2, said=large))
        await log.append(started("other"))

        def anywhere() -> bool:
            return any(b"secret-of-alice" in file.read_bytes() for file in tmp_path.iterdir())

        assert anywhere()
        assert await log.delete_session("alice") == 1
        assert not anywhere()
        assert len(await read(log, "other")) == 1


async def test_bytes_that_another_process_still_reads_are_said(tmp_path: Path) -> None:
    """F130: the run is gone for everybody, but its bytes are not yet; the caller is told what to do."""
    path = tmp_path / "runs.db"
    async with Log(SqliteRows(path, patience_s=0)) as log:
        await log.append(whole("run"))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN")
            assert other.execute("SELECT count(*) FROM events").fetchone() == (6,)
            with pytest.raises(StoreBusy, match="is deleted, but its bytes stay"):
                await log.delete("run")
            assert await log.runs() == []
            other.execute("COMMIT")
