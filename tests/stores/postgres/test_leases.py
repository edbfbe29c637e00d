"""One process drives a run: whoever comes in between waits, and then knows how things stand."""

import anyio
import pytest

from loopbus.stores import LeaseHeld, LeaseLost, Log, StoreBroken
from loopbus.stores.postgres.connection import Database, settings_of
from loopbus.stores.postgres.link import Link

from ..contract import read
from ..story import started, turn
from .places import plain, rows, values, wait_for_a_lock
from .server import fresh_url


async def test_one_of_many_processes_gets_the_lease() -> None:
    """F90: all ask at once, one drives, and only it can write."""
    url = fresh_url()
    logs = [Log(rows(url)) for _ in range(4)]
    await logs[0].append(started("run"))
    won: list[int] = []

    async def drive(number: int) -> None:
        try:
            lease = await logs[number].claim("run", f"process {number}")
        except LeaseHeld:
            with pytest.raises(LeaseLost):
                await logs[number].append(turn("run", 2))
        else:
            await logs[number].append(turn("run", 2), token=lease.token)
            won.append(number)

    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(drive, number)
    assert len(won) == 1
    assert len(await read(logs[0], "run")) == 5
    for log in logs:
        await log.aclose()


async def test_a_claim_waits_for_an_append_that_is_under_way() -> None:
    """Who gets the lease finds all that the former driver will ever have written."""
    url = fresh_url()
    async with Log(rows(url)) as log, plain(url) as other, plain(url) as looking:
        await log.append(started("run"))
        await other.execute("BEGIN")
        await other.execute(b"UPDATE runs SET seq = 2 WHERE run_id = 'run'")
        seen: list[int] = []

        async def take_over() -> None:
            await log.claim("run", "me")
            seen.append((await log.info("run")).seq)

        async with anyio.create_task_group() as group:
            group.start_soon(take_over)
            await wait_for_a_lock(looking)
            assert not seen
            await other.execute("COMMIT")
        assert seen == [2]


@pytest.mark.parametrize("writes", [True, False], ids=["writes", "claims"])
async def test_a_lease_that_is_just_being_given_counts(writes: bool) -> None:
    """Whoever comes in between waits for it, and then knows of it."""
    url = fresh_url()
    async with Log(rows(url)) as log, plain(url) as other, plain(url) as looking:
        await log.append(started("run"))
        await other.execute("BEGIN")
        until = "extract(epoch FROM clock_timestamp()) + 30"
        await other.execute(f"UPDATE runs SET holder = 'other', token = 1, until = {until}, ttl_s = 60".encode())

        async def come_in_between() -> None:
            if writes:
                with pytest.raises(LeaseLost):
                    await log.append(turn("run", 2))
            else:
                with pytest.raises(LeaseHeld):
                    await log.claim("run", "me")

        async with anyio.create_task_group() as group:
            group.start_soon(come_in_between)
            await wait_for_a_lock(looking)
            await other.execute("COMMIT")


async def test_leases_go_by_the_clock_of_the_server() -> None:
    """Which all processes share, however wrong their own are."""
    url = fresh_url()
    async with Log(rows(url)) as log, plain(url) as looking:
        lease = await log.claim("run", "me", ttl_s=30)
        ((now,),) = await values(looking, "SELECT extract(epoch FROM clock_timestamp())::float8")
        assert now - 20 < lease.until - 30 <= now
        assert await log.renew("me", ttl_s=60) == {"run"}
        with pytest.raises(LeaseHeld) as caught:
            await log.claim("run", "other")
        assert caught.value.until > lease.until


async def test_who_stops_in_the_middle_of_a_transaction_is_thrown_out() -> None:
    """A process that was stopped keeps its locks for no longer than its patience, and cannot commit when it wakes."""
    url = fresh_url()
    conninfo, _, schema = url.partition("&schema=")
    stopped = Link(settings_of(conninfo, schema, "power-loss", 0.05))
    async with Log(rows(url)) as log:
        await log.append(started("run"))

        async def stop_and_wake(db: Database) -> None:
            await db.execute("BEGIN")
            await db.execute("UPDATE runs SET seq = 99")
            lease = await log.claim("run", "other")
            await log.append(turn("run", 2), token=lease.token)
            await db.execute("COMMIT")

        with pytest.raises(StoreBroken):
            await stopped.do(stop_and_wake)
        assert len(await read(log, "run")) == 5
    await stopped.aclose()
