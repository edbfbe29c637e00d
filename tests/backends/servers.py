"""Servers on loopback that send exactly the bytes a test wants, and transports that need no server at all."""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json, to_json

from loopbus.backends.transport import HttpReply, HttpRequest

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


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
    return event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})


DONE = b"data: [DONE]\n\n"


@dataclass
class Connection:
    """One connection as the server sees it: what was asked last, and how to answer."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: bytes = b""
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body of the request."""
        return from_json(self.body)

    async def send(self, *parts: bytes) -> None:
        """Write ``parts``, each on its own."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    async def wait_gone(self) -> None:
        """Wait until the client has closed the connection."""
        with suppress(ConnectionError):
            while await self.reader.read(1024):
                pass

    def reset(self) -> None:
        """Close with a TCP reset."""
        found: socket.socket = self.writer.get_extra_info("socket")
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def listen(self) -> bool:
        """Read the next request; False once the client is gone."""
        try:
            self.head = await self.reader.readuntil(b"\r\n\r\n")
            self.body = await self.reader.readexactly(self._length())
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        return True

    def _length(self) -> int:
        for line in self.head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                return int(line.partition(b":")[2])
        return 0


Answer = Callable[[Connection], Awaitable[None]]


@dataclass
class Server:
    """What a test may ask a running server."""

    url: str = ""
    asked: int = 0
    opened: int = 0
    connections: set[Connection] = field(default_factory=set[Connection])


@asynccontextmanager
async def serving(answer: Answer) -> AsyncGenerator[Server, None]:
    """A server whose every request is answered by ``answer``; leaving closes what is still open."""
    served = Server()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        served.opened += 1
        served.connections.add(connection)
        try:
            while await connection.listen():
                served.asked += 1
                await answer(connection)
        except ConnectionError:
            pass
        finally:
            served.connections.discard(connection)
            writer.close()

    ...
