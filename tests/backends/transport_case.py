"""What the suites of a transport share: how one is made, how it is asked, and servers that answer in a known way."""

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from loopbus.backends.transport import DEFAULT_TIMEOUTS, HttpRequest, Timeouts, Transport

from .servers import END, HEAD, Connection, chunked

SHORT = Timeouts(connect_s=1, first_byte_s=0.05, idle_s=0.05)


class TransportCase(ABC):
    """A suite: subclass it for a transport."""

    @abstractmethod
    def transport(
        self, timeouts: Timeouts = DEFAULT_TIMEOUTS, *, max_connections: int = 1000, trust_env: bool = True
    ) -> Transport:
        """The transport under test."""


async def read(transport: Transport, url: str, **request: Any) -> bytes:
    """The whole body of one answer."""
    async with transport.open(HttpRequest(url, **request)) as reply:
        return await reply.read(1_000_000)


async def answer_ok(connection: Connection) -> None:
    """Answer with three chunks."""
    await connection.send(HEAD, *map(chunked, (b"one ", b"two ", b"three")), END)


async def answer_endlessly(connection: Connection) -> None:
    """Answer with one chunk and then no more."""
    await connection.send(HEAD + chunked(b"one"))
    await connection.wait_gone()


async def answer_by_path(connection: Connection) -> None:
    """Answer ``/ok`` well and everything else endlessly."""
    await (answer_ok if b" /ok " in connection.head else answer_endlessly)(connection)


async def let_pass(ticks: int) -> None:
    """Let the loop turn ``ticks`` times."""
    for _ in range(ticks):
        await asyncio.sleep(0)
