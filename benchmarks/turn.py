"""What a turn costs: one in-process model call and one validated tool call, with observers that hear all of it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from loopbus import Agent, Limits, Runtime, tool
from loopbus.backends import Scripted, call, text
from loopbus.events import Event

from . import turn_floor
from .figures import Figure, Target, figure
from .harness import Effort, Pairs, Sample, Stopwatch, interleave

SIZES = (20, 200)
OBSERVERS = 3
TURNS_A_SAMPLE = 2_000
MICROSECONDS = 1e6
TARGET = Target("ratio", 8)


@tool
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


def figures(effort: Effort) -> list[Figure]:
    """A turn of a short run and of a long one, with and without observers, and how much it grows between them."""
    return asyncio.run(_measure(effort))


def agent(turns: int, delay_s: float = 0.0) -> Agent:
    """An agent whose model asks for ``add`` in every turn but the last. Any number of runs may share it."""
    script = [*(call("add", a=17, b=number) for number in range(turns - 1)), text("42")]
    return Agent(Scripted(script, per_run=True, delay_s=delay_s, keep=0), tools=[add], limits=Limits(turns=turns))


async def _measure(effort: Effort) -> list[Figure]:
    async with heard_by(0) as bare, heard_by(OBSERVERS) as heard:
        samples: dict[str, Sample] = {}
        for turns in SIZES:
            repeats = effort.times(TURNS_A_SAMPLE // turns)
            samples[f"floor {turns}"] = _by_hand(turn_floor.run, turns, repeats)
            samples[f"plain {turns}"] = _by_hand(turn_floor.run_plain, turns, repeats)
            samples[f"heard {turns}"] = heard.sample(turns, repeats)
            samples[f"bare {turns}"] = bare.sample(turns, repeats)
        taken = await interleave(samples, effort)
    short, long = (Pairs(taken[f"heard {turns}"], taken[f"floor {turns}"]) for turns in SIZES)
    plain = [(turns, Pairs(taken[f"heard {turns}"], taken[f"plain {turns}"])) for turns in SIZES]
    return [
        _figure(SIZES[0], OBSERVERS, short, TARGET),
        _figure(SIZES[1], OBSERVERS, long, TARGET),
        *(_figure(turns, OBSERVERS, pairs, TARGET, ", over a plain loop") for turns, pairs in plain),
        *(_figure(turns, 0, Pairs(taken[f"bare {turns}"], taken[f"floor {turns}"])) for turns in SIZES),
        _growth(short, long),
    ]


def name_of(turns: int, observers: int) -> str:
    """What the table calls a turn."""
    return f"turn, N={turns}, {observers or 'no'} observers"


def _figure(turns: int, observers: int, pairs: Pairs, target: Target | None = None, beside: str = "") -> Figure:
    return figure(name_of(turns, observers) + beside, "us", pairs, target, per_second=MICROSECONDS)


def _growth(short: Pairs, long: Pairs) -> Figure:
    ours = Pairs(long.contender, short.contender)
    by_hand = Pairs(long.floor, short.floor)
    return Figure(
        name=f"turn, growth N={SIZES[1]} over N={SIZES[0]}",
        unit="x",
        value=ours.ratio,
        floor=by_hand.ratio,
        ratios=[one / other for one, other in zip(ours.ratios, by_hand.ratios, strict=True)],
        target=Target("value", 1.1),
    )


def _by_hand(
    run: Callable[[turn_floor.Model, str], Awaitable[turn_floor.Messages]], turns: int, repeats: int
) -> Sample:
    model = turn_floor.scripted(turns)

    async def sample() -> float:
        with Stopwatch() as watch:
            for _ in range(repeats):
                messages = await run(model, "What is 17 + 25?")
                assert messages[-1]["content"] == "42"
                assert len(messages) == 2 * turns
        return watch.cpu_s / (repeats * turns)

    return sample


class Heard:
    """A runtime with observers, each of which hears every durable event."""

    def __init__(self, runtime: Runtime, observers: int) -> None:
        self._runtime = runtime
        self._observers = observers
        self._heard = 0
        for _ in range(observers):
            runtime.observe(Event)(self._hear)

    async def _hear(self, event: Event) -> None:
        self._heard += 1

    def sample(self, turns: int, repeats: int) -> Sample:
        """Run an agent for ``turns`` turns, ``repeats`` times one after the other, until the observers have seen it."""
        runs = agent(turns)

        async def sample() -> float:
            self._heard = 0
            with Stopwatch() as watch:
                for _ in range(repeats):
                    result = await self._runtime.run(runs, "What is 17 + 25?")
                    assert result.output == "42"
                    assert result.turns == turns
                await self._runtime.bus.drain()
            # Deltas, which come on top, are the backend's to choose.
            assert self._heard >= self._observers * repeats * _durable_events(turns)
            return watch.cpu_s / (repeats * turns)

        return sample


def _durable_events(turns: int) -> int:
    """How long the log of a run is: its start and end, four events in each turn, three more around each tool call."""
    return 2 + 4 * turns + 3 * (turns - 1)


@asynccontextmanager
async def heard_by(observers: int) -> AsyncGenerator[Heard, None]:
    """An open runtime with so many observers."""
    async with Runtime() as runtime:
        yield Heard(runtime, observers)
