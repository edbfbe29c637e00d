"""A connection that is there when it is needed: opened for the first work, and anew when it was lost."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from ..errors import StoreError
from .connection import Database, Settings, open_database
from .faults import AGAIN, code_of, is_gone, translated

T = TypeVar("T")

GRACE_S = 1.0
"""How much longer than its own limits a server may take to say that it gives up."""

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.5


class Link:
    """One connection, which does one thing at a time.

    Work that failed because the connection was lost, or because somebody else's transaction came in between, is done
    again, for as long as patience lasts: so it must be right to do it twice. The very first connection is tried once,
    for a wrong address is not worth waiting for.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = anyio.Lock()
        self._database: Database | None = None
        self._known = False

    @property
    def busy(self) -> int:
        """How much is under way, or waits."""
        return self._lock.statistics().tasks_waiting + self._lock.locked()

    async def do(self, work: Callable[[Database], Awaitable[T]]) -> T:
        """Do ``work`` with the connection.

        :raises StoreError: what ``work`` raised, or what the server or the way to it did.
        """
        async with self._lock:
            clock, pause = asyncio.get_running_loop().time, _FIRST_PAUSE_S
            deadline = clock() + self._settings.patience_s
            while True:
                try:
                    async with asyncio.timeout(self._settings.patience_s + GRACE_S):
                        return await work(await self._opened())
                except StoreError:
                    await self._tidy()
                    raise
                except Exception as error:
                    gone = await self._tidy() and is_gone(error)
                    again = self._known if gone else code_of(error) in AGAIN
                    if not again or clock() + pause >= deadline:
                        raise translated(error, self._settings.name, gone=gone) from error
                except BaseException:
                    await self._drop()
                    raise
                await anyio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def aclose(self) -> None:
        """Let go of the server, after what is under way."""
        async with self._lock:
            await self._drop()

    async def _opened(self) -> Database:
        if self._database is None:
            self._database = await open_database(self._settings)
            self._known = True
        return self._database

    async def _tidy(self) -> bool:
        """Drop a connection that is of no more use; whether there is none now."""
        if self._database is not None and not self._database.usable:
            await self._drop()
        return self._database is None

    async def _drop(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            await database.close()
