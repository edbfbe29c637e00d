"""HTTP over httpx: limits, faults, and connections that are never left behind."""

import asyncio
import gc
import gzip
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import anyio
import pytest

from loopbus.backends.errors import Broken, Misunderstood, NotConfigured
from loopbus.backends.http import HttpxTransport, load_httpx
from loopbus.backends.transport import HttpRequest, Timeouts

from .servers import END, HEAD, Connection, chunked, serving

httpx: Any = load_httpx()
SHORT = Timeouts(connect_s=1, first_byte_s=0.05, idle_s=0.05)


async def read(transport: HttpxTransport, url: str, **request: Any) -> bytes:
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


def answering(**body: Any) -> Any:
    """No network at all, but the same answer to every request."""

    def answer(request: Any) -> Any:
        return httpx.Response(200, **body)

    return httpx.MockTransport(answer)


async def let_pass(ticks: int) -> None:
    """Let the loop turn ``ticks`` times."""
    for _ in range(ticks):
        await asyncio.sleep(0)


async def test_a_body_arrives_whole_and_its_connection_is_used_again() -> None:
    """Status, headers in lower case, and the body come through; a body read to its end frees the connection."""
    async with serving(answer_ok) as server, aclosing(HttpxTransport()) as transport:
        for _ in range(3):
            async with transport.open(HttpRequest(server.url)) as reply:
                assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream")
                assert await reply.read(100) == b"one two three"
        assert (server.asked, server.opened) == (3, 1)


async def test_method_headers_and_body_are_sent() -> None:
    """The request goes out as it was given."""
    heard: list[tuple[bytes, str, bytes]] = []

    async def answer(connection: Connection) -> None:
        heard.append((connection.head.split(b" ")[0], connection.header("x-test"), connection.body))
        await answer_ok(connection)

    async with serving(answer) as server, aclosing(HttpxTransport()) as transport:
        await read(transport, server.url, method="PUT", headers={"x-test": "yes"}, body=b"{}")
    assert heard == [(b"PUT", "yes", b"{}")]


