"""The engine is one process, started when it is wanted, shared by all, and gone when its owner is."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic_core import from_json

from loopbus.backends.http import HttpxTransport
from loopbus.backends.local import engine as engine_module
from loopbus.backends.local.engine import Address, Engine, EngineOptions, spare_cores
from loopbus.backends.local.errors import EngineFailed
from loopbus.backends.transport import HttpRequest

from ..servers import Canned

MakeWeights = Callable[..., Path]


@asynccontextmanager
async def an_engine(path: Path, options: EngineOptions | None = None) -> AsyncGenerator[Engine, None]:
    """An engine for the weights at ``path``; stopped in the end."""
    transport = HttpxTransport(trust_env=False)
    starts = 0

    async def prepare() -> Path:
        nonlocal starts
        starts += 1
        await anyio.lowlevel.checkpoint()
        return path

    engine = Engine("model", prepare, transport, options or EngineOptions())
    try:
        yield engine
    finally:
        await engine.aclose()
        await transport.aclose()
        assert starts <= 2


async def seen(address: Address, key: str | None = None) -> tuple[int, Any]:
    """What the engine says of itself to whoever shows ``key``, its own unless another is given."""
    shown = address.key.get_secret_value() if key is None else key
    transport = HttpxTransport(trust_env=False)
    request = HttpRequest(f"{address.url}/slots", "GET", {"authorization": f"Bearer {shown}"})
    async with transport.open(request) as reply:
        told = from_json(await reply.read(1_000_000))
    await transport.aclose()
    return reply.status, told


def is_running(pid: int) -> bool:
    """Whether the process lives; a zombie does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


async def wait_gone(pid: int) -> None:
    """Wait until the process is dead; ten seconds, then it is a failure."""
    with anyio.fail_after(10):
        # What is not our child cannot be awaited.
        while is_running(pid):  # noqa: ASYNC110
            await anyio.sleep(0.01)


async def test_it_starts_when_it_is_first_wanted(fake_weights: MakeWeights) -> None:
    """Not before; then it listens on loopback and is healthy."""
    async with an_engine(fake_weights()) as engine:
        assert engine.pid is None
        address = await engine.address()
        assert address.url.startswith("http://127.0.0.1:")
        assert engine.pid is not None
        assert engine.pid != os.getpid()


async def test_those_who_ask_at_once_share_one_start(fake_weights: MakeWeights) -> None:
    """Ten of them get the same address of the same process."""
    found: list[Address] = []

    async with an_engine(fake_weights()) as engine:

        async def ask() -> None:
            found.append(await engine.address())

        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(ask)
    assert len(found) == 10
    assert len({address.url for address in found}) == 1


async def test_it_is_run_as_the_options_say(fake_weights: MakeWeights) -> None:
    """The context is for each slot, threads are for prompts and replies alike, and no web page may ask it anything."""
    async with an_engine(fake_weights(), EngineOptions(context=100, slots=3, threads=5)) as engine:
        _, told = await seen(await engine.address())
    assert (told["n_ctx"], told["n_parallel"], told["threads"]) == (300, 3, [5, 5])
    assert (told["hosts"], told["cors"]) == (["127.0.0.1"], "")


def test_one_core_is_left_to_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them but one, and one at least."""
    if sys.platform != "linux":
        pytest.skip("other systems only tell how many cores there are")
    for cores, threads in ((1, 1), (2, 1), (8, 7)):
        monkeypatch.setattr(os, "sched_getaffinity", partial(_first_cores, cores))
        assert spare_cores() == threads


def _first_cores(count: int, _: int) -> set[int]:
    return set(range(count))


async def test_only_who_knows_its_key_is_answered(fake_weights: MakeWeights) -> None:
    """Anyone on this machine can reach loopback; the key is made anew for each start, and shown to nobody."""
    async with an_engine(fake_weights()) as engine:
        address = await engine.address()
        assert (await seen(address))[0] == 200
        assert (await seen(address, "guess"))[0] == 401
        assert address.key.get_secret_value() not in repr(address)
        await engine.aclose()
        assert (await engine.address()).key != address.key


async def test_ctrl_c_does_not_reach_it(fake_weights: MakeWeights) -> None:
    """A terminal interrupts all processes of a session; what follows is for the runtime to decide."""
    async with an_engine(fake_weights()) as engine:
        await engine.address()
        assert engine.pid is not None
        assert os.getsid(engine.pid) != os.getsid(0)


async def test_closing_stops_it_and_leaves_nothing(fake_weights: MakeWeights, cache: Path) -> None:
    """The process is gone when ``aclose`` returns, its log too; closing again is harmless."""
    async with an_engine(fake_weights()) as engine:
        await engine.address()
        pid = engine.pid
        assert pid is not None
        assert list((cache / "logs").iterdir())
        await engine.aclose()
        assert not is_running(pid)
        assert engine.pid is None
        assert not list((cache / "logs").iterdir())
        await engine.aclose()


async def test_after_its_death_the_next_who_asks_gets_another(fake_weights: MakeWeights) -> None:
    """A dead engine is noticed, and what it died of can be told."""
    async with an_engine(fake_weights()) as engine:
        await engine.address()
        pid = engine.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        epitaph = await engine.wait_epitaph()
        assert "exit code -9" in epitaph
        assert "loading" in epitaph
        await engine.address()
        assert engine.pid not in (None, pid)


async def test_while_it_lives_there_is_no_epitaph(fake_weights: MakeWeights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor before it was started."""
    monkeypatch.setattr(engine_module, "FAREWELL_S", 0.0)
    async with an_engine(fake_weights()) as engine:
        assert await engine.wait_epitaph() == ""
        await engine.address()
        assert await engine.wait_epitaph() == ""


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"fails": "the tensors are upside down"}, "the tensors are upside down"),
        ({"health": 503}, "its health check answered 503"),
    ],
)
async def test_a_failed_start_says_why(fake_weights: MakeWeights, behaviour: dict[str, Any], words: str) -> None:
    """The model's path, and the end of the log, which stays to be read."""
    path = fake_weights(**behaviour)
    async with an_engine(path) as engine:
        with pytest.raises(EngineFailed, match=words) as caught:
            await engine.address()
        assert str(path) in str(caught.value)
        assert engine.pid is None


