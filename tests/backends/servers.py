"""Servers on loopback that send exactly the bytes a test wants, and a transport that needs no server at all."""

import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSListener
from pydantic_core import from_json, to_json

from loopbus.backends.transport import HttpReply, HttpRequest

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"


def chunked(data: bytes) -> bytes:
    """``data`` as one chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(value: object) -> bytes:
    """One server-sent event that holds ``value`` as JSON."""
    return b"data: " + to_json(value) + b"\n\n"


def piece(text: str) -> bytes:
    """The event that adds ``text`` to a Chat Completion."""
    return event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})


def stop(reason: str = "stop") -> bytes:
    """The event that ends a Chat Completion."""
    nothing: dict[str, str] = {}
    return event({"choices": [{"index": 0, "delta": nothing, "finish_reason": reason}]})


class Connection:
    """One connection as the server sees it: what was asked last, and how to answer."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._buffered = BufferedByteReceiveStream(stream)
        self.head = b""
        self.body = b""

    @property
    def json(self) -> Any:
        """The body of the request."""
        return from_json(self.body)

    def header(self, name: str) -> str:
        """A header of the request; empty if it has none of that name."""
        for line in self.head.decode().split("\r\n"):
            found, _, value = line.partition(":")
            if found.lower() == name:
                return value.strip()
        return ""

    async def listen(self) -> None:
        """Read the next request."""
        self.head = await self._buffered.receive_until(b"\r\n\r\n", 64 * 1024)
        self.body = await self._buffered.receive_exactly(int(self.header("content-length") or 0))

    async def send(self, *parts: bytes) -> None:
        """Write ``parts``, each on its own."""
        for part in parts:
            await self._stream.send(part)

    async def wait_gone(self) -> None:
        """Wait until the client has closed the connection."""
        while True:
            await self._buffered.receive()

    async def reset(self) -> None:
        """Close with a TCP reset instead of a farewell."""
        raw = self._stream.extra(SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self._stream.aclose()

    async def close(self) -> None:
        """Close, with whatever was sent delivered."""
        await self._stream.aclose()


Answer = Callable[[Connection], Awaitable[None]]


@dataclass
class Server:
    """What a test may ask a running server."""

    url: str
    asked: int = 0
    opened: int = 0
    open: int = 0
    """Connections."""
    busy: int = 0
    """Requests that are being answered."""
    _changed: anyio.Event = field(default_factory=anyio.Event)

    def change(self, *, open: int = 0, busy: int = 0) -> None:
        """Count a connection or a request that began (1) or ended (-1)."""
        self.open += open
        self.busy += busy
        self._changed.set()

    async def wait_open(self, at_most: int) -> None:
        """Wait until no more than so many connections are open; five seconds, then it is a failure."""
        await self._wait(lambda: self.open <= at_most)

    async def wait_idle(self) -> None:
        """Wait until no request is being answered."""
        await self._wait(lambda: not self.busy)

    async def _wait(self, reached: Callable[[], bool]) -> None:
        with anyio.fail_after(5):
            while not reached():
                self._changed = anyio.Event()
                await self._changed.wait()


@asynccontextmanager
async def serving(answer: Answer, *, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Server, None]:
    """A server whose every request is answered by ``answer``; leaving cancels what still runs."""
    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    listener = plain if tls is None else TLSListener(plain, tls, standard_compatible=False)
    server = Server(f"http{'s' if tls else ''}://127.0.0.1:{plain.extra(SocketAttribute.local_port)}")

    async def serve(stream: ByteStream) -> None:
        server.opened += 1
        server.change(open=1)
        try:
            async with stream:
                connection = Connection(stream)
                while True:
                    await connection.listen()
                    server.asked += 1
                    server.change(busy=1)
                    try:
                        await answer(connection)
                    finally:
                        server.change(busy=-1)
        except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        finally:
            server.change(open=-1)

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve, tasks)
        yield server
        tasks.cancel_scope.cancel()


class Canned:
    """A ``Transport`` whose answers are written down: status, headers and the chunks of a body for each request."""

    def __init__(self, *answers: tuple[int, Mapping[str, str], Iterable[bytes]]) -> None:
        self._answers = iter(answers)
        self.requests: list[HttpRequest] = []
        self.closed = 0

    @asynccontextmanager
    async def open(self, request: HttpRequest) -> AsyncGenerator[HttpReply, None]:
        """Give the next answer."""
        self.requests.append(request)
        status, headers, chunks = next(self._answers)

        async def body() -> AsyncGenerator[bytes, None]:
            for chunk in chunks:
                yield chunk

        yield HttpReply(status, headers, body())

    async def aclose(self) -> None:
        """Count."""
        self.closed += 1
