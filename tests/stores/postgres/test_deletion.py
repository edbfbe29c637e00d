"""What is deleted is in no table any more, and what somebody else still has stays."""

import anyio
import pytest

from loopbus.stores import Log
from loopbus.stores.artifacts import LARGE

from ..contract import read
from ..story import started, turn, whole
from .places import Plain, plain, rows, values, wait_for_a_lock
from .server import fresh_url

LONG = "x" * LARGE


async def kept(looking: Plain) -> dict[str, int]:
    """How many rows each table has."""
    tables = ("runs", "events", "artifacts", "uses")
    return {table: (await values(looking, f"SELECT count(*) FROM {table}"))[0][0] for table in tables}


async def test_nothing_of_a_deleted_session_is_left() -> None:
    """No run, event, lease or large value of it."""
    url = fresh_url()
    async with Log(rows(url)) as log, plain(url) as looking:
        for run_id in ("a", "b"):
            lease = await log.claim(run_id, "me")
            await log.append(started(run_id, session="alice", said=LONG), token=lease.token)
        await log.claim("never begun", "me")
        assert await kept(looking) == {"runs": 3, "events": 2, "artifacts": 1, "uses": 2}
        assert await log.delete_session("alice") == 2
        assert not await log.delete("never begun")
        assert await kept(looking) == dict.fromkeys(("runs", "events", "artifacts", "uses"), 0)


async def test_a_large_value_stays_for_who_has_it_too() -> None:
    """The last one takes it along."""
    url = fresh_url()
    async with Log(rows(url)) as log, plain(url) as looking:
        await log.append(started("a", said=LONG))
        await log.append([*started("b", said=LONG), *turn("b", 2, said=LONG)])
        await log.delete("a")
        assert await read(log, "b") == [*started("b", said=LONG), *turn("b", 2, said=LONG)]
        await log.delete("b")
        assert (await kept(looking))["artifacts"] == 0


async def test_a_large_value_that_is_just_being_used_stays() -> None:
    """Deleting its last run waits for the append of another one that has it too."""
    url = fresh_url()
    async with Log(rows(url)) as log, plain(url) as other, plain(url) as looking:
        await log.append(started("a", said=LONG))
        ((digest,),) = await values(looking, "SELECT digest FROM artifacts")
        await other.execute("BEGIN")
        await other.execute(
            "INSERT INTO artifacts VALUES (%s, 'x') ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest",
            [digest],
        )
        await other.execute("INSERT INTO uses VALUES (%s, 99, 1)", [digest])
        async with anyio.create_task_group() as group:
            group.start_soon(log.delete, "a")
            await wait_for_a_lock(looking)
            await other.execute("COMMIT")
        assert await kept(looking) == {"runs": 0, "events": 0, "artifacts": 1, "uses": 1}


@pytest.mark.parametrize("first", ["root", "fork", "other"])
async def test_forks_are_deleted_in_any_order(first: str) -> None:
    """Whoever is left has all of its events, and no row is there for nobody."""
    url = fresh_url()
    async with Log(rows(url)) as log, plain(url) as looking:
        await log.append(whole("root"))
        await log.fork("root", "fork", at=4)
        await log.fork("fork", "other", at=2)
        expected = {name: [event.seq for event in await read(log, name)] for name in ("root", "fork", "other")}
        order = [first, *(name for name in expected if name != first)]
        for number, name in enumerate(order, 1):
            await log.delete(name)
            for left in order[number:]:
                assert [event.seq for event in await read(log, left)] == expected[left]
                await log.verify(left)
        assert await kept(looking) == dict.fromkeys(("runs", "events", "artifacts", "uses"), 0)
