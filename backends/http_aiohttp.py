"""HTTP over aiohttp (extra ``[fast]``): a tenth of the CPU that httpx takes for the same exchange."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import anyio

from .errors import NotConfigured
from .extras import load
from .http import ssl_context
from .route import ROUTES, Route, find_route
from .transport import CLOSE_S, DEFAULT_TIMEOUTS, HttpReply, HttpRequest, Timeouts, check_headers
from .watch import Watch

if TYPE_CHECKING:
    import aiohttp
    import yarl

MISSING = "this transport needs aiohttp: pip install 'loopbus[fast]'"
MAX_HEADER_BYTES = 64 * 1024
"""aiohttp's own limit, 8 kB, is less than what some gateways send."""


class AiohttpTransport:
    """A ``Transport`` over aiohttp. Its parameters mean what they mean to ``HttpxTransport``.

    Proxies of http:// and https:// are spoken to, SOCKS is not.

    :raises NotConfigured: aiohttp is not installed.
    """

    def __init__(
        self, timeouts: Timeouts = DEFAULT_TIMEOUTS, *, max_connections: int = 1000, trust_env: bool = True
    ) -> None:
        load("aiohttp", MISSING)
        self._timeouts = timeouts
        self._max_connections = max_connections
        self._trust_env = trust_env
        self._pool: _Pool | None = None

    @asynccontextmanager
    async def open(self, request: HttpRequest) -> AsyncGenerator[HttpReply, None]:
        """See ``Transport.open``."""
        check_headers(request.headers)
        pool = self._pool
        if pool is None or pool.loop is not asyncio.get_running_loop():
            pool = await self._new_pool()
        route, address = pool.way(request.url)
        async with pool.gate:
            watch = Watch(route, self._timeouts)
            try:
                response = await watch.head(pool.send(request, route, address))
                chunks = watch.chunks(response.content.iter_any())
                try:
                    yield HttpReply(response.status, response.headers, chunks)
                finally:
                    # Nothing is done here if the body was read to its end; if not, the connection is of no more use.
                    response.close()
                    await chunks.aclose()
            finally:
                watch.stop()

    async def aclose(self) -> None:
        """See ``Transport.aclose``. Streams that are still open break."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()

    async def _new_pool(self) -> "_Pool":
        await self.aclose()
        pool = self._pool = _Pool(self._max_connections, self._timeouts, self._trust_env)
        return pool


class _Pool:
    """The connections of one event loop, behind a gate that lets in whoever came first."""

    def __init__(self, size: int, timeouts: Timeouts, trust_env: bool) -> None:
        library = load("aiohttp", MISSING)
        self.loop = asyncio.get_running_loop()
        self.gate = anyio.Semaphore(size, fast_acquire=True)
        self.way = lru_cache(ROUTES)(partial(_way, trust_env=trust_env))
        # Everything but connecting is bounded by the exchange's watch, and the number of connections by the gate.
        self._session: aiohttp.ClientSession = library.ClientSession(
            connector=library.TCPConnector(limit=0, resolver=library.ThreadedResolver()),
            cookie_jar=library.DummyCookieJar(),
            timeout=library.ClientTimeout(total=None, connect=timeouts.connect_s),
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
        )

    def send(self, request: HttpRequest, route: Route, address: "yarl.URL") -> "Awaitable[aiohttp.ClientResponse]":
        """Send ``request`` and wait for the head of the answer, once this is awaited."""
        return self._session.request(
            request.method,
            address,
            headers={**request.headers, **route.headers} if route.headers else request.headers,
            data=request.body or None,
            proxy=route.proxy,
            ssl=ssl_context() if address.scheme == "https" else True,
            allow_redirects=False,
        )

    async def aclose(self) -> None:
        """Close every connection. Those of another loop died with it; saying so keeps aiohttp from complaining."""
        with anyio.move_on_after(CLOSE_S, shield=True):
            await self._session.close()


def _way(url: str, *, trust_env: bool) -> "tuple[Route, yarl.URL]":
    route = find_route(url, trust_env=trust_env)
    scheme = (route.proxy or "").partition(":")[0].lower()
    if scheme not in ("", "http", "https"):
        raise NotConfigured(
            f"aiohttp cannot use the {scheme}:// proxy that the environment names: "
            "give the backend a transport=HttpxTransport(), or list the host in NO_PROXY"
        )
    return route, load("yarl", MISSING).URL(route.url, encoded=True)
