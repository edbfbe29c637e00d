"""HTTP over httpx, the only file that touches it.

``httpx2``, the maintained continuation of httpx with the same names, is taken when it is installed.
"""

import asyncio
import importlib
import logging
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import anyio

from .errors import BackendError, NotConfigured
from .http_faults import NoFreePlace, fault, timed_out
from .patience import Patience
from .transport import DEFAULT_TIMEOUTS, HttpReply, HttpRequest, Timeouts

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)

CLOSE_S = 2.0
"""How long closing a connection may take."""
POOL_S = 1.0
"""How long to wait for a place in the pool, where there always is one."""

HOLDS: Mapping[str, bool] = {
    "connection.connect_tcp.complete": True,
    "connection.start_tls.failed": False,
    "http11.send_request_headers.started": True,
    "http11.response_closed.complete": False,
}
"""Between which of httpcore's trace events a connection is held. A request that is cancelled at the wrong moment never
reaches the last of them, and its place in the pool is lost (encode/httpcore#1093 is one such moment of several)."""

_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?|")


@cache
def load_httpx() -> Any:
    """``httpx2`` if it is installed, else ``httpx``; imported on first use, for it takes a while."""
    with suppress(ModuleNotFoundError):
        return importlib.import_module("httpx2")
    return importlib.import_module("httpx")


@cache
def _ssl_context() -> Any:
    # Reading the certificates takes 20 ms and more: once a process, not once a client.
    return load_httpx().create_ssl_context()


