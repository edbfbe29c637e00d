"""Kills processes at random moments while each drives many runs, and proves in the end that nothing is lost.

At the repository's root: ``python -m tests.soak.random_kills --kills 500``, or with ``--store postgres``.
"""

import argparse
import asyncio
import logging
import random
import tempfile
from collections import Counter
from pathlib import Path
from time import monotonic

from ..faults.deadly import log_at
from ..faults.diary import notes
from ..faults.errand import Life
from ..faults.inquest import check_runs
from ..faults.mortals import Mortals
from .places import Place, places

LONGEST_S = 0.4


def kill(
    mortals: Mortals, place: Place, kills: int, runs: int, dice: random.Random, longest_s: float = LONGEST_S
) -> int:
    """Let process after process begin some runs, and go on with those before it, until so many were killed.

    Each has ``longest_s`` at most. Then one more ends what is left. Says how many processes there were.
    """
    killed, lives = 0, 0
    while killed < kills:
        begin = tuple(f"{lives}.{number}" for number in range(runs))
        seconds = dice.uniform(0, longest_s)
        life = Life(url=place.url, diary=place.diary, begin=begin, seconds=seconds, **place.leases(lives))
        killed += not mortals.live(life)
        lives += 1
    assert mortals.live(Life(url=place.url, diary=place.diary, **place.leases(lives)))
    return lives + 1


def soak(
    store: str, kills: int, runs: int, dice: random.Random, folder: Path, longest_s: float = LONGEST_S
) -> Counter[str]:
    """Do all of it; raises AssertionError where a promise is broken."""
    place = next(places(store, folder))
    with Mortals() as mortals:
        lives = kill(mortals, place, kills, runs, dice, longest_s)
    found = Counter(note["what"] for note in notes(place.diary))
    found["runs"] = asyncio.run(_check(place))
    found["processes"] = lives
    return found


async def _check(place: Place) -> int:
    async with log_at(place.url) as log:
        return await check_runs(log, place.diary)


def main() -> None:
    """Read the command line, kill, print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--runs", type=int, default=4, help="how many each process begins")
    parser.add_argument("--longest", type=float, default=LONGEST_S, help="seconds; more where the machine is busy")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    logging.getLogger("loopbus").setLevel(logging.CRITICAL)
    began = monotonic()
    with tempfile.TemporaryDirectory() as folder:
        dice = random.Random(options.seed)
        found = soak(options.store, options.kills, options.runs, dice, Path(folder), options.longest)
    print(f"{options.store}, seed {options.seed}: {dict(found)}, in {monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
