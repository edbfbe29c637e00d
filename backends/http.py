"""HTTP over httpx, the only file that touches it.

``httpx2``, the maintained continuation of httpx with the same names, is taken when it is installed.
"""

import asyncio
import importlib
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any

import anyio

from .errors import BackendError, NotConfigured
from .http_faults import NoFreePlace
from .http_lease import Lease
from .route import ROUTES, find_route
from .transport import CLOSE_S, DEFAULT_TIMEOUTS, HttpReply, HttpRequest, Timeouts, check_headers
from .watch import Watch

if TYPE_CHECKING:
    import ssl

    import httpx

logger = logging.getLogger(__name__)

POOL_S = 1.0
"""How long to wait for a place in the pool, where there always is one."""
DEFAULT_HEADERS = {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "loopbus"}


@cache
def load_httpx() -> Any:
    """``httpx2`` if it is installed, else ``httpx``; imported on first use, for it takes a while."""
    with suppress(ModuleNotFoundError):
        return importlib.import_module("httpx2")
    return importlib.import_module("httpx")


@cache
def ssl_context() -> "ssl.SSLContext":
    """The certificates that every transport trusts; reading them takes 20 ms and more, so it is done once a process."""
    context = load_httpx().create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class HttpxTransport:
    """A ``Transport`` over httpx. Building the first one of a process loads httpx and the certificates: about 0.1 s.

    At most ``max_connections`` exchanges are open at once; the others wait in line, and the first to come is the first
    to go. ``trust_env`` honours the proxy variables, see ``find_route``. One transport may serve several event loops,
    one after the other: connections belong to a loop, so each loop gets its own. ``inner`` puts any httpx transport in
    the network's place, such as ``MockTransport``.
    """

    def __init__(
        self,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        *,
        max_connections: int = 1000,
        trust_env: bool = True,
        inner: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self._timeouts = timeouts
        self._max_connections = max_connections
        self._trust_env = trust_env
        self._inner = inner
        self._pool: _Pool | None = None
        ssl_context()

    @asynccontextmanager
    async def open(self, request: HttpRequest) -> AsyncGenerator[HttpReply, None]:
        """See ``Transport.open``."""
        check_headers(request.headers)
        exchange = await self._start(request)
        try:
            yield exchange.reply
        finally:
            await self._release(exchange)

    async def aclose(self) -> None:
        """See ``Transport.aclose``. Streams that are still open break."""
        pool, self._pool = self._pool, None
        # What another loop left open died with that loop.
        if pool is not None and pool.loop is asyncio.get_running_loop():
            await pool.aclose()

    async def _start(self, request: HttpRequest) -> "_Exchange":
        try:
            return await self._attempt(request)
        except NoFreePlace:
            # The pool is replaced by now, and nothing was sent yet: asking once more is safe.
            return await self._attempt(request)

    async def _attempt(self, request: HttpRequest) -> "_Exchange":
        exchange = _Exchange(self._pool_here(), request)
        await exchange.pool.enter()
        try:
            await exchange.start(Watch(exchange.route, self._timeouts))
        except BaseException:
            await self._release(exchange)
            raise
        return exchange

    async def _release(self, exchange: "_Exchange") -> None:
        try:
            with suppress(Exception), anyio.move_on_after(CLOSE_S, shield=True):
                await exchange.close()
        finally:
            await exchange.pool.leave()
            if exchange.leaked:
                await self._retire(exchange.pool)

    async def _retire(self, pool: "_Pool") -> None:
        if self._pool is pool:
            self._pool = None
            logger.warning("a cancelled request cost the connection pool a place: a fresh HTTP client takes over")
        await pool.retire()

    def _pool_here(self) -> "_Pool":
        loop = asyncio.get_running_loop()
        if self._pool is None or self._pool.loop is not loop:
            self._pool = _Pool(self._max_connections, self._timeouts, self._trust_env, self._inner)
        return self._pool


class _Pool:
    """The connections of one event loop, behind a gate as wide as httpx's own pool of them.

    So no request ever waits inside that pool, where being cancelled would cost it a place. httpx's client is left out:
    it would remember cookies, and write addresses with their queries to the log.
    """

    def __init__(
        self, size: int, timeouts: Timeouts, trust_env: bool, inner: "httpx.AsyncBaseTransport | None"
    ) -> None:
        self.loop = asyncio.get_running_loop()
        # Reading and writing are bounded by the exchange's watch, whose limits differ from wait to wait.
        pool_s = min(POOL_S, timeouts.first_byte_s / 2)
        self.limits = load_httpx().Timeout(None, connect=timeouts.connect_s, pool=pool_s).as_dict()
        self._size = size
        self._inner = inner
        self._ways: dict[str | None, httpx.AsyncBaseTransport] = {}
        self._retired = False
        self._gate = anyio.Semaphore(size, fast_acquire=True)
        self._users = 0

        self.route = lru_cache(ROUTES)(partial(find_route, trust_env=trust_env))
        self.address = lru_cache(ROUTES)(load_httpx().URL)

    def way(self, proxy: str | None) -> "httpx.AsyncBaseTransport":
        """What carries a request, over that proxy or without one."""
        if (way := self._ways.get(proxy)) is None:
            way = self._ways[proxy] = self._inner or self._connections(proxy)
        return way

    async def enter(self) -> None:
        await self._gate.acquire()
        self._users += 1

    async def leave(self) -> None:
        self._gate.release()
        self._users -= 1
        if self._retired and not self._users:
            await self.aclose()

    async def retire(self) -> None:
        """Close the connections as soon as nobody uses them any more."""
        self._retired = True
        if not self._users:
            await self.aclose()

    async def aclose(self) -> None:
        # In a task of its own, out of reach for any ``task.cancel()``: a close that is interrupted forgets connections.
        async with anyio.create_task_group() as group:
            group.start_soon(self._close)

    async def _close(self) -> None:
        with anyio.move_on_after(CLOSE_S, shield=True):
            for way in self._ways.values():
                await way.aclose()

    def _connections(self, proxy: str | None) -> "httpx.AsyncBaseTransport":
        httpx = load_httpx()
        limits = httpx.Limits(max_connections=self._size, max_keepalive_connections=min(self._size, 100))
        try:
            return httpx.AsyncHTTPTransport(verify=ssl_context(), limits=limits, proxy=proxy)
        except (ImportError, ValueError) as exc:
            scheme = (proxy or "").partition(":")[0]
            raise NotConfigured(f"httpx cannot use the {scheme}:// proxy that the environment names: {exc}") from None


class _Exchange:
    """One request with its answer, from the first byte sent to the release of the connection."""

    reply: HttpReply
    _watch: Watch

    def __init__(self, pool: _Pool, request: HttpRequest) -> None:
        self.pool = pool
        self.route = pool.route(request.url)
        self._way = pool.way(self.route.proxy)
        self._asked = request
        self._lease = Lease()
        self._response: httpx.Response | None = None

    @property
    def leaked(self) -> bool:
        """Whether a place in the pool is lost, once this is closed."""
        return self._lease.held

    async def start(self, watch: Watch) -> None:
        """Send the request and wait for the head of the answer."""
        self._watch = watch
        try:
            response = await watch.head(self._send())
        except BackendError as exc:
            if not watch.expired:
                # After what is no cancellation httpcore cleans up. But the gate lets in no more exchanges than the pool
                # has places: who waits for one waits for a lost one.
                self._lease.held = isinstance(exc, NoFreePlace)
            raise
        self._response = response
        # What is not compressed is read from the stream itself: ``aiter_raw`` only counts its bytes, at 1 us a chunk.
        encoded = "content-encoding" in response.headers
        stream: Any = response.stream
        self._body = response.aiter_bytes() if encoded else aiter(stream)
        self.reply = HttpReply(response.status_code, response.headers, watch.chunks(self._body))

    async def close(self) -> None:
        """Give the connection back, or close it if the body was not read to its end."""
        self._watch.stop()
        if self._response is None:
            await self._lease.hang_up()
            return
        await self._response.aclose()
        await self.reply.chunks.aclose()
        # httpx 0.28 leaves the generators below this one to the garbage collector, which spawns a task for each.
        # On a closed connection one more read fails, and that ends them all here and now.
        with suppress(Exception):
            async for _ in self._body:
                pass

    async def _send(self) -> "httpx.Response":
        asked, pool = self._asked, self.pool
        request = load_httpx().Request(
            asked.method,
            pool.address(self.route.url),
            headers={**DEFAULT_HEADERS, **asked.headers, **self.route.headers},
            content=asked.body,
            extensions={"timeout": pool.limits, "trace": self._lease.follow},
        )
        return await self._way.handle_async_request(request)
