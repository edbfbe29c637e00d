"""A process of its own for each crowd of runs, so that neither memory nor warmth is handed on.

``python -m benchmarks.concurrency_worker CONTENDER RUNS WAVES [--traced]`` prints what the crowd cost as JSON.
"""

import argparse
import asyncio
import gc
import importlib
import json
import logging
import resource
import tracemalloc
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, cast

from .harness import Stopwatch

TURNS = 5
DELAY_S = 0.05
CONTENDERS = {"ours": ".concurrency_crowd", "floor": ".concurrency_floor"}
"""Where each contender's ``crowd`` is. Only one is imported: what the other needs is no part of its memory."""

Crowd = Callable[[int, int, float], Coroutine[Any, Any, object]]


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("runs", type=int)
    parser.add_argument("waves", type=int)
    parser.add_argument("--traced", action="store_true", help="measure memory alone, as Python's allocator counts it")
    asked = parser.parse_args()
    # Thousands of runs begin in one go, which the runtime's watchdog remarks on.
    logging.disable()
    crowd = cast(Crowd, importlib.import_module(CONTENDERS[asked.contender], __package__).crowd)
    # The first run of all pays for what is made once a process.
    asyncio.run(crowd(10, TURNS, 0.0))
    print(json.dumps(traced(crowd, asked.runs) if asked.traced else timed(crowd, asked.runs, asked.waves)))


def timed(crowd: Crowd, runs: int, waves: int) -> dict[str, float]:
    """CPU per run and wall per wave, in seconds, and by how many bytes per run the process grew at its peak."""
    gc.collect()
    before = peak_rss()
    with Stopwatch() as watch:
        for _ in range(waves):
            asyncio.run(crowd(runs, TURNS, DELAY_S))
    return {
        "cpu_s": watch.cpu_s / (runs * waves),
        "wall_s": watch.wall_s / waves,
        # Memory is resident by the page: of a tiny crowd it says no more than that.
        "rss_bytes": max(peak_rss() - before, resource.getpagesize()) / runs,
    }


def traced(crowd: Crowd, runs: int) -> dict[str, float]:
    """The most bytes per run that were allocated at once."""
    gc.collect()
    tracemalloc.start()
    asyncio.run(crowd(runs, TURNS, DELAY_S))
    return {"traced_bytes": tracemalloc.get_traced_memory()[1] / runs}


def peak_rss() -> int:
    """The most memory that this process has had resident, in bytes.

    ``getrusage`` alone would begin with the peak of the process that started this one (Linux, ``exec_mmap``).
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
