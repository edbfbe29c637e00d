"""``python -m benchmarks.instructions``: a turn beside its floors, in machine instructions instead of time.

Instructions are the same however busy the machine is, so a change of one per cent shows. They leave out what memory and
branches cost, so a ratio of them is not a ratio of times. Needs ``valgrind`` (Debian's package of that name).
"""

import asyncio
import gc
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

from . import turn_floor
from .turn import OBSERVERS, heard_by

TURNS = 20
FEW, MANY = 5, 25
"""Runs in the two processes whose difference is counted: what comes before the first run, and the first, falls out."""
ROOT = Path(__file__).resolve().parent.parent
_COUNT = re.compile(r"Collected\s*: (\d+)")

Work = Callable[[int], Awaitable[None]]


def main() -> None:
    """Count and print every contender; with a name and a number, which ``count`` gives, do that work."""
    if len(sys.argv) == 3:
        asyncio.run(_do(CONTENDERS[sys.argv[1]], int(sys.argv[2])))
        return
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not installed; on Debian: apt install valgrind")
    counts = {name: count(name) for name in CONTENDERS}
    for name, instructions in counts.items():
        beside = "  ".join(f"{instructions / counts[floor]:6.2f} x {floor}" for floor in FLOORS)
        print(f"{name:<14} {instructions:>9,.0f} a turn  {beside}")


def count(name: str) -> float:
    """Instructions of one turn of a contender."""
    few, many = (_collected(name, runs) for runs in (FEW, MANY))
    return (many - few) / ((MANY - FEW) * TURNS)


def _collected(name: str, runs: int) -> int:
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}"]
    command += [sys.executable, "-m", "benchmarks.instructions", name, str(runs)]
    # The order of sets would change from one process to the next.
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, check=True)
    return int(_COUNT.findall(done.stderr)[-1])


async def _do(work: Work, runs: int) -> None:
    gc.disable()
    try:
        await work(runs)
    finally:
        gc.enable()


async def _ours(observers: int, runs: int) -> None:
    async with heard_by(observers) as heard:
        await heard.sample(TURNS, runs)()


async def _by_hand(run: Callable[[turn_floor.Model, str], Awaitable[turn_floor.Messages]], runs: int) -> None:
    model = turn_floor.scripted(TURNS)
    for _ in range(runs):
        await run(model, "What is 17 + 25?")


FLOORS: Mapping[str, Work] = {
    "leanest floor": partial(_by_hand, turn_floor.run),
    "plain loop": partial(_by_hand, turn_floor.run_plain),
}
CONTENDERS: Mapping[str, Work] = {
    **FLOORS,
    "no observers": partial(_ours, 0),
    f"{OBSERVERS} observers": partial(_ours, OBSERVERS),
}


if __name__ == "__main__":
    main()
