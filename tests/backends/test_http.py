"""HTTP over httpx: what every transport holds, and a pool that outlives what httpcore loses."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import anyio
import pytest

from loopbus.backends.errors import Broken
from loopbus.backends.http import HttpxTransport, load_httpx
from loopbus.backends.transport import DEFAULT_TIMEOUTS, Timeouts, Transport

from .servers import Connection, serving
from .transport_case import SHORT, read
from .transport_cleanup import CleanupContract
from .transport_contract import ExchangeContract
from .transport_network import NetworkContract

httpx: Any = load_httpx()


class TestHttpx(ExchangeContract, CleanupContract, NetworkContract):
    def transport(
        self, timeouts: Timeouts = DEFAULT_TIMEOUTS, *, max_connections: int = 1000, trust_env: bool = True
    ) -> Transport:
        return HttpxTransport(timeouts, max_connections=max_connections, trust_env=trust_env)


def answering(**body: Any) -> Any:
    """No network at all, but the same answer to every request."""

    def answer(request: Any) -> Any:
        return httpx.Response(200, **body)

    return httpx.MockTransport(answer)


async def test_a_pool_that_lost_its_places_is_replaced(caplog: pytest.LogCaptureFixture) -> None:
    """Waiting for a place that the gate had promised is proof of a leak: a fresh client takes over, and says so."""
    faults = iter([httpx.PoolTimeout("no place")])

    def answer(request: Any) -> Any:
        for fault in faults:
            raise fault
        return httpx.Response(200, content=b"fine")

    async with aclosing(HttpxTransport(inner=httpx.MockTransport(answer))) as transport:
        assert await read(transport, "http://127.0.0.1/") == b"fine"
    assert "a fresh HTTP client takes over" in caplog.text


async def test_a_pool_that_stays_without_places_is_broken() -> None:
    """The second client is the last that is tried."""

    def answer(request: Any) -> Any:
        raise httpx.PoolTimeout("no place")

    async with aclosing(HttpxTransport(inner=httpx.MockTransport(answer))) as transport:
        with pytest.raises(Broken, match="became free"):
            await read(transport, "http://127.0.0.1/")


async def test_a_body_that_cannot_be_closed_costs_the_reply_nothing() -> None:
    """What came is whole; a failing farewell is no reason to lose it."""

    class Stuck(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncGenerator[bytes, None]:
            yield b"whole"

        async def aclose(self) -> None:
            raise OSError("stuck")

    async with aclosing(HttpxTransport(inner=answering(stream=Stuck()))) as transport:
        assert await read(transport, "http://127.0.0.1/") == b"whole"


async def test_only_a_lost_place_costs_a_client(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled handshake, a stalled server, a refusing proxy: after each of them the pool is as good as before."""

    async def answer(connection: Connection) -> None:
        if connection.head.startswith(b"CONNECT"):
            await connection.send(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
        else:
            await connection.wait_gone()

    async with serving(answer) as server, aclosing(HttpxTransport(SHORT)) as transport:
        with anyio.move_on_after(0.02):
            await read(transport, server.url.replace("http:", "https:"))
        with pytest.raises(Broken):
            await read(transport, server.url)
        await transport.aclose()
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        with pytest.raises(Broken, match="proxy"):
            await read(transport, "https://models.example/v1")
    assert "takes over" not in caplog.text
