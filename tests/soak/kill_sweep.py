"""Kills a process at every write point of a run, before and after, and again while the run is taken up.

At the repository's root: ``python -m tests.soak.kill_sweep``, or with ``--store postgres``.
"""

import argparse
import asyncio
import logging
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

from ..faults.deadly import Cut, log_at
from ..faults.errand import Life
from ..faults.inquest import check_runs
from ..faults.mortals import Mortals
from .places import Place, places

MOST = 100
"""More writes than the run has."""


class Sweep:
    """Runs that are killed at their first ``most`` writes, each in a log of its own; ``found`` is what came of them."""

    def __init__(self, mortals: Mortals, fresh: Iterator[Place], most: int) -> None:
        self.found: Counter[str] = Counter()
        self._most = most
        self._mortals = mortals
        self._fresh = fresh

    def once(self) -> int:
        """Kill at each write, before and after; says how many write points there are."""
        return max(self._everywhere(before=before) for before in (True, False))

    def twice(self, points: int) -> None:
        """Kill after each write, and the next process at each of its own."""
        for first in range(1, points):
            self._everywhere(Cut(first, before=False), before=True)

    def _everywhere(self, *earlier: Cut, before: bool) -> int:
        for number in range(1, self._most + 1):
            if self._lived((*earlier, Cut(number, before))):
                return number - 1
        return self._most

    def _lived(self, cuts: tuple[Cut, ...]) -> bool:
        """Whether the process that was to die last did not."""
        place, lived = next(self._fresh), False
        for number, cut in enumerate((*cuts, None)):
            begin = ("go",) if number == 0 else ()
            life = Life(url=place.url, diary=place.diary, begin=begin, cut=cut, **place.leases(number))
            ended = self._mortals.live(life)
            self.found["kills"] += not ended
            lived = ended if cut is not None else lived
        runs = asyncio.run(_check(place))
        self.found["runs that went on to the same answer"] += runs
        self.found["never begun, and nobody was told so"] += not runs
        return lived


async def _check(place: Place) -> int:
    async with log_at(place.url) as log:
        return await check_runs(log, place.diary)


def sweep(store: str, folder: Path, *, twice: bool = False, most: int = MOST) -> Counter[str]:
    """Do all of it; raises AssertionError where a promise is broken."""
    with Mortals() as mortals:
        sweep = Sweep(mortals, places(store, folder), most)
        points = sweep.once()
        sweep.found["write points"] = points
        if twice:
            sweep.twice(points)
        return sweep.found


def main() -> None:
    """Read the command line, sweep, print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--twice", action="store_true", help="kill the process that takes the run up too")
    options = parser.parse_args()
    logging.getLogger("loopbus").setLevel(logging.CRITICAL)
    began = monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = sweep(options.store, Path(folder), twice=options.twice)
    print(f"{options.store}: {dict(found)}, in {monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
