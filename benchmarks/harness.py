"""Measures a contender and its floor in interleaved rounds, so that a noisy machine wrongs both alike."""

import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from types import TracebackType
from typing import Self

Sample = Callable[[], Awaitable[float]]
"""Does the work once and says what one unit of it cost, in seconds of CPU unless the benchmark says otherwise."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure: ``rounds`` of every pair, and ``scale`` of the full amount of work in each."""

    rounds: int = 9
    scale: float = 1.0

    def times(self, full: int, least: int = 1) -> int:
        """How often to do what is done ``full`` times at full effort."""
        return max(least, round(full * self.scale))

    def at_most(self, rounds: int) -> "Effort":
        """The same with fewer rounds, for what takes long."""
        return Effort(min(self.rounds, rounds), self.scale)


FULL = Effort()
QUICK = Effort(rounds=3, scale=0.2)


class Stopwatch:
    """Measures a ``with`` block: CPU seconds of this process in ``cpu_s``, wall seconds in ``wall_s``.

    The garbage collector runs before the block, so each begins with the same young generations, and stays switched on
    in it: the garbage that a contender makes is part of its price.
    """

    cpu_s = 0.0
    wall_s = 0.0

    def __enter__(self) -> Self:
        gc.collect()
        self._wall = time.perf_counter()
        self._cpu = time.process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cpu_s = time.process_time() - self._cpu
        self.wall_s = time.perf_counter() - self._wall


@dataclass(frozen=True, slots=True)
class Pairs:
    """What the rounds measured: place ``i`` of both is round ``i``."""

    contender: Sequence[float]
    floor: Sequence[float]

    @property
    def ratios(self) -> list[float]:
        """Contender over floor, round by round."""
        return [one / other for one, other in zip(self.contender, self.floor, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return median(self.ratios)

    @property
    def value(self) -> float:
        """The contender's median."""
        return median(self.contender)

    @property
    def base(self) -> float:
        """The floor's median."""
        return median(self.floor)


async def interleave(samples: dict[str, Sample], effort: Effort) -> dict[str, list[float]]:
    """Take every sample once a round, every second round in the opposite order, after a round to warm up."""
    for sample in samples.values():
        await sample()
    taken: dict[str, list[float]] = {name: [] for name in samples}
    for number in range(effort.rounds):
        names = list(samples) if number % 2 == 0 else list(reversed(samples))
        for name in names:
            taken[name].append(await samples[name]())
    return taken