async def test_a_compressed_body_is_decompressed() -> None:
    """A server that compresses although nobody asked is understood."""
    body = gzip.compress(b"squeezed")

    async def answer(connection: Connection) -> None:
        length = f"content-length: {len(body)}\r\n".encode()
        await connection.send(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n" + length + b"\r\n" + body)

    async with serving(answer) as server, aclosing(HttpxTransport()) as transport:
        assert await read(transport, server.url) == b"squeezed"


async def test_what_does_not_decompress_is_misunderstood() -> None:
    """A body that claims to be gzip and is not raises our error."""

    async def answer(connection: Connection) -> None:
        await connection.send(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope")

    async with serving(answer) as server, aclosing(HttpxTransport()) as transport:
        with pytest.raises(Misunderstood, match="does not decompress"):
            await read(transport, server.url)


async def test_a_redirect_is_not_followed() -> None:
    """The answer itself is given out, so no header, and no key, goes to another address."""

    async def answer(connection: Connection) -> None:
        await connection.send(b"HTTP/1.1 307 Elsewhere\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")

    async with serving(answer) as server, aclosing(HttpxTransport()) as transport:
        async with transport.open(HttpRequest(server.url, headers={"authorization": "Bearer secret"})) as reply:
            assert reply.status == 307
        assert server.asked == 1


async def test_silence_before_the_first_byte_ends_in_a_time_out() -> None:
    """A server that never answers is given up after ``first_byte_s``, and the error says so."""

    async def answer(connection: Connection) -> None:
        await connection.wait_gone()

    async with serving(answer) as server, aclosing(HttpxTransport(SHORT)) as transport:
        with pytest.raises(Broken, match=r"did not begin to answer within 0\.05 s .*first_byte_s"):
            await read(transport, server.url)
        await server.wait_open(0)


async def test_the_first_byte_is_one_of_the_body() -> None:
    """A head alone, as servers send it before they think, does not start the shorter ``idle_s``."""
    thought = anyio.Event()

    async def answer(connection: Connection) -> None:
        await connection.send(HEAD)
        await thought.wait()
        await connection.send(chunked(b"late"), END)

    transport = HttpxTransport(Timeouts(idle_s=0.01))
    async with serving(answer) as server, aclosing(transport), transport.open(HttpRequest(server.url)) as reply:
        await anyio.sleep(0.03)
        thought.set()
        assert await reply.read(100) == b"late"


async def test_a_stall_in_the_middle_ends_in_a_time_out() -> None:
    """A server that falls silent is given up after ``idle_s``; what came before was handed out."""
    async with serving(answer_endlessly) as server, aclosing(HttpxTransport(SHORT)) as transport:
        async with transport.open(HttpRequest(server.url)) as reply:
            assert await anext(reply.chunks) == b"one"
            with pytest.raises(Broken, match=r"sent nothing more for 0\.05 s .*idle_s"):
                await anext(reply.chunks)
        await server.wait_open(0)


async def test_an_exchange_that_never_ends_is_given_up() -> None:
    """``total_s`` bounds the whole exchange, however steadily its bytes drip."""

    async def answer(connection: Connection) -> None:
        await connection.send(HEAD)
        while True:
            await connection.send(chunked(b"drip"))
            await anyio.sleep(0.005)

    limits = Timeouts(total_s=0.05)
    async with serving(answer) as server, aclosing(HttpxTransport(limits)) as transport:
        with pytest.raises(Broken, match=r"was not done after 0\.05 s .*total_s"):
            await read(transport, server.url)


async def test_a_reader_may_take_its_time() -> None:
    """The limits bound how long we wait for the server, never how long our reader takes between chunks."""
    transport = HttpxTransport(Timeouts(idle_s=0.01))
    async with serving(answer_ok) as server, aclosing(transport), transport.open(HttpRequest(server.url)) as reply:
        async for _ in reply.chunks:
            await anyio.sleep(0.02)


async def test_a_connection_cut_in_the_middle_is_broken() -> None:
    """An end without the body's own end raises, after the bytes that came."""

    async def answer(connection: Connection) -> None:
        await connection.send(HEAD + chunked(b"half"))
        await connection.close()

    async with serving(answer) as server, aclosing(HttpxTransport()) as transport:
        with pytest.raises(Broken, match="lost the connection to http://127"):
            await read(transport, server.url)


async def test_a_reset_connection_is_broken() -> None:
    """A TCP reset raises our error, not the socket's."""

    async def answer(connection: Connection) -> None:
        await connection.send(HEAD + chunked(b"half"))
        await connection.reset()

    async with serving(answer) as server, aclosing(HttpxTransport()) as transport:
        with pytest.raises(Broken, match="lost the connection"):
            await read(transport, server.url)


async def test_a_refused_connection_says_where() -> None:
    """Nobody listens: the error names the address and asks whether it is running."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    async with aclosing(HttpxTransport()) as transport:
        with pytest.raises(Broken, match=f"could not connect to http://127.0.0.1:{port}/v1 .*is it running"):
            await read(transport, f"http://127.0.0.1:{port}/v1?key=secret")


async def test_a_server_that_speaks_no_http_is_broken() -> None:
    """Bytes that are no HTTP raise our error."""

    async def answer(connection: Connection) -> None:
        await connection.send(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")

    async with serving(answer) as server, aclosing(HttpxTransport()) as transport:
        with pytest.raises(Broken):
            await read(transport, server.url)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://127.0.0.1:port/", "nonsense"])
async def test_an_address_that_is_none_is_a_matter_of_configuration(url: str) -> None:
    """What cannot be an address is told apart from a server that is down."""
    async with aclosing(HttpxTransport()) as transport:
        with pytest.raises(NotConfigured):
            await read(transport, url)


@pytest.mark.parametrize("value", ["sk-secret\n", "Bearer sk-secret\r\nx: y", "Bearer sk-sécret", " sk-secret"])
async def test_a_header_that_http_cannot_carry_is_refused_without_quoting_it(value: str) -> None:
    """The header is named; its value, which may be a key, appears nowhere in the error or its causes."""
    async with aclosing(HttpxTransport()) as transport:
        with pytest.raises(NotConfigured, match="authorization") as caught:
            await read(transport, "http://127.0.0.1:1/", headers={"authorization": value})
    assert "cret" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def test_leaving_early_closes_the_connection_and_makes_no_task() -> None:
    """A reader that breaks off frees the connection at once; nothing of it is left for the garbage collector."""
    made: list[object] = []

    def make_task(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        made.append(work)
        return asyncio.Task(work, loop=loop, **options)

    async with serving(answer_endlessly) as server, aclosing(HttpxTransport()) as transport:
        async with transport.open(HttpRequest(server.url)) as reply:
            assert await anext(reply.chunks) == b"one"
            asyncio.get_running_loop().set_task_factory(make_task)
        await server.wait_open(0)
        del reply
        gc.collect()
        await let_pass(10)
        assert made == []


async def test_an_exchange_that_is_over_leaves_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its limits are minutes long; a thousand exchanges a second would leave their timers behind for as long."""
    loop, timers = asyncio.get_running_loop(), list[asyncio.TimerHandle]()

    def call_at(*arguments: Any, **options: Any) -> asyncio.TimerHandle:
        timers.append(set_timer(*arguments, **options))
        return timers[-1]

    set_timer = loop.call_at
    monkeypatch.setattr(loop, "call_at", call_at)
    async with serving(answer_by_path) as server, aclosing(HttpxTransport()) as transport:
        await read(transport, f"{server.url}/ok")
        with anyio.move_on_after(0.02):
            await read(transport, f"{server.url}/endless")
        with pytest.raises(Broken):
            await read(transport, "http://127.0.0.1:1/")
    assert timers
    assert all(timer.cancelled() or timer.when() <= loop.time() for timer in timers)


async def test_an_exchange_left_unread_is_closed() -> None:
    """The body need not be touched at all."""
    async with serving(answer_endlessly) as server, aclosing(HttpxTransport()) as transport:
        async with transport.open(HttpRequest(server.url)):
            pass
        await server.wait_open(0)


async def test_a_thousand_cancelled_requests_leave_the_pool_whole() -> None:
    """Twenty at a time on ten connections, cancelled at every stage: the next request succeeds, and none is left."""
    transport = HttpxTransport(max_connections=10)
    async with serving(answer_by_path) as server, aclosing(transport):
        for ticks in range(50):
            async with anyio.create_task_group() as tasks:
                for _ in range(20):
                    tasks.start_soon(read, transport, f"{server.url}/endless")
                await let_pass(ticks % 25)
                tasks.cancel_scope.cancel()
        assert await read(transport, f"{server.url}/ok") == b"one two three"
        await server.wait_open(1)


@pytest.mark.parametrize("cancels", [1, 2, 3])
async def test_tasks_cancelled_more_than_once_leave_the_pool_whole(cancels: int) -> None:
    """One that hits httpcore as it connects or cleans up costs at most a fresh client, and leaves no connection."""
    transport = HttpxTransport(max_connections=10)
    async with serving(answer_by_path) as server, aclosing(transport):
        for ticks in range(20):
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(read(transport, f"{server.url}/endless")) for _ in range(20)]
                await let_pass(ticks)
                for _ in range(cancels):
                    for task in tasks:
                        task.cancel()
                    await let_pass(1)
            await server.wait_open(0)
        assert await read(transport, f"{server.url}/ok") == b"one two three"


async def test_exchanges_beyond_the_limit_wait_in_line() -> None:
    """No more connections are open at once than allowed, and everyone gets their turn; waiting can be cancelled."""
    release = anyio.Event()
    most = 0

    async def answer(connection: Connection) -> None:
        nonlocal most
        most = max(most, server.open)
        await release.wait()
        await answer_ok(connection)

    transport = HttpxTransport(max_connections=2)
    async with serving(answer) as server, aclosing(transport):
        async with anyio.create_task_group() as tasks:
            for _ in range(6):
                tasks.start_soon(read, transport, server.url)
            await let_pass(1)
            with anyio.move_on_after(0.02):
                await read(transport, server.url)
            release.set()
        assert (server.asked, most) == (6, 2)


async def test_waiting_in_line_is_no_time_out() -> None:
    """However long it takes until a place is free: the limits begin with the exchange."""
    transport = HttpxTransport(Timeouts(first_byte_s=0.02), max_connections=1)
    async with serving(answer_by_path) as server, aclosing(transport):
        first = transport.open(HttpRequest(f"{server.url}/endless"))
        async with anyio.create_task_group() as tasks, first as reply:
            assert await anext(reply.chunks) == b"one"
            tasks.start_soon(read, transport, f"{server.url}/ok")
            await anyio.sleep(0.05)
            assert server.asked == 1
        assert server.asked == 2


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


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "4")
        self.end_headers()
        self.wfile.write(b"fine")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_one_transport_serves_one_loop_after_another() -> None:
    """Connections belong to a loop: the next loop gets its own instead of what the first one left open."""
    transport = HttpxTransport()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        for _ in range(2):
            assert asyncio.run(read(transport, f"http://127.0.0.1:{server.server_port}/")) == b"fine"
        server.shutdown()
    asyncio.run(transport.aclose())
    del transport
    gc.collect()


