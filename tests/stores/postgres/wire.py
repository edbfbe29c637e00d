"""A wire between a store and the tests' server that can be cut at a word."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

SOCKET = ".s.PGSQL.5432"


class Wire:
    """Passes on what is said.

    When the store says ``cut_at``, both ends are gone before the server hears it; or, if it is to be ``heard``, when
    the server answers with that word, before the store hears that. While the wire is ``down``, nobody gets through.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self._server = parse_qs(urlsplit(url).query)["host"][0]
        self.url = url.replace(quote(self._server, safe=""), quote(str(folder), safe=""))
        """The same place, by way of this wire."""
        self._open: set[asyncio.StreamWriter] = set()
        self.cut_at = b""
        self.heard = False
        self.down = False
        self.stays_down = False

    def cut(self) -> None:
        """End all connections."""
        for writer in self._open:
            writer.transport.abort()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on between a store and the server, until one of them ends."""
        self._open.add(writer)
        with suppress(OSError):
            if not self.down:
                there, back = await asyncio.open_unix_connection(f"{self._server}/{SOCKET}")
                self._open.add(back)
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pass(reader, back, answers=False))
                    group.create_task(self._pass(there, writer, answers=True))
                back.close()
                self._open.discard(back)
        writer.close()
        self._open.discard(writer)

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, answers: bool) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                if self.cut_at and self.cut_at in data and answers == self.heard:
                    self.cut_at, self.down = b"", self.stays_down
                    self.cut()
                    return
                target.write(data)
                await target.drain()
        target.close()


@asynccontextmanager
async def wired(url: str, folder: Path) -> AsyncGenerator[Wire, None]:
    """A wire to a URL that listens in a folder."""
    wire = Wire(url, folder)
    server = await asyncio.start_unix_server(wire.connected, folder / SOCKET)
    try:
        yield wire
    finally:
        server.close()
        wire.cut()
        await asyncio.sleep(0)
