"""Who follows a run hears at once of what other processes write to it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import anyio.lowlevel
import pytest

from loopbus.stores import Log, NoSuchRun, StoreClosed
from loopbus.stores.bells import Bells
from loopbus.stores.postgres import signals

from ..story import finished, started, turn
from .places import plain, rows, values
from .server import fresh_url
from .wire import wired


@pytest.fixture
def url() -> str:
    """Where no log is yet."""
    return fresh_url()


@pytest.fixture
async def writing(url: str) -> AsyncGenerator[Log, None]:
    """One process's log."""
    async with Log(rows(url), poll_s=3600) as log:
        yield log


@pytest.fixture
async def reading(url: str) -> AsyncGenerator[Log, None]:
    """Another's; it would look by itself after an hour."""
    async with Log(rows(url), poll_s=3600) as log:
        yield log


async def test_a_tail_wakes_when_another_process_writes(writing: Log, reading: Log) -> None:
    """Every event once, in order, without waiting for the next look; also of runs with strange names."""
    with anyio.fail_after(20):
        for run_id in ("run", 'a\0"ß'):
            await writing.append(started(run_id))
            async with aclosing(reading.tail(run_id)) as events:
                assert (await anext(events)).seq == 1
                for event in [*turn(run_id, 2), *finished(run_id, 6)]:
                    await writing.append([event])
                    assert (await anext(events)) == event


async def test_a_tail_hears_that_its_run_was_deleted(writing: Log, reading: Log) -> None:
    """Instead of waiting for what never comes."""
    await writing.append(started("run"))
    with anyio.fail_after(20):
        async with aclosing(reading.tail("run")) as events:
            await anext(events)
            await writing.delete("run")
            with pytest.raises(NoSuchRun):
                await anext(events)


async def test_a_process_is_not_woken_by_its_own_words(url: str) -> None:
    """It knows already; only what others say rings."""
    async with Log(rows(url)) as one, Log(rows(url)) as other:
        bells = Bells()
        store = rows(url)
        assert await store.hear(bells)
        own, theirs = bells.of("own"), bells.of("theirs")
        async with Log(store) as log:
            await log.append(started("own"))
            await one.append(started("theirs"))
            with anyio.fail_after(20):
                await theirs.wait()
            assert not own.is_set()
        await other.runs()


async def test_many_runs_are_told_in_few_words(url: str) -> None:
    """However many, and however long their names: one notification while it fits, never one in a run's transaction."""
    names = [f"{number}{'ä' * 200}" for number in range(60)]
    async with plain(url) as listener, Log(rows(url)) as log:
        channel = url.partition("&schema=")[2] + ".appended"
        await log.runs()
        await listener.execute(f'LISTEN "{channel}"'.encode())
        async with anyio.create_task_group() as group:
            for name in names:
                group.start_soon(log.append, started(name))
        told: list[str] = []
        payloads: list[str] = []
        with anyio.fail_after(20):
            async for word in listener.notifies():
                payloads.append(word.payload)
                told += signals.words_of(word.payload)[1:]
                if len(told) == len(names):
                    break
    assert sorted(told) == sorted(names)
    assert len(payloads) < len(names) // 2
    assert max(map(len, payloads)) < 8_000


async def test_whoever_was_deaf_for_a_while_looks_by_itself(
    tmp_path_factory: pytest.TempPathFactory, url: str, monkeypatch: pytest.MonkeyPatch, writing: Log
) -> None:
    """A listener that lost its connection listens again, and wakes all who may have missed something."""
    monkeypatch.setattr(signals, "PAUSE_S", 0.02)
    async with wired(url, tmp_path_factory.mktemp("w")) as wire, Log(deaf := rows(wire.url)):
        bells = Bells()
        assert await deaf.hear(bells)
        missed, other = bells.of("run"), bells.of("other")
        wire.down = True
        wire.cut()
        await writing.append(started("run"))
        wire.down = False
        with anyio.fail_after(20):
            await missed.wait()
            await other.wait()


async def test_a_log_that_hears_nothing_looks_by_itself(
    url: str, writing: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one cannot listen, following goes on as often as was asked for."""

    async def refused(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(signals, "connect", refused)
    await writing.append(started("run"))
    async with Log(rows(url), poll_s=0.01) as polling:
        with anyio.fail_after(20):
            async with aclosing(polling.tail("run")) as events:
                assert (await anext(events)).seq == 1
                await writing.append(turn("run", 2))
                assert (await anext(events)).seq == 2


async def test_what_strangers_say_is_overheard(url: str, writing: Log, reading: Log) -> None:
    """A channel is open to all; nothing that is said on it does any harm."""
    await writing.append(started("run"))
    channel = url.partition("&schema=")[2] + ".appended"
    async with plain(url) as stranger, aclosing(reading.tail("run")) as events:
        await anext(events)
        for word in ("", "hello", "{}", "[]", "[1, 2]", '["run"]'):
            await values(stranger, f"SELECT pg_notify('{channel}', '{word}')")
        await writing.append(turn("run", 2))
        with anyio.fail_after(20):
            assert (await anext(events)).seq == 2


async def test_a_closed_log_hears_nothing(url: str) -> None:
    """It says that it is closed."""
    store = rows(url)
    await store.aclose()
    with pytest.raises(StoreClosed):
        await store.hear(Bells())


async def test_others_hear_of_what_nobody_waited_for(url: str, reading: Log) -> None:
    """An append whose caller was cancelled, and the last one before its log was closed."""
    async with Log(rows(url), poll_s=3600) as writing:
        await writing.append(started("run"))
        async with aclosing(reading.tail("run")) as events:
            await anext(events)
            with anyio.CancelScope() as scope:
                scope.cancel()
                await writing.append(turn("run", 2))
            with anyio.fail_after(20):
                assert [(await anext(events)).seq for _ in range(4)] == [2, 3, 4, 5]
                async with anyio.create_task_group() as group:
                    group.start_soon(writing.append, finished("run", 6))
                    await anyio.lowlevel.checkpoint()
                    await writing.aclose()
                assert (await anext(events)).seq == 6