async def test_closing_twice_is_harmless_and_opening_again_connects_anew() -> None:
    """``aclose`` frees the connections; it is no end of the transport."""
    transport = HttpxTransport()
    async with serving(answer_ok) as server:
        await read(transport, server.url)
        await transport.aclose()
        await transport.aclose()
        assert await read(transport, server.url) == b"one two three"
        await transport.aclose()
        assert server.opened == 2


async def test_closing_breaks_the_streams_that_are_open() -> None:
    """A reader of a closed transport sees a broken connection, not a hang."""
    transport = HttpxTransport()
    async with serving(answer_endlessly) as server, transport.open(HttpRequest(server.url)) as reply:
        await anext(reply.chunks)
        await transport.aclose()
        with pytest.raises(Broken):
            await anext(reply.chunks)


async def test_a_proxy_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy variables are honoured, and an error on that way points to them."""

    async def answer(connection: Connection) -> None:
        await connection.send(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")

    async with serving(answer) as server, aclosing(HttpxTransport()) as transport:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        with pytest.raises(Broken, match=r"proxy .*HTTPS_PROXY"):
            await read(transport, "https://models.example/v1")


async def test_the_proxy_variables_can_be_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """``trust_env=False`` reaches a server of one's own machine whatever the variables say."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with serving(answer_ok) as server, aclosing(HttpxTransport(trust_env=False)) as transport:
        assert await read(transport, server.url) == b"one two three"


async def test_a_failed_handshake_is_broken() -> None:
    """TLS to a server that speaks none raises our error."""
    async with serving(answer_ok) as server, aclosing(HttpxTransport(Timeouts(connect_s=0.05))) as transport:
        with pytest.raises(Broken, match="could not connect"):
            await read(transport, server.url.replace("http:", "https:"))


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
