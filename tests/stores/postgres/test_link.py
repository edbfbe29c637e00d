"""A server that goes away, at whatever moment, costs time, and no event: none is lost, none is there twice."""

from collections.abc import AsyncGenerator

import anyio
import pytest

from loopbus.stores import Log, StoreBroken, WrongSeq, open_log
from loopbus.stores.postgres import link
from loopbus.stores.postgres.connection import Database, settings_of
from loopbus.stores.postgres.link import Link

from ..contract import read
from ..story import finished, started, turn, whole
from .places import rows
from .server import fresh_url, server_url
from .wire import Wire, wired


@pytest.fixture
async def wire(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Wire, None]:
    """A wire to a place where no log is yet."""
    async with wired(fresh_url(), tmp_path_factory.mktemp("w")) as wire:
        yield wire


def log_over(wire: Wire, *, patience_s: float = 5.0) -> Log:
    """A log at the other end of a wire."""
    return Log(rows(wire.url, patience_s=patience_s), poll_s=3600)


@pytest.mark.parametrize("heard", [False, True], ids=["before it is heard", "before it is answered"])
async def test_a_commit_that_is_cut_off_is_written_once(wire: Wire, heard: bool) -> None:
    """Whether or not it came to pass, the append returns when it has."""
    async with log_over(wire) as log:
        await log.append(started("run"))
        wire.cut_at, wire.heard = b"COMMIT", heard
        await log.append(turn("run", 2))
        assert not wire.cut_at
        await log.append(finished("run", 6))
        assert [event.seq for event in await read(log, "run")] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("heard", [False, True], ids=["before it is heard", "before it is answered"])
async def test_a_beginning_that_is_cut_off_is_written_once(wire: Wire, heard: bool) -> None:
    """With its key, which nobody else has then; many runs at once, two appends of one among them."""
    async with log_over(wire) as log:
        await log.runs()
        wire.cut_at, wire.heard = b"COMMIT", heard
        async with anyio.create_task_group() as group:
            for name in ("a", "b", "c"):
                group.start_soon(log.append, started(name, key=f"key {name}"))
            group.start_soon(log.append, turn("a", 2))
        assert [len(await read(log, name)) for name in ("a", "b", "c")] == [5, 1, 1]


@pytest.mark.parametrize("heard", [False, True], ids=["before it is heard", "before it is answered"])
async def test_what_became_of_an_append_is_found_out_later(wire: Wire, heard: bool) -> None:
    """If the server stays away, that is said; the same append again, or a longer one, then is no repeated call."""
    async with log_over(wire, patience_s=0.1) as log:
        await log.append(started("run"))
        wire.cut_at, wire.heard, wire.stays_down = b"COMMIT", heard, True
        with pytest.raises(StoreBroken, match="may or may not have been written"):
            await log.append(turn("run", 2))
        with pytest.raises(StoreBroken, match="cannot be reached"):
            await log.append(turn("run", 2))
        with pytest.raises(StoreBroken, match="cannot be reached"):
            await read(log, "run")
        wire.down = False
        await log.append([*turn("run", 2), *finished("run", 6)])
        assert await read(log, "run") == [*started("run"), *turn("run", 2), *finished("run", 6)]
        with pytest.raises(WrongSeq):
            await log.append([*turn("run", 2), *finished("run", 6)])


async def test_others_events_are_not_taken_for_ones_own(wire: Wire) -> None:
    """Who was cut off and finds something else in that place has lost a race."""
    async with log_over(wire, patience_s=0.1) as log, open_log(wire.url) as other:
        await log.append(started("run"))
        wire.cut_at, wire.stays_down = b"COMMIT", True
        with pytest.raises(StoreBroken):
            await log.append(turn("run", 2))
        wire.down = False
        await other.append(turn("run", 2, said="somebody else's"))
        with pytest.raises(WrongSeq):
            await log.append(turn("run", 2))


async def test_a_lost_connection_is_made_again(wire: Wire) -> None:
    """Between two calls nobody notices."""
    async with log_over(wire) as log:
        for number in range(3):
            await log.append(started(f"r{number}"))
            assert len(await log.runs()) == number + 1
            wire.cut()


async def test_a_wrong_address_is_said_at_once() -> None:
    """Nothing is waited for that was never there; the password is nobody's business."""
    url = server_url().replace("user=loopbus", "user=nobody-here&password=hunter2")
    async with open_log(url) as log:
        with anyio.fail_after(2), pytest.raises(StoreBroken, match="cannot be reached") as caught:
            await log.append(whole("run"))
    assert "hunter2" not in str(caught.value)


async def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After patience and a grace; the next work has a connection that is clean."""
    monkeypatch.setattr(link, "GRACE_S", 0.01)

    async def sleep(db: Database) -> None:
        await db.execute("SELECT pg_sleep(60)")

    one = Link(settings_of(server_url(), "slow", "power-loss", 0.3))
    await one.do(Database.now)
    with anyio.fail_after(10), pytest.raises(StoreBroken, match="did not answer in time"):
        await one.do(sleep)
    assert await one.do(Database.now) > 0
    await one.aclose()


async def test_a_reader_that_is_cancelled_leaves_the_connection_clean() -> None:
    """For whoever reads next."""

    async def sleep(db: Database) -> None:
        await db.execute("SELECT pg_sleep(60)")

    one = Link(settings_of(server_url(), "slow", "power-loss", 5))
    await one.do(Database.now)
    with anyio.move_on_after(0.01):
        await one.do(sleep)
    assert await one.do(Database.now) > 0
    await one.aclose()


async def test_what_is_no_fault_of_the_server_passes() -> None:
    """A mistake in the program is seen as what it is."""

    async def slip(db: Database) -> None:
        raise ZeroDivisionError

    one = Link(settings_of(server_url(), "slow", "power-loss", 5))
    with pytest.raises(ZeroDivisionError):
        await one.do(slip)
    await one.aclose()