async def test_a_process_that_cannot_be_started_is_told_as_such(fake_weights: MakeWeights) -> None:
    """With the system's own words."""
    path = fake_weights()

    async def prepare() -> Path:
        return path

    engine = Engine("model", prepare, Canned(), command=["/no/such/python"])
    with pytest.raises(EngineFailed, match=r"cannot be started \(.*/no/such/python"):
        await engine.address()


async def test_a_start_that_takes_too_long_is_given_up(
    fake_weights: MakeWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is stopped too."""
    monkeypatch.setattr(engine_module, "START_S", 0.3)
    async with an_engine(fake_weights(hangs=True)) as engine:
        with pytest.raises(EngineFailed, match=r"was not up after 0\.3 s"):
            await engine.address()


async def test_a_cancelled_start_leaves_no_process(fake_weights: MakeWeights, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next one who asks begins anew."""
    spawned: list[subprocess.Popen[bytes]] = []
    spawn = subprocess.Popen[bytes]

    def remember(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        spawned.append(spawn(*args, **kwargs))
        return spawned[-1]

    monkeypatch.setattr(subprocess, "Popen", remember)
    path = fake_weights(hangs=True)
    async with an_engine(path) as engine:
        with anyio.move_on_after(0.3) as scope:
            await engine.address()
        assert scope.cancelled_caught
        assert spawned[0].returncode is not None
        fake_weights()
        assert (await engine.address()).url
    assert len(spawned) == 2


def test_it_serves_one_event_loop_after_another(fake_weights: MakeWeights) -> None:
    """The process outlives the loop that started it, for as long as its owner wants it."""
    path = fake_weights()
    transport = HttpxTransport(trust_env=False)

    async def prepare() -> Path:
        return path

    engine = Engine("model", prepare, transport)
    first = asyncio.run(engine.address())
    second = asyncio.run(engine.address())
    assert first == second

    async def close() -> None:
        await engine.aclose()
        await transport.aclose()

    asyncio.run(close())


PARENT = """
    import asyncio, os, sys, time
    from pathlib import Path
    from loopbus.backends.http import HttpxTransport
    from loopbus.backends.local.engine import Engine

    async def prepare():
        return Path(sys.argv[1])

    async def main():
        engine = Engine("model", prepare, HttpxTransport(trust_env=False))
        await engine.address()
        sleeper = os.fork() if sys.argv[2:] else -1
        if sleeper:
            print(f"{engine.pid} {sleeper}", flush=True)
        time.sleep(60)

    asyncio.run(main())
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
async def test_it_dies_with_its_parent(fake_weights: MakeWeights, end: signal.Signals) -> None:
    """Whatever the parent dies of, and though it has no moment left to say so."""
    command = [sys.executable, "-c", textwrap.dedent(PARENT), str(fake_weights())]
    async with await anyio.open_process(command, stderr=None) as parent:
        assert parent.stdout is not None
        pid = int((await parent.stdout.receive()).split()[0])
        assert is_running(pid)
        parent.send_signal(end)
        await parent.wait()
        await wait_gone(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a child with its parent")
async def test_it_dies_with_its_parent_though_another_child_keeps_the_pipe_open(fake_weights: MakeWeights) -> None:
    """A process that was forked off holds all that its parent held."""
    command = [sys.executable, "-c", textwrap.dedent(PARENT), str(fake_weights()), "fork"]
    async with await anyio.open_process(command, stderr=None) as parent:
        assert parent.stdout is not None
        pid, sleeper = map(int, (await parent.stdout.receive()).split())
        parent.kill()
        await parent.wait()
        try:
            assert is_running(sleeper)
            await wait_gone(pid)
        finally:
            os.kill(sleeper, signal.SIGKILL)
