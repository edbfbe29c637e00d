"""How long a run waits for a model."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, fields
from math import inf

from ..backends.contract import Delta, UsagePiece
from ..backends.errors import Broken
from .errors import BadLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTimeouts:
    """Seconds that a reply may take, whatever the backend; None is no bound.

    A reply that takes longer is given up with ``Broken``, which can be retried. The time-outs of a connection are its
    transport's own (``backends.transport.Timeouts``).

    :raises BadLimit: a bound is no number above 0; says which.
    """

    first_token_s: float | None = None
    """From the request to the first piece of the reply."""
    idle_s: float | None = None
    """From one piece to the next."""
    total_s: float | None = None
    """The whole reply."""

    def __post_init__(self) -> None:
        for each in fields(self):
            bound = getattr(self, each.name)
            if bound is not None and not (isinstance(bound, int | float) and 0 < bound < inf):
                raise BadLimit(f"ReplyTimeouts({each.name}={bound!r}): it is a number of seconds above 0, or None")


async def in_time(deltas: AsyncGenerator[Delta, None], timeouts: ReplyTimeouts) -> AsyncGenerator[Delta, None]:
    """The same deltas, as long as they come in time.

    :raises Broken: they do not; says which time is over.
    """
    clock = asyncio.get_running_loop().time
    begun = since = clock()
    pause = "first_token_s"
    try:
        while True:
            until, name = min(_end(timeouts, "total_s", begun), _end(timeouts, pause, since))
            limit = asyncio.timeout_at(until if until < inf else None)
            try:
                async with limit:
                    delta = await anext(deltas)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                if not limit.expired():
                    raise
                raise Broken(f"the model took too long: {name} is {getattr(timeouts, name):g}") from error
            yield delta
            # Counts alone are no sign that the model has begun to write.
            if type(delta) is not UsagePiece:
                pause = "idle_s"
            if pause == "idle_s":
                since = clock()
    finally:
        await deltas.aclose()


def _end(timeouts: ReplyTimeouts, name: str, since: float) -> tuple[float, str]:
    seconds: float | None = getattr(timeouts, name)
    return (inf if seconds is None else since + seconds), name
