"""When a request for embeddings is sent once more, and after how long."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio

from ..errors import BackendError, Busy


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """Exponential back-off with jitter, for one of many requests: those that are answered already are not sent again.

    A run's own policies never see these requests. ``attempts`` counts the first; 1 is no retry. A provider's wish
    (``Retry-After``) is kept to if it is no longer than ``longest_s``, and nobody waits for a longer one.
    """

    attempts: int = 3
    first_s: float = 0.5
    longest_s: float = 30.0
    random: Callable[[], float] = field(default=random.random, repr=False)
    """Gives numbers from 0 to 1."""
    sleep: Callable[[float], Awaitable[None]] = field(default=anyio.sleep, repr=False)

    def delay_s(self, failed: BackendError, attempt: int) -> float | None:
        """How long to wait after attempt number ``attempt``; ``None`` if that was the last."""
        if not failed.retryable or attempt >= self.attempts:
            return None
        if isinstance(failed, Busy) and failed.retry_after_s is not None:
            return failed.retry_after_s if failed.retry_after_s <= self.longest_s else None
        return min(self.first_s * 2 ** (attempt - 1), self.longest_s) * (1 + self.random()) / 2


DEFAULT_RETRIES = Retries()
