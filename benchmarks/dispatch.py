"""What it costs to publish an event: to nobody, to one observer, to ten."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from loopbus.bus import Bus, Event, TaskOwner

from . import dispatch_floor
from .figures import Figure, Target, figure
from .harness import Effort, Pairs, Sample, Stopwatch, interleave

EVENTS = 20_000
BURST = 100
"""How many events a busy publisher publishes before it lets them be heard."""
MICROSECONDS = 1e6


class Ping(Event):
    """Something to hear. Published by this benchmark."""

    number: int


class Pong(Event):
    """Something that nobody hears. Published by this benchmark."""

    number: int


class Counter:
    """A handler that counts, so that whoever published can see when it was heard."""

    def __init__(self) -> None:
        self.heard = 0

    async def __call__(self, event: object) -> None:
        self.heard += 1


Subscribed = Callable[[Sequence[Counter]], AbstractAsyncContextManager[Callable[[Any], None]]]
"""Subscribes the handlers for the time of a ``with`` block, and gives what publishes to them."""

HEARD = (
    (1, BURST, 1, Target("ratio", 1.5)),
    (1, 1, 4, Target("ratio", 1.5)),
    (10, BURST, 10, Target("value", 10.0)),
    (10, 1, 40, None),
)
"""Observers, events published at a time, by how much fewer events do, and the target."""


def figures(effort: Effort) -> list[Figure]:
    """A dispatch to nobody, to one and to ten, each as time per event."""
    return asyncio.run(_measure(effort))


async def _measure(effort: Effort) -> list[Figure]:
    amount = effort.times(EVENTS, least=100)
    taken = await interleave({"ours": _unheard(amount), "floor": _looked_up(amount)}, effort)
    found = [_figure("event, unheard", taken, Target("value", 0.5))]
    for observers, burst, fewer, target in HEARD:
        samples = {
            name: _heard(subscribed, amount // fewer, burst, observers)
            for name, subscribed in (("ours", _bus), ("floor", dispatch_floor.queues))
        }
        found.append(_figure(name_of(observers, burst), await interleave(samples, effort), target))
    return found


def name_of(observers: int, burst: int) -> str:
    """What the table calls a dispatch that is heard."""
    return f"event, {observers} observer{'s'[: observers > 1]}, {burst} at a time"


def _figure(name: str, taken: dict[str, list[float]], target: Target | None) -> Figure:
    return figure(name, "us", Pairs(taken["ours"], taken["floor"]), target, per_second=MICROSECONDS)


def _unheard(amount: int) -> Sample:
    async def sample() -> float:
        events = [Pong(number=number) for number in range(amount)]
        async with _bus([Counter()]) as publish:
            with Stopwatch() as watch:
                for event in events:
                    publish(event)
        return watch.cpu_s / amount

    return sample


def _looked_up(amount: int) -> Sample:
    """The floor of an event that nobody hears: to ask a dictionary whether anybody does."""

    async def sample() -> float:
        events = [Pong(number=number) for number in range(amount)]
        heard: dict[type[Event], Counter] = {Ping: Counter()}
        with Stopwatch() as watch:
            for event in events:
                heard.get(type(event))
        return watch.cpu_s / amount

    return sample


def _heard(subscribed: Subscribed, amount: int, burst: int, observers: int) -> Sample:
    async def sample() -> float:
        events = [Ping(number=number) for number in range(amount)]
        counters = [Counter() for _ in range(observers)]
        async with subscribed(counters) as publish:
            with Stopwatch() as watch:
                for first in range(0, amount, burst):
                    for event in events[first : first + burst]:
                        publish(event)
                    # An event to wait for would be a price of its own, and neither side's.
                    while counters[-1].heard < min(first + burst, amount):  # noqa: ASYNC110
                        await asyncio.sleep(0)
        assert [counter.heard for counter in counters] == [amount] * observers
        return watch.cpu_s / amount

    return sample


@asynccontextmanager
async def _bus(counters: Sequence[Counter]) -> AsyncGenerator[Callable[[Event], None], None]:
    owner = TaskOwner("a benchmark")
    bus = Bus(owner.spawn)
    for counter in counters:
        bus.observe(Ping, counter)
    yield bus.publish
    bus.close()
    await owner.aclose(grace_s=1.0)
