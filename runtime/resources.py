"""Locks by name: what only one tool call at a time may use."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Resources:
    """Named locks, each kept only while somebody holds it or waits for it. First come, first served."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def holding(self, name: str) -> AsyncGenerator[None, None]:
        """Hold a resource; cancelling the wait for it leaves the queue."""
        lock, users = self._locks.get(name, (asyncio.Lock(), 0))
        self._locks[name] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            users = self._locks[name][1] - 1
            if users:
                self._locks[name] = (lock, users)
            else:
                del self._locks[name]
