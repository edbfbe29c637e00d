"""Many runs append in one call, and each as if it were alone."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import anyio
import pytest

from loopbus.bus import BadEvent
from loopbus.events import BadContent, TextDelta
from loopbus.stores import KeyTaken, LeaseLost, Log, MemoryRows, RowStore, SqliteRows, WrongSeq
from loopbus.stores.log import Append
from loopbus.stores.rows import Batch

from .contract import read
from .story import finished, placed, started, turn, whole


class OneByOne:
    """A store that knows nothing of many appends at once."""

    def __init__(self) -> None:
        self._rows = MemoryRows()
        self.stands = False
        self.under_way = 0

    def __getattr__(self, name: str) -> Any:
        if name == "append_all":
            raise AttributeError(name)
        return getattr(self._rows, name)

    async def append(self, batch: Batch) -> None:
        """Write one batch, after a while."""
        self.under_way += 1
        try:
            await asyncio.sleep(3600 if self.stands else 0)
            await self._rows.append(batch)
        finally:
            self.under_way -= 1


@pytest.fixture(params=["memory", "sqlite", "one by one"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Log, None]:
    """An empty log, over a store that gathers and one that does not."""
    rows: dict[str, Any] = {
        "memory": MemoryRows(), "sqlite": SqliteRows(tmp_path / "runs.db"), "one by one": OneByOne(),
    }  # fmt: skip
    async with Log(rows[request.param], poll_s=3600) as log:
        yield log


async def test_many_runs_append_in_one_call(log: Log) -> None:
    """However many events they are; the log of each is what it appended, and is proven."""
    runs = {f"r{number}": whole(f"r{number}") for number in range(30)}
    assert await log.append_all([Append(events[:1], 0) for events in runs.values()]) == [None] * 30
    assert await log.append_all([Append(events[1:], 0) for events in runs.values()]) == [None] * 30
    for run_id, events in runs.items():
        assert await read(log, run_id) == events
        assert ((await log.verify(run_id)).events, (await log.info(run_id)).status) == (6, "completed")


async def test_one_run_may_append_twice_in_one_call(log: Log) -> None:
    """The second goes behind the first, also when that began or ended the run."""
    events = whole("run")
    parts = [events[:1], events[1:3], events[3:], turn("run", 7)]
    assert await log.append_all([Append(part, 0) for part in parts]) == [None] * 4
    assert [event.seq for event in await read(log, "run")] == list(range(1, 11))
    assert ((await log.verify("run")).events, (await log.info("run")).status) == (10, "completed")


async def test_one_that_is_refused_takes_none_of_the_others_along(log: Log) -> None:
    """The answers say what was wrong with which, and nothing of those is written."""
    await log.claim("driven", "me")
    answers = await log.append_all(
        [
            Append(started("a", key="once"), 0),
            Append(started("b", key="once"), 0),
            Append(turn("late", 3), 0),
            Append(placed("c", 1, TextDelta(text="hi")), 0),
            Append(started("\ud800"), 0),
            Append(started("driven"), 7),
            Append(turn("a", 2), 0),
            Append(started("d"), 0),
        ]
    )
    kinds = [type(answer) for answer in answers]
    assert kinds == [type(None), KeyTaken, WrongSeq, BadEvent, BadContent, LeaseLost, type(None), type(None)]
    assert {info.run_id: info.seq for info in await log.runs()} == {"a": 5, "d": 1}


async def test_nothing_is_appended_where_nothing_is_given(log: Log) -> None:
    """Neither of none, nor where all is refused before the store is asked."""
    assert await log.append_all([]) == []
    assert [type(answer) for answer in await log.append_all([Append(placed("c", 1, TextDelta(text="hi")), 0)])] == [
        BadEvent
    ]
    assert await log.runs() == []


async def test_who_follows_is_woken(log: Log) -> None:
    """As by any other append."""
    await log.append(started("run"))
    seen: list[int] = []

    async def follow() -> None:
        seen.extend([event.seq async for event in log.tail("run")])

    async with anyio.create_task_group() as group:
        group.start_soon(follow)
        await anyio.wait_all_tasks_blocked()
        await log.append_all([Append(turn("run", 2), 0)])
        await log.append_all([Append(finished("run", 6), 0)])
    assert seen == [1, 2, 3, 4, 5, 6]


async def test_a_call_that_is_cancelled_leaves_no_task_behind() -> None:
    """Where the store has to be asked for each append by itself."""
    rows = OneByOne()
    rows.stands = True
    log = Log(cast(RowStore, rows))
    async with anyio.create_task_group() as group:
        group.start_soon(log.append_all, [Append(started("a"), 0), Append(started("b"), 0)])
        await anyio.wait_all_tasks_blocked()
        assert rows.under_way == 2
        group.cancel_scope.cancel()
    await asyncio.sleep(0)
    assert rows.under_way == 0
