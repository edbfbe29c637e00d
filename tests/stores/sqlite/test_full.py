"""F94: a full disk stops a run at a clean boundary, and nobody else for longer than need be."""

from pathlib import Path

import anyio
import pytest

from loopbus.events import Event, TurnStarted
from loopbus.stores import Log, SqliteRows, StoreBroken, StoreError, StoreFull, StoreMisused

from ..contract import read
from ..story import placed, started, turn

SMALL = 200_000
"""Bytes: the tables of an empty log and some events."""


async def test_a_full_disk_is_said_and_what_was_acknowledged_stays(tmp_path: Path) -> None:
    """Appends are whole or nothing; when there is room again, the same append goes through."""
    path = tmp_path / "runs.db"
    kept: list[Event] = [*started("run")]
    async with Log(SqliteRows(path, largest_bytes=SMALL)) as log:
        await log.append(kept)
        refused: list[Event] = []
        while not refused:
            events = turn("run", len(kept) + 1, said="x" * 10_000)
            try:
                await log.append(events)
                kept += events
            except StoreFull:
                refused = list(events)
        assert await read(log, "run") == kept
        with pytest.raises(StoreFull, match="nothing was written, make room and try again"):
            await log.append(refused)
    async with Log(SqliteRows(path)) as log:
        assert await read(log, "run") == kept
        assert (await log.verify("run")).events == len(kept)
        await log.append(refused)
        assert await read(log, "run") == [*kept, *refused]


async def test_an_append_goes_through_when_there_is_room_again(tmp_path: Path) -> None:
    """With the same log, as soon as something else was deleted: nothing needs to be opened anew."""
    async with Log(SqliteRows(tmp_path / "runs.db", largest_bytes=SMALL)) as log:
        await log.append(started("old", said="x" * 60_000))
        await log.append(started("run"))
        events = turn("run", 2, said="x" * 60_000)
        with pytest.raises(StoreFull):
            await log.append(events)
        assert await log.delete("old")
        await log.append(events)
        assert await read(log, "run") == [*started("run"), *events]


async def test_an_append_that_is_too_large_hurts_nobody_else(tmp_path: Path) -> None:
    """Law 4: appends that share its commit are written all the same."""
    failed: list[str] = []
    async with Log(SqliteRows(tmp_path / "runs.db", largest_bytes=SMALL)) as log:

        async def write(run_id: str, said: str) -> None:
            try:
                await log.append(started(run_id, said=said))
            except StoreFull:
                failed.append(run_id)

        async with anyio.create_task_group() as group:
            for number in range(9):
                group.start_soon(write, f"r{number}", "hello" if number != 4 else "x" * 1_000_000)
        assert failed == ["r4"]
        assert {info.run_id for info in await log.runs()} == {f"r{number}" for number in range(9)} - {"r4"}
        for info in await log.runs():
            assert await read(log, info.run_id) == list(started(info.run_id))


async def test_a_value_that_sqlite_cannot_keep_hurts_nobody_else(tmp_path: Path) -> None:
    """An integer without a bound: an error of ours for the one who asked."""
    async with Log(SqliteRows(tmp_path / "runs.db")) as log:
        await log.append(started("run"))
        with pytest.raises(StoreMisused, match="cannot keep a value"):
            await anext(log.read("run", after=2**80))
        await log.append(placed("run", 2, TurnStarted(turn=2**80)))
        assert len(await read(log, "run")) == 2


async def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    """And when it is there, the same log works."""
    path = tmp_path / "missing" / "runs.db"
    async with Log(SqliteRows(path)) as log:
        with pytest.raises(StoreBroken, match="the folder must exist and be writable") as caught:
            await log.append(started("run"))
        assert isinstance(caught.value, StoreError)
        path.parent.mkdir()
        await log.append(started("run"))
        assert len(await read(log, "run")) == 1