class HttpxTransport:
    """A ``Transport`` over httpx. Building the first one of a process loads httpx and the certificates: about 0.1 s.

    At most ``max_connections`` exchanges are open at once; the others wait in line, and the first to come is the first
    to go. ``trust_env`` honours the proxy variables as httpx does. One transport may serve several event loops, one
    after the other: connections belong to a loop, so each loop gets its own. ``inner`` puts any httpx transport in the
    network's place, such as ``MockTransport``.
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
        self._options: dict[str, Any] = {"trust_env": trust_env, "transport": inner, "verify": _ssl_context()}
        self._pool: _Pool | None = None

    @asynccontextmanager
    async def open(self, request: HttpRequest) -> AsyncGenerator[HttpReply, None]:
        """See ``Transport.open``."""
        _check_headers(request.headers)
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
        pool = self._pool_here()
        await pool.enter()
        exchange = _Exchange(pool, request, self._timeouts)
        try:
            await exchange.start()
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
            self._pool = _Pool(self._max_connections, self._timeouts, self._options)
        return self._pool


class _Pool:
    """One httpx client for one event loop, behind a gate as wide as the client's pool of connections.

    So no request ever waits inside that pool, where being cancelled would cost it a place.
    """

    def __init__(self, size: int, timeouts: Timeouts, options: Mapping[str, Any]) -> None:
        httpx = load_httpx()
        self.loop = asyncio.get_running_loop()
        self._retired = False
        self._gate = anyio.Semaphore(size)
        self._users = 0
        self.client = httpx.AsyncClient(
            follow_redirects=False,
            limits=httpx.Limits(max_connections=size, max_keepalive_connections=min(size, 100)),
            # Reading and writing are bounded by Patience, whose limits differ from wait to wait.
            timeout=httpx.Timeout(None, connect=timeouts.connect_s, pool=min(POOL_S, timeouts.first_byte_s / 2)),
            **options,
        )

    async def enter(self) -> None:
        await self._gate.acquire()
        self._users += 1

    async def leave(self) -> None:
        self._gate.release()
        self._users -= 1
        if self._retired and not self._users:
            await self.aclose()

    async def retire(self) -> None:
        """Close the client as soon as nobody uses it any more."""
        self._retired = True
        if not self._users:
            await self.aclose()

    async def aclose(self) -> None:
        # In a task of its own, out of reach for any ``task.cancel()``: a close that is interrupted forgets connections.
        async with anyio.create_task_group() as group:
            group.start_soon(self._close)

    async def _close(self) -> None:
        with anyio.move_on_after(CLOSE_S, shield=True):
            await self.client.aclose()


class _Exchange:
    """One request with its answer, from the first byte sent to the release of the connection."""

    reply: HttpReply
    leaked = False
    """Whether httpcore holds a connection for us. After ``close`` it should not: then it will hold it for ever."""

    def __init__(self, pool: _Pool, request: HttpRequest, timeouts: Timeouts) -> None:
        now = pool.loop.time()
        self.pool = pool
        self._request = request
        self._timeouts = timeouts
        self._place = request.url.partition("?")[0].rpartition("@")[2]
        self._patience = Patience()
        self._deadline = float("inf") if timeouts.total_s is None else now + timeouts.total_s
        self._first_byte = min(now + timeouts.first_byte_s, self._deadline)
        self._response: httpx.Response | None = None
        self._socket: Any = None

    async def start(self) -> None:
        """Send the request and wait for the head of the answer."""
        asked, client, extensions = self._request, self.pool.client, {"trace": self._follow}
        try:
            built = client.build_request(
                asked.method, asked.url, headers=asked.headers, content=asked.body, extensions=extensions
            )
            response = await self._patience.wait(client.send(built, stream=True), self._first_byte)
        except Exception as exc:
            found = self._fault(exc, "first_byte_s")
            if not isinstance(exc, TimeoutError):
                # After what is no cancellation httpcore cleans up. But the gate lets in no more exchanges than the pool
                # has places: who waits for one waits for a lost one.
                self.leaked = isinstance(found, NoFreePlace)
            raise found from exc
        self._response = response
        # What is not compressed is read from the stream itself: ``aiter_raw`` only counts its bytes, at 1 us a chunk.
        self._body = response.aiter_bytes() if "content-encoding" in response.headers else aiter(response.stream)
        self.reply = HttpReply(response.status_code, response.headers, self._read())

    async def close(self) -> None:
        """Give the connection back, or close it if the body was not read to its end."""
        self._patience.stop()
        if self._response is None:
            # httpcore forgets the socket if it is cancelled between connecting and sending.
            if self._socket is not None:
                await self._socket.aclose()
            return
        await self._response.aclose()
        await self.reply.chunks.aclose()
        # httpx 0.28 leaves the generators below this one to the garbage collector, which spawns a task for each.
        # On a closed connection one more read fails, and that ends them all here and now.
        with suppress(Exception):
            async for _ in self._body:
                pass

    async def _follow(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            self._socket = info["return_value"]
        self.leaked = HOLDS.get(event, self.leaked)

    async def _read(self) -> AsyncGenerator[bytes, None]:
        body, wait, clock = self._body, self._patience.wait, self.pool.loop.time
        idle_s, deadline = self._timeouts.idle_s, self._deadline
        until, limit = self._first_byte, "first_byte_s"
        try:
            while True:
                try:
                    chunk = await wait(anext(body), until)
                except StopAsyncIteration:
                    return
                yield chunk
                until, limit = min(clock() + idle_s, deadline), "idle_s"
        except Exception as exc:
            raise self._fault(exc, limit) from exc

    def _fault(self, exc: Exception, limit: str) -> BackendError:
        if not isinstance(exc, TimeoutError):
            return fault(exc, self._place)
        return timed_out(self._place, "total_s" if self.pool.loop.time() >= self._deadline else limit, self._timeouts)


def _check_headers(headers: Mapping[str, str]) -> None:
    # httpx and h11 would quote a bad value, and that value may be a key.
    for name, value in headers.items():
        if not _HEADER_VALUE.fullmatch(value):
            raise NotConfigured(
                f"the header {name!r} holds a character that HTTP does not allow, such as a line end or a letter "
                "outside ASCII; if it carries a key, look at where the key comes from"
            )
