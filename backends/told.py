"""A stream of deltas that are known beforehand."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from .contract import Delta


class Told(AsyncGenerator[Delta, None]):
    """Yields ``deltas``, then raises ``error`` if there is one.

    ``delay_s`` is waited before the first, ``piece_delay_s`` before each. A generator function would cost more than all
    that is done with what it yields.
    """

    __slots__ = ("_deltas", "_error", "_pause_s", "_piece_delay_s")

    def __init__(self, deltas: tuple[Delta, ...], error: BaseException | None, delay_s: float, piece_delay_s: float):
        self._deltas = iter(deltas)
        self._error = error
        self._pause_s = delay_s + piece_delay_s
        self._piece_delay_s = piece_delay_s

    async def __anext__(self) -> Delta:
        for delta in self._deltas:
            if self._pause_s:
                await self._pause()
            return delta
        if self._error is None:
            raise StopAsyncIteration
        if self._pause_s:
            await self._pause()
        # The same object may be raised many times: each time with a traceback of its own.
        raise self._error.with_traceback(None)

    async def _pause(self) -> None:
        await asyncio.sleep(self._pause_s)
        self._pause_s = self._piece_delay_s

    async def asend(self, value: None) -> Delta:
        """The next delta."""
        return await anext(self)

    async def athrow(self, *error: Any) -> Delta:
        """End with an error from outside."""
        await self.aclose()
        raise error[0]

    async def aclose(self) -> None:
        """Tell no more."""
        self._deltas, self._error, self._pause_s, self._piece_delay_s = iter(()), None, 0.0, 0.0
