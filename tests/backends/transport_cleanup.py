"""What every transport must leave behind, however its exchanges end: nothing."""

import asyncio
import gc
from contextlib import aclosing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import anyio
import pytest

from loopbus.backends.errors import Broken
from loopbus.backends.transport import HttpRequest, Timeouts

from .servers import Connection, serving
from .transport_case import TransportCase, answer_by_path, answer_endlessly, answer_ok, let_pass, read


class Handler(BaseHTTPRequestHandler):
    """A server in a thread, for tests that run more than one event loop."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "4")
        self.end_headers()
        self.wfile.write(b"fine")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class CleanupContract(TransportCase):
    """The suite."""

    async def test_leaving_early_closes_the_connection_and_makes_no_task(self) -> None:
        """A reader that breaks off frees the connection at once; nothing of it is left for the garbage collector."""
        made: list[object] = []

        def make_task(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
            made.append(work)
            return asyncio.Task(work, loop=loop, **options)

        async with serving(answer_endlessly) as server, aclosing(self.transport()) as transport:
            async with transport.open(HttpRequest(server.url)) as reply:
                assert await anext(reply.chunks) == b"one"
                asyncio.get_running_loop().set_task_factory(make_task)
            await server.wait_open(0)
            del reply
            gc.collect()
            await let_pass(10)
            assert made == []

    async def test_an_exchange_that_is_over_leaves_no_timer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its limits are minutes long; a thousand exchanges a second would leave their timers behind for as long."""
        loop, timers = asyncio.get_running_loop(), list[asyncio.TimerHandle]()

        def call_at(*arguments: Any, **options: Any) -> asyncio.TimerHandle:
            timers.append(set_timer(*arguments, **options))
            return timers[-1]

        set_timer = loop.call_at
        monkeypatch.setattr(loop, "call_at", call_at)
        async with serving(answer_by_path) as server, aclosing(self.transport()) as transport:
            await read(transport, f"{server.url}/ok")
            with anyio.move_on_after(0.02):
                await read(transport, f"{server.url}/endless")
            with pytest.raises(Broken):
                await read(transport, "http://127.0.0.1:1/")
        assert timers
        assert all(timer.cancelled() or timer.when() <= loop.time() for timer in timers)

    async def test_an_exchange_left_unread_is_closed(self) -> None:
        """The body need not be touched at all."""
        async with serving(answer_endlessly) as server, aclosing(self.transport()) as transport:
            async with transport.open(HttpRequest(server.url)):
                pass
            await server.wait_open(0)

    async def test_a_thousand_cancelled_requests_leave_the_pool_whole(self) -> None:
        """Twenty at a time on ten connections, cancelled at every stage: the next succeeds, and all are free."""
        transport = self.transport(max_connections=10)
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
    async def test_tasks_cancelled_more_than_once_leave_the_pool_whole(self, cancels: int) -> None:
        """One that hits httpcore as it connects or cleans up costs at most a fresh client, and leaves no connection."""
        transport = self.transport(max_connections=10)
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

    async def test_exchanges_beyond_the_limit_wait_in_line(self) -> None:
        """No more connections are open at once than allowed, and everyone gets their turn; waiting can be cancelled."""
        release = anyio.Event()
        most = 0

        async def answer(connection: Connection) -> None:
            nonlocal most
            most = max(most, server.open)
            await release.wait()
            await answer_ok(connection)

        transport = self.transport(max_connections=2)
        async with serving(answer) as server, aclosing(transport):
            async with anyio.create_task_group() as tasks:
                for _ in range(6):
                    tasks.start_soon(read, transport, server.url)
                await let_pass(1)
                with anyio.move_on_after(0.02):
                    await read(transport, server.url)
                release.set()
            assert (server.asked, most) == (6, 2)

    async def test_waiting_in_line_is_no_time_out(self) -> None:
        """However long it takes until a place is free: the limits begin with the exchange."""
        transport = self.transport(Timeouts(first_byte_s=0.15), max_connections=1)
        async with serving(answer_by_path) as server, aclosing(transport):
            first = transport.open(HttpRequest(f"{server.url}/endless"))
            async with anyio.create_task_group() as tasks, first as reply:
                assert await anext(reply.chunks) == b"one"
                tasks.start_soon(read, transport, f"{server.url}/ok")
                await anyio.sleep(0.2)
                assert server.asked == 1
            assert server.asked == 2

    @pytest.mark.filterwarnings("ignore::ResourceWarning")
    def test_one_transport_serves_one_loop_after_another(self) -> None:
        """Connections belong to a loop: the next loop gets its own instead of what the first one left open."""
        transport = self.transport()
        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            for _ in range(2):
                assert asyncio.run(read(transport, f"http://127.0.0.1:{server.server_port}/")) == b"fine"
            server.shutdown()
        asyncio.run(transport.aclose())
        del transport
        gc.collect()

    async def test_closing_twice_is_harmless_and_opening_again_connects_anew(self) -> None:
        """``aclose`` frees the connections; it is no end of the transport."""
        transport = self.transport()
        async with serving(answer_ok) as server:
            await read(transport, server.url)
            await transport.aclose()
            await transport.aclose()
            assert await read(transport, server.url) == b"one two three"
            await transport.aclose()
            assert server.opened == 2

    async def test_closing_breaks_the_streams_that_are_open(self) -> None:
        """A reader of a closed transport sees a broken connection, not a hang."""
        transport = self.transport()
        async with serving(answer_endlessly) as server, transport.open(HttpRequest(server.url)) as reply:
            await anext(reply.chunks)
            await transport.aclose()
            with pytest.raises(Broken):
                await anext(reply.chunks)
