"""A reply that does not come in time is given up, typed; one that does is not touched."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from loopbus.backends import Broken, Delta
from loopbus.backends.contract import StopPiece, TextPiece, UsagePiece
from loopbus.bus import TaskOwner
from loopbus.events import Usage
from loopbus.handlers.errors import BadLimit
from loopbus.handlers.timeouts import ReplyTimeouts, in_time

from ..bus.clock import Clock, turns


class Stream:
    """Deltas that come after so many seconds each, and a note whether the stream was closed."""

    def __init__(self, *deltas: tuple[float, Delta | Exception]) -> None:
        self._deltas = deltas
        self.closed = False

    async def __call__(self) -> AsyncGenerator[Delta, None]:
        """Stream."""
        try:
            for seconds, delta in self._deltas:
                await asyncio.sleep(seconds)
                if isinstance(delta, Exception):
                    raise delta
                yield delta
        finally:
            self.closed = True


async def read(stream: Stream, timeouts: ReplyTimeouts, clock: Clock) -> list[Delta]:
    """Read a stream to its end while time goes by, a second at a time."""
    got: list[Delta] = []

    async def reading() -> None:
        async for delta in in_time(stream(), timeouts):
            got.append(delta)  # noqa: PERF401 - what came before an error counts

    task = TaskOwner("the test").spawn(reading())
    await turns()
    for _ in range(30):
        await clock.forward(1)
    assert stream.closed
    await task
    return got


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The loop's time, put forward by hand."""
    return Clock(monkeypatch)


TEXT, COUNT, STOP = TextPiece("a"), UsagePiece(Usage(1)), StopPiece("end")


@pytest.mark.parametrize(
    ("name", "timeouts", "deltas"),
    [
        ("first_token_s", ReplyTimeouts(first_token_s=5), [(9, TEXT)]),
        ("first_token_s", ReplyTimeouts(first_token_s=5, idle_s=9), [(1, COUNT), (6, TEXT)]),
        ("idle_s", ReplyTimeouts(idle_s=5), [(1, TEXT), (6, TEXT)]),
        ("idle_s", ReplyTimeouts(idle_s=5, first_token_s=20), [(6, TEXT), (6, TEXT)]),
        ("total_s", ReplyTimeouts(total_s=5, idle_s=4), [(3, TEXT), (3, TEXT)]),
        ("total_s", ReplyTimeouts(total_s=5), [(9, TEXT)]),
    ],
)
async def test_a_reply_that_takes_too_long_is_broken_off(
    name: str, timeouts: ReplyTimeouts, deltas: list[Any], clock: Clock
) -> None:
    """Which time is over is said, asking again may help, and the stream is closed."""
    with pytest.raises(Broken, match=f"^the model took too long: {name} is 5$") as caught:
        await read(Stream(*deltas), timeouts, clock)
    assert caught.value.retryable


async def test_a_reply_that_comes_in_time_is_as_it_was(clock: Clock) -> None:
    """However long it takes together, where that is not bounded."""
    deltas: list[tuple[float, Delta | Exception]] = [(4, COUNT), (0, TEXT), (4, TEXT), (4, TEXT), (4, STOP)]
    got = await read(Stream(*deltas), ReplyTimeouts(first_token_s=5, idle_s=5), clock)
    assert got == [COUNT, TEXT, TEXT, TEXT, STOP]


async def test_a_pause_of_the_reader_is_not_the_models(clock: Clock) -> None:
    """Whoever is slow to take a piece must not blame the model."""
    deltas = in_time(Stream((0, TEXT), (0, STOP))(), ReplyTimeouts(idle_s=5))
    assert await anext(deltas) == TEXT
    await clock.forward(60)
    assert await anext(deltas) == STOP
    await deltas.aclose()


@pytest.mark.parametrize("error", [Broken("gone"), TimeoutError("its own")])
async def test_what_a_model_raises_passes(error: Exception, clock: Clock) -> None:
    """A time-out of its own too."""
    with pytest.raises(type(error), match=str(error)):
        await read(Stream((0, error)), ReplyTimeouts(total_s=60), clock)


@pytest.mark.parametrize("wrong", [{"first_token_s": 0}, {"idle_s": -1}, {"total_s": float("inf")}])
def test_a_bound_is_a_number_of_seconds(wrong: dict[str, Any]) -> None:
    """None is no bound."""
    (name,) = wrong
    with pytest.raises(BadLimit, match=name):
        ReplyTimeouts(**wrong)
