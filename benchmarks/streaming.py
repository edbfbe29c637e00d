"""What a streamed text delta costs, from the socket to whoever reads the run's events."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import httpx

from loopbus import Agent, Runtime
from loopbus.backends import OpenAICompatible
from loopbus.backends.http import HttpxTransport
from loopbus.events import TextDelta

from .figures import Figure, Target, figure
from .harness import Effort, Pairs, Sample, Stopwatch, interleave
from .streaming_floor import read_bytes, read_lines
from .streaming_server import WORD

MODES = {"burst": 20_000, "single": 3_000}
"""How the server writes, and how many deltas a sample has."""
NAMES = {"burst": "many to a write", "single": "one a write"}
MICROSECONDS = 1e6
ROOT = Path(__file__).resolve().parent.parent

Read = Callable[[str], Awaitable[int]]


def figures(effort: Effort) -> list[Figure]:
    """A delta that arrives among many, and one that arrives by itself."""
    with _server() as address:
        return asyncio.run(_measure(effort.at_most(5), address))


async def _measure(effort: Effort, address: str) -> list[Figure]:
    found: list[Figure] = []
    async with Runtime() as runtime, httpx.AsyncClient(trust_env=False) as client:

        async def ours(url: str) -> int:
            return await _read_run(runtime, url)

        readers: dict[str, Read] = {
            "ours": ours,
            "lines": lambda url: read_lines(client, url),
            "bytes": lambda url: read_bytes(client, url),
        }
        for mode, full in MODES.items():
            amount = effort.times(full, least=50)
            url = f"{address}/{mode}/{amount}"
            taken = await interleave({name: _sample(read, url, amount) for name, read in readers.items()}, effort)
            found += _figures(f"delta, {NAMES[mode]}", taken)
    return found


def _figures(name: str, taken: dict[str, list[float]]) -> list[Figure]:
    natural, quick = Pairs(taken["ours"], taken["lines"]), Pairs(taken["ours"], taken["bytes"])
    return [
        figure(name, "us", natural, Target("ratio", 1.25), per_second=MICROSECONDS),
        figure(f"{name}, over bytes by hand", "us", quick, per_second=MICROSECONDS),
    ]


def _sample(read: Read, url: str, amount: int) -> Sample:
    async def sample() -> float:
        with Stopwatch() as watch:
            characters = await read(url)
        assert characters == amount * len(WORD)
        return watch.cpu_s / amount

    return sample


async def _read_run(runtime: Runtime, url: str) -> int:
    """Run an agent and read its events as a user who shows the answer while it is written."""
    backend = OpenAICompatible(url, "benchmark", transport=HttpxTransport(trust_env=False))
    characters = 0
    try:
        run = await runtime.start(Agent(backend), "Talk to me.")
        async for event in run.events(ephemeral=True):
            if type(event) is TextDelta:
                characters += len(event.text)
    finally:
        await backend.aclose()
    return characters


@contextmanager
def _server() -> Generator[str, None, None]:
    command = [sys.executable, "-m", "benchmarks.streaming_server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        # Leaving the block closes the server's standard input, and so ends it.
