"""What HTTP costs: twenty runs at a time, each of two requests to a server on loopback."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, aclosing, contextmanager
from pathlib import Path

from loopbus import Agent, Runtime, tool
from loopbus.backends import OpenAICompatible
from loopbus.backends.http import HttpxTransport
from loopbus.backends.http_aiohttp import AiohttpTransport
from loopbus.backends.transport import HttpRequest, Transport

from .figures import Figure, Target, figure
from .harness import Effort, Pairs, Sample, Stopwatch, interleave
from .transport_floor import FIRST, HEADERS, SECOND, Post, over_aiohttp, over_httpx, text
from .transport_server import WORD, WORDS

AT_ONCE = 20
RUNS = {"httpx": 100, "aiohttp": 400}
"""How many runs a sample has."""
MICROSECONDS = 1e6
ROOT = Path(__file__).resolve().parent.parent
ANSWER = WORD * WORDS

BY_HAND: dict[str, Callable[[str], AbstractAsyncContextManager[Post]]] = {"httpx": over_httpx, "aiohttp": over_aiohttp}
OURS: dict[str, Callable[[], Transport]] = {
    "httpx": lambda: HttpxTransport(trust_env=False),
    "aiohttp": lambda: AiohttpTransport(trust_env=False),
}

Run = Callable[[], Awaitable[str]]


@tool
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


def figures(effort: Effort) -> list[Figure]:
    """Both clients: our transport beside the client by hand, and a whole run of an agent beside the same two requests.

    With ``httpx2`` installed, that is what "httpx" is, on both sides.
    """
    with _server() as address:
        return [found for name in OURS for found in asyncio.run(_measure(name, address, effort.at_most(5)))]


async def _measure(name: str, address: str, effort: Effort) -> list[Figure]:
    amount = effort.times(RUNS[name], least=AT_ONCE)
    backend = OpenAICompatible(address, "benchmark", transport=OURS[name]())
    async with BY_HAND[name](address) as post, aclosing(OURS[name]()) as transport, Runtime() as runtime:
        agent = Agent(backend, tools=[add])

        async def by_hand() -> str:
            await post(FIRST)
            return text(await post(SECOND))

        async def carried() -> str:
            await _carry(transport, address, FIRST)
            return text(await _carry(transport, address, SECOND))

        async def run() -> str:
            return (await runtime.run(agent, "What is 17 + 25?")).output

        ways: dict[str, Run] = {"by hand": by_hand, "carried": carried, "run": run}
        taken = await interleave({way: _sample(once, amount) for way, once in ways.items()}, effort)
    await backend.aclose()
    return _figures(name, taken)


def _figures(name: str, taken: dict[str, list[float]]) -> list[Figure]:
    carried, run = Pairs(taken["carried"], taken["by hand"]), Pairs(taken["run"], taken["by hand"])
    quick_enough = Target("value", 1000) if name == "aiohttp" else None
    return [
        figure(f"two requests, {name}", "us", carried, Target("ratio", 1.25), per_second=MICROSECONDS),
        figure(f"a run of two requests, {name}", "us", run, quick_enough, per_second=MICROSECONDS),
    ]


async def _carry(transport: Transport, address: str, body: bytes) -> bytes:
    request = HttpRequest(f"{address}/chat/completions", headers=HEADERS, body=body)
    async with transport.open(request) as reply:
        return b"".join([chunk async for chunk in reply.chunks])


def _sample(once: Run, amount: int) -> Sample:
    """CPU seconds a run, with so many of them at a time."""

    async def sample() -> float:
        left = amount

        async def work() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                assert await once() == ANSWER

        with Stopwatch() as watch:
            async with asyncio.TaskGroup() as workers:
                for _ in range(AT_ONCE):
                    workers.create_task(work())
        return watch.cpu_s / amount

    return sample


@contextmanager
def _server() -> Generator[str, None, None]:
    command = [sys.executable, "-m", "benchmarks.transport_server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        # Leaving the block closes the server's standard input, and so ends it.
