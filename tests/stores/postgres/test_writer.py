"""Appends of many runs share a transaction, and whoever gets in the way of one of them holds up no other for long."""

import anyio
import pytest

from loopbus.stores import (
    KeyTaken,
    Log,
    StoreBusy,
    StoreError,
    StoreMisused,
    WrongSeq,
)
from loopbus.stores.rows import Batch, Entry, Opening

from ..contract import read
from ..story import finished, started, turn
from .places import Plain, plain, rows, values, wait_for_a_lock
from .server import fresh_url


async def transactions(looking: Plain) -> int:
    """How many different transactions have written the runs that are there."""
    return (await values(looking, "SELECT count(DISTINCT xmin::text) FROM events"))[0][0]


async def test_appends_that_wait_share_a_transaction() -> None:
    """A hundred runs at once need one trip to the disk; and so do their leases."""
    url = fresh_url()
    async with Log(rows(url)) as log, plain(url) as looking:
        await log.runs()

        async def run(name: str) -> None:
            lease = await log.claim(name, "me")
            await log.append(started(name), token=lease.token)
            await log.append(turn(name, 2), token=lease.token)
            await log.release(lease)

        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(run, f"r{number}")
        assert await transactions(looking) == 2
        assert await values(looking, "SELECT count(DISTINCT xmin::text), bool_or(holder <> '') FROM runs") == [
            (1, False)
        ]


async def test_what_the_database_cannot_keep_fails_alone() -> None:
    """It is tried by itself, and so are the others."""
    url = fresh_url()
    store = rows(url)
    outcomes: dict[str, object] = {}

    async def append(run_id: str, agent: str) -> None:
        entries = [Entry(1, "run_started", 1, b"{}")]
        try:
            await store.append(Batch(run_id, entries, opening=Opening(agent, None, None, 0.0)))
        except StoreError as error:
            outcomes[run_id] = error
        else:
            outcomes[run_id] = None

    async with anyio.create_task_group() as group:
        for run_id, agent in (("a", "fine"), ("b", "\ud800"), ("c", "fine")):
            group.start_soon(append, run_id, agent)
    assert isinstance(outcomes.pop("b"), StoreMisused)
    assert outcomes == {"a": None, "c": None}
    assert (await store.info("a")).agent == "fine"
    await store.aclose()


async def test_a_refused_beginning_leaves_nothing() -> None:
    """No row of it, so its key and its name are free."""
    url = fresh_url()
    async with Log(rows(url)) as log, plain(url) as looking:
        await log.append(started("first", key="k"))
        with pytest.raises(KeyTaken):
            await log.append(started("second", key="k"))
        assert await values(looking, "SELECT run_id FROM runs") == [(b"first",)]


async def test_two_processes_with_one_key_begin_one_run() -> None:
    """The second waits for the first to be written, and is then told whose the key is."""
    url = fresh_url()
    async with Log(rows(url)) as log, plain(url) as other, plain(url) as looking:
        await log.runs()
        await other.execute("BEGIN")
        columns = "run_id, place, agent, key, started_at, seq, digest"
        await other.execute(f"INSERT INTO runs ({columns}) VALUES ('first', 99, '', 'k', 0, 1, '')".encode())

        async def second() -> None:
            with pytest.raises(KeyTaken, match="belongs to run first"):
                await log.append(started("second", key="k"))

        async with anyio.create_task_group() as group:
            group.start_soon(second)
            await wait_for_a_lock(looking)
            await other.execute("COMMIT")


async def test_a_locked_run_holds_up_no_other() -> None:
    """Who cannot be written within patience is told so; the rest of its transaction is written without it."""
    url = fresh_url()
    async with Log(rows(url, patience_s=0.1)) as log, plain(url) as other:
        await log.append(started("held"))
        await log.append(started("free"))
        await other.execute("BEGIN")
        await other.execute(b"SELECT 1 FROM runs WHERE run_id = 'held' FOR UPDATE")

        async def held() -> None:
            with pytest.raises(StoreBusy, match="locked; nothing was written"):
                await log.append(turn("held", 2))

        async with anyio.create_task_group() as group:
            group.start_soon(held)
            group.start_soon(log.append, turn("free", 2))
        assert len(await read(log, "free")) == 5
        await other.execute("ROLLBACK")
        await log.append(turn("held", 2))


async def test_two_that_wait_for_each_other_both_get_through() -> None:
    """The server ends one of them, and that one is done again."""
    url = fresh_url()
    # Only the log's own server process looks for the deadlock soon, so it is the one to be ended.
    impatient = Log(rows(url, server_options="-c deadlock_timeout=10ms"))
    async with impatient as log, plain(url) as other, plain(url) as looking:
        await log.append(started("a"))
        await log.append(started("b"))
        await other.execute("BEGIN")
        await other.execute("SET LOCAL deadlock_timeout = '1h'")
        await other.execute(b"SELECT 1 FROM runs WHERE run_id = 'b' FOR UPDATE")
        async with anyio.create_task_group() as group:
            group.start_soon(log.append, turn("a", 2))
            group.start_soon(log.append, turn("b", 2))
            await wait_for_a_lock(looking)
            await other.execute(b"SELECT 1 FROM runs WHERE run_id = 'a' FOR UPDATE")
            await other.execute("COMMIT")
        assert [len(await read(log, name)) for name in "ab"] == [5, 5]


async def test_more_runs_than_share_a_transaction() -> None:
    """Are written in several."""
    async with Log(rows()) as log:
        async with anyio.create_task_group() as group:
            for number in range(1_100):
                group.start_soon(log.append, started(f"r{number}"))
        assert len(await log.runs(limit=2_000)) == 1_100


async def test_two_appends_of_a_run_may_wait_together() -> None:
    """In their order; one that does not fit is refused as ever."""
    async with Log(rows()) as log:
        refused: list[int] = []

        async def append(first: int) -> None:
            try:
                await log.append(turn("run", first) if first > 1 else started("run"))
            except WrongSeq:
                refused.append(first)

        async with anyio.create_task_group() as group:
            for first in (1, 2, 6, 7):
                group.start_soon(append, first)
        assert refused == [7]
        await log.append(finished("run", 10))
        assert len(await read(log, "run")) == 10
