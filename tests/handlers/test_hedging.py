"""A slow model is asked a second time, and the answer is of whichever request begins to answer first."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from loopbus.backends import Broken, Busy, Delta, Request, Scripted
from loopbus.backends.contract import StopPiece, TextPiece, UsagePiece
from loopbus.bus import TaskOwner
from loopbus.events import HedgeStarted, ModelRequested, Usage
from loopbus.handlers.hedging import hedged
from loopbus.runtime import Agent, BadInput

from ..bus.clock import Clock, turns
from ..faults.house import house

Script = list[tuple[float, Delta | Exception]]
STOP = StopPiece("end")


class Model:
    """Streams that are written down, a pause before each delta, and a note of what was asked and closed."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = iter(scripts)
        self.asked = 0
        self.closed = 0
        self.hedged = 0

    async def _stream(self, script: Script) -> AsyncGenerator[Delta, None]:
        self.asked += 1
        try:
            for seconds, delta in script:
                await asyncio.sleep(seconds)
                if isinstance(delta, Exception):
                    raise delta
                yield delta
        finally:
            self.closed += 1

    def ask(self) -> AsyncGenerator[Delta, None]:
        """Ask for the next stream."""
        return self._stream(next(self._scripts))

    def note(self) -> None:
        """Note that a second request is made."""
        self.hedged += 1

    async def read(self) -> list[Delta]:
        """Read the faster stream to its end."""
        return [delta async for delta in hedged(self.ask, 5, self.note)]


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The loop's time, put forward by hand."""
    return Clock(monkeypatch)


def said(words: str, after_s: float = 0) -> Script:
    """A stream that begins after so many seconds, and takes one more."""
    return [(after_s, TextPiece(words)), (1, STOP)]


async def result(model: Model, clock: Clock, seconds: int = 30) -> list[Delta]:
    """What comes of it when time goes by."""
    task = TaskOwner("the test").spawn(model.read())
    await turns()
    for _ in range(seconds):
        await clock.forward(1)
    assert model.closed == model.asked
    return await task


async def test_a_model_that_answers_in_time_is_asked_once(clock: Clock) -> None:
    """However long it takes to finish what it began."""
    model = Model([(4, TextPiece("a")), (9, TextPiece("b")), (9, STOP)])
    assert await result(model, clock) == [TextPiece("a"), TextPiece("b"), STOP]
    assert (model.asked, model.hedged) == (1, 0)


@pytest.mark.parametrize(("first_s", "second_s", "winner"), [(20, 3, "second"), (7, 4, "first"), (1000, 3, "second")])
async def test_the_answer_is_of_the_request_that_begins_first(
    first_s: float, second_s: float, winner: str, clock: Clock
) -> None:
    """All of it; the other one is closed."""
    model = Model(said("first", first_s), said("second", second_s))
    assert await result(model, clock) == [TextPiece(winner), STOP]
    assert (model.asked, model.hedged) == (2, 1)


async def test_counts_alone_are_no_answer_and_those_of_the_slower_one_are_not_lost(clock: Clock) -> None:
    """They are in every count of the faster one, or before it where that has none."""
    slow: Script = [(1, UsagePiece(Usage(7))), *said("first", 99)]
    fast: Script = [(1, UsagePiece(Usage(7))), (1, TextPiece("second")), (1, UsagePiece(Usage(7, 3))), (0, STOP)]
    usage = [delta.usage for delta in await result(Model(slow, fast), clock) if isinstance(delta, UsagePiece)]
    assert usage == [Usage(14), Usage(14, 3)]
    deltas = await result(Model(slow, said("second")), clock)
    assert deltas == [UsagePiece(Usage(7)), TextPiece("second"), STOP]


async def test_a_failure_before_its_time_is_a_failure(clock: Clock) -> None:
    """Asking again is for the retry policy to decide."""
    model = Model([(1, Busy("full"))])
    with pytest.raises(Busy):
        await result(model, clock)
    assert model.asked == 1


@pytest.mark.parametrize(("first_s", "second_s"), [(7, 9), (20, 1)])
async def test_one_of_two_may_fail(first_s: float, second_s: float, clock: Clock) -> None:
    """The other one answers, or, if it fails too, the first one's error is the reply's."""
    error: Script = [(first_s, Busy("the first"))]
    assert await result(Model(error, said("second", second_s)), clock) == [TextPiece("second"), STOP]
    other: Script = [(second_s, Broken("the second"))]
    assert await result(Model(said("first", first_s), other), clock) == [TextPiece("first"), STOP]
    with pytest.raises(Busy, match="the first"):
        await result(Model(error, other), clock)


async def test_a_stream_without_a_word_answers_too(clock: Clock) -> None:
    """That it is none is for the fold to say, as always."""
    assert await result(Model([]), clock) == []


async def test_whoever_leaves_leaves_nothing_behind(clock: Clock) -> None:
    """While both are asked, or in the middle of the answer."""
    model = Model(said("first", 99), said("second", 99))
    task = TaskOwner("the test").spawn(model.read())
    await turns()
    await clock.forward(6)
    task.cancel()
    await turns()
    assert task.cancelled()
    assert (model.asked, model.closed) == (2, 2)
    model = Model(said("first"))
    deltas = hedged(model.ask, 5, model.note)
    assert await anext(deltas) == TextPiece("first")
    await deltas.aclose()
    assert model.closed == 1


async def test_an_agent_may_want_it_and_its_runs_say_so(clock: Clock) -> None:
    """Once for a request; the log has one reply."""
    async with house() as tested:

        async def answer(_: Request) -> str:
            if model.asked == 1:
                await asyncio.sleep(60)
            return f"answer {model.asked}"

        model = Scripted(answer)
        run = await tested.start(Agent(model, hedge_s=5))
        await turns()
        await clock.forward(5.1)
        assert (await run.result()).output == "answer 2"
    names = [type(event).__name__ for event in run.log]
    assert names[2:5] == ["ModelRequested", "HedgeStarted", "ModelReplied"]
    (asked,) = [event for event in run.log if isinstance(event, ModelRequested)]
    (started,) = [event for event in run.log if isinstance(event, HedgeStarted)]
    assert (started.cause, started.model, started.after_s) == (asked.seq, "scripted", 5)


@pytest.mark.parametrize("wrong", [0, -1, "soon"])
def test_a_time_is_above_nothing(wrong: Any) -> None:
    """Zero would ask everything twice."""
    with pytest.raises(BadInput, match="hedge_s"):
        Agent("local", hedge_s=wrong)
