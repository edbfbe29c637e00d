"""Keeps one exchange within its limits, and says in our words what went wrong with it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from typing import TypeVar

from .errors import BackendError
from .http_faults import fault, timed_out
from .patience import Patience, TimeIsUp
from .route import Route
from .transport import Timeouts

T = TypeVar("T")


class Watch:
    """Begins when it is made. ``stop`` it when the exchange is over."""

    expired = False
    """Whether one of the limits was reached."""

    def __init__(self, route: Route, timeouts: Timeouts) -> None:
        self._clock = asyncio.get_running_loop().time
        self._route = route
        self._timeouts = timeouts
        self._patience = Patience(timeouts.idle_s)
        now = self._clock()
        self._deadline = float("inf") if timeouts.total_s is None else now + timeouts.total_s
        self._first_byte = min(now + timeouts.first_byte_s, self._deadline)

    async def head(self, work: Awaitable[T]) -> T:
        """Await ``work``, which sends the request and reads the head of the answer."""
        try:
            return await self._patience.wait(work, self._first_byte)
        except Exception as exc:
            raise self._fault(exc, "first_byte_s") from self._shown(exc)

    async def chunks(self, body: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """The body of the answer. How long its reader takes between chunks is no concern of ours."""
        wait, clock, idle_s, deadline = self._patience.wait, self._clock, self._timeouts.idle_s, self._deadline
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
            raise self._fault(exc, limit) from self._shown(exc)

    def stop(self) -> None:
        """Drop the timer."""
        self._patience.stop()

    def _fault(self, exc: Exception, limit: str) -> BackendError:
        if not isinstance(exc, TimeIsUp):
            return fault(exc, self._route.place)
        self.expired = True
        return timed_out(self._route.place, "total_s" if self._clock() >= self._deadline else limit, self._timeouts)

    def _shown(self, exc: Exception) -> Exception | None:
        # Some clients quote whole addresses: a query may hold a key, and a proxy's address a password.
        return None if "?" in self._route.url or "@" in (self._route.proxy or "") else exc
