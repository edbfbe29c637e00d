"""A process for one peer: ``python -m benchmarks.peers.worker PEER ROUNDS`` prints its ratios to the floor as JSON.

It runs in the peers' own environment, so nothing here imports loopbus.
"""

import asyncio
import importlib
import json
import logging
import sys
from importlib.metadata import version
from statistics import median
from types import ModuleType
from typing import Any

from .. import dispatch_floor, turn_floor
from ..harness import Effort, Pairs, Sample, Stopwatch, interleave

SIZES = (20, 200)
OBSERVERS = (1, 10)
BURST = 40
EVENTS = 200


def main() -> None:
    """Measure what the peer can do."""
    name, rounds = sys.argv[1], int(sys.argv[2])
    logging.disable()
    peer = importlib.import_module(f".with_{name}", __package__)
    effort = Effort(rounds)
    found: dict[str, Any] = {"version": version(peer.DISTRIBUTION)}
    if hasattr(peer, "turn"):
        found["turn"] = {turns: asyncio.run(_turn(peer, turns, effort)) for turns in SIZES}
    if hasattr(peer, "dispatch"):
        found["dispatch"] = {count: asyncio.run(_dispatch(peer, count, effort)) for count in OBSERVERS}
    print(json.dumps(found))


async def _turn(peer: ModuleType, turns: int, effort: Effort) -> float:
    run = peer.turn(turns)
    model = turn_floor.scripted(turns)

    async def theirs() -> float:
        with Stopwatch() as watch:
            output = await run("What is 17 + 25?")
        assert output == "42", f"{peer.DISTRIBUTION} answered {output!r}"
        return watch.cpu_s

    async def floor() -> float:
        with Stopwatch() as watch:
            for _ in range(10):
                await turn_floor.run(model, "What is 17 + 25?")
        return watch.cpu_s / 10

    return await _ratio(theirs, floor, effort)


async def _dispatch(peer: ModuleType, observers: int, effort: Effort) -> float:
    heard = 0

    async def hear(event: object) -> None:
        nonlocal heard
        heard += 1

    async def theirs() -> float:
        before = heard
        async with peer.dispatch([hear] * observers) as deliver:
            with Stopwatch() as watch:
                for first in range(0, EVENTS, BURST):
                    await deliver(range(first, first + BURST))
        assert heard == before + EVENTS * observers
        return watch.cpu_s

    async def floor() -> float:
        async with dispatch_floor.queues([hear] * observers) as publish:
            with Stopwatch() as watch:
                for first in range(0, EVENTS, BURST):
                    for number in range(first, first + BURST):
                        publish(number)
                    await asyncio.sleep(0)
        return watch.cpu_s

    return await _ratio(theirs, floor, effort)


async def _ratio(theirs: Sample, floor: Sample, effort: Effort) -> float:
    taken = await interleave({"theirs": theirs, "floor": floor}, effort)
    return median(Pairs(taken["theirs"], taken["floor"]).ratios)


if __name__ == "__main__":
    main()
