"""Asks a slow model a second time, and takes whichever answer begins first."""

from collections.abc import AsyncGenerator, Callable

import anyio

from ..backends.contract import Delta, UsagePiece
from ..events.usage import NO_USAGE, Usage

Ask = Callable[[], AsyncGenerator[Delta, None]]


async def hedged(ask: Ask, after_s: float, on_second: Callable[[], object]) -> AsyncGenerator[Delta, None]:
    """The deltas of one reply: of a second request, if the first has not begun to answer within ``after_s`` seconds.

    ``on_second`` is called before the second request is made; the slower one is closed. What that one is known to have
    taken is added to the usage, but most providers tell only at the end, so it may cost more than is counted.

    :raises BackendError: the only request failed, or both did; then it is the first one's error.
    """
    runners = [_Runner(ask())]
    try:
        await _race(runners, ask, after_s, on_second)
        winner = next((each for each in runners if each.answers), runners[0])
        if winner.error is not None:
            raise winner.error
        lost = sum((each.usage for each in runners if each is not winner), NO_USAGE)
        if lost != NO_USAGE and winner.usage == NO_USAGE:
            yield UsagePiece(lost)
        for delta in winner.begun:
            yield _with(delta, lost)
        async for delta in winner.stream:
            yield _with(delta, lost)
    finally:
        for each in runners:
            await each.stream.aclose()


async def _race(runners: "list[_Runner]", ask: Ask, after_s: float, on_second: Callable[[], object]) -> None:
    """Let the first run, and after a while a second one, until one of them has begun to answer or none is left."""
    (first,) = runners
    async with anyio.create_task_group() as group:
        group.start_soon(first.begin, group.cancel_scope)
        with anyio.move_on_after(after_s):
            await first.over.wait()
        if not first.over.is_set():
            on_second()
            second = _Runner(ask())
            runners.append(second)
            group.start_soon(second.begin, group.cancel_scope)


class _Runner:
    """One of the requests, up to the first piece of its answer."""

    def __init__(self, stream: AsyncGenerator[Delta, None]) -> None:
        self.stream = stream
        self.begun: list[Delta] = []
        self.answers = False
        self.error: Exception | None = None
        self.over = anyio.Event()

    async def begin(self, race: anyio.CancelScope) -> None:
        """Read until it answers, which ends the race, or fails."""
        try:
            async for delta in self.stream:
                self.begun.append(delta)
                # Counts alone are no sign that the model has begun to write.
                if type(delta) is not UsagePiece:
                    break
            # A stream that ends without a word answers too, if not well: that is for the reply's fold to say.
            self.answers = True
            race.cancel()
        except Exception as error:
            self.error = error
        self.over.set()

    @property
    def usage(self) -> Usage:
        """What it is known to have taken so far."""
        return next((delta.usage for delta in reversed(self.begun) if isinstance(delta, UsagePiece)), NO_USAGE)


def _with(delta: Delta, lost: Usage) -> Delta:
    return UsagePiece(delta.usage + lost) if isinstance(delta, UsagePiece) else delta
