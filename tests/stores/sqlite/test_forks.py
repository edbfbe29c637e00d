"""A fork in a file: what is shared is written once, and what is deleted is in no file."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from loopbus.stores import Log, SqliteRows, StoreDamaged

from ..contract import read
from ..story import moved, started, turn


async def family(path: Path) -> None:
    """A run with two secrets and a fork of it between them."""
    async with Log(SqliteRows(path), large_bytes=1_000) as log:
        await log.append(started("run", session="alice", said="the-first-secret"))
        await log.append(turn("run", 2, said="the-large-first-secret" * 100))
        await log.append(turn("run", 6, said="the-second-secret"))
        await log.append(turn("run", 10, said="the-large-second-secret" * 100))
        await log.fork("run", "fork", at=5)


async def test_what_is_shared_is_written_once(tmp_path: Path) -> None:
    """A fork is one row, however much it begins with."""
    path = tmp_path / "runs.db"
    await family(path)
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("SELECT count(*) FROM events").fetchone() == (13,)
        assert plain.execute("SELECT count(*) FROM runs").fetchone() == (2,)


async def test_what_no_fork_has_is_in_no_file(tmp_path: Path) -> None:
    """F130: a run that was forked is deleted for good from behind the last fork; the rest goes with the fork."""
    path = tmp_path / "runs.db"
    await family(path)

    def anywhere(secret: bytes) -> bool:
        return any(secret in file.read_bytes() for file in tmp_path.iterdir())

    async with Log(SqliteRows(path)) as log:
        shared = [
            *started("run", session="alice", said="the-first-secret"),
            *turn("run", 2, said="the-large-first-secret" * 100),
        ]
        assert anywhere(b"second-secret")
        assert await log.delete_session("alice") == 1
        assert not anywhere(b"second-secret")
        assert await read(log, "fork") == moved("fork", shared)
        assert await log.delete("fork")
        assert not anywhere(b"first-secret")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE runs SET source = 99 WHERE run_id = 'fork'", "UPDATE runs SET source = 2, at = 3 WHERE run_id = 'run'"],
    ids=["nowhere", "in a circle"],
)
async def test_a_fork_of_what_cannot_be_is_said(tmp_path: Path, statement: str) -> None:
    """F95: a damaged entry ends in an error of ours, not in a search without end."""
    path = tmp_path / "runs.db"
    await family(path)
    with closing(sqlite3.connect(path)) as plain, plain:
        plain.execute(statement)
    async with Log(SqliteRows(path)) as log:
        with pytest.raises(StoreDamaged, match="shares events with one at place"):
            await log.verify("fork")


@pytest.mark.parametrize("value", ["'word'", "zeroblob(3)", "2.5", "-1", "3"])
@pytest.mark.parametrize("column", ["runs SET at", "runs SET source", "runs SET genesis", "events SET digest"])
async def test_whatever_stands_in_a_column_is_noticed(tmp_path: Path, column: str, value: str) -> None:
    """F95: by a reader who begins anywhere in a fork, with an error of ours."""
    path = tmp_path / "runs.db"
    await family(path)
    with closing(sqlite3.connect(path)) as plain, plain:
        plain.execute(f"UPDATE {column} = {value} WHERE {'run_id' if 'runs' in column else 'seq'} IN ('fork', 5)")
    async with Log(SqliteRows(path)) as log:
        with pytest.raises(StoreDamaged):
            await log.verify("fork")
        with pytest.raises(StoreDamaged):
            await read(log, "fork", 0)
        if "events" in column:
            with pytest.raises(StoreDamaged):
                await read(log, "run", 5)


async def test_a_shared_event_that_was_edited_is_named(tmp_path: Path) -> None:
    """In the run and in its fork, by the proof of each."""
    path = tmp_path / "runs.db"
    await family(path)
    with closing(sqlite3.connect(path)) as plain, plain:
        plain.execute("UPDATE events SET body = '{}' WHERE seq = 3")
    async with Log(SqliteRows(path)) as log:
        for run_id in ("run", "fork"):
            with pytest.raises(StoreDamaged, match=f"event 3 of run {run_id} is not what was written"):
                await log.verify(run_id)
