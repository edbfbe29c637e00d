"""Thousands of runs at once with a model that takes 50 ms: how long they take, what each costs, how much it holds."""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from .concurrency_worker import CONTENDERS, DELAY_S, TURNS
from .figures import Figure, Target, figure
from .harness import Effort, Pairs

WAVES = {100: 5, 1_000: 1, 5_000: 1}
"""Runs at once at full effort, and how many such waves make a sample that is long enough."""
FEW, SOME, MANY = WAVES
WALL = {SOME: Target("value", 1.3)}
IDEAL_S = TURNS * DELAY_S
ROOT = Path(__file__).resolve().parent.parent

Taken = dict[tuple[str, int], dict[str, list[float]]]
"""By contender and crowd at full effort: every measure, round by round."""


def figures(effort: Effort) -> list[Figure]:
    """Wall time over the ideal, CPU per run and how it grows with the crowd, memory per run."""
    effort = effort.at_most(3)
    crowds = {full: effort.times(full, least=2) for full in WAVES}
    taken: Taken = defaultdict(lambda: defaultdict(list))
    for number in range(effort.rounds):
        for contender in sorted(CONTENDERS, reverse=number % 2 == 0):
            for full, runs in crowds.items():
                _take(taken[contender, full], contender, runs, effort.times(WAVES[full]))
            if number == 0:
                _take(taken[contender, SOME], contender, crowds[SOME], 1, "--traced")
    return [*_wall(taken, crowds), *_cpu(taken, crowds), *_memory(taken, crowds)]


def _take(measures: dict[str, list[float]], contender: str, runs: int, waves: int, *options: str) -> None:
    """Run one crowd in a fresh process and note what it says."""
    command = [sys.executable, "-m", "benchmarks.concurrency_worker", contender, str(runs), str(waves), *options]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    for measure, value in json.loads(done.stdout).items():
        measures[measure].append(value)


def _pairs(taken: Taken, crowd: int, measure: str) -> Pairs:
    return Pairs(taken["ours", crowd][measure], taken["floor", crowd][measure])


def _wall(taken: Taken, crowds: Mapping[int, int]) -> list[Figure]:
    return [
        figure(
            f"{runs:,} runs, wall over ideal",
            "x",
            _pairs(taken, full, "wall_s"),
            WALL.get(full),
            per_second=1 / IDEAL_S,
        )
        for full, runs in crowds.items()
    ]


def _cpu(taken: Taken, crowds: Mapping[int, int]) -> list[Figure]:
    each = [
        figure(f"{runs:,} runs, CPU a run", "us", _pairs(taken, full, "cpu_s"), per_second=1e6)
        for full, runs in crowds.items()
    ]
    ours, floor = (Pairs(taken[who, MANY]["cpu_s"], taken[who, FEW]["cpu_s"]) for who in ("ours", "floor"))
    growth = Figure(
        name=f"{crowds[MANY]:,} runs, CPU a run over that of {crowds[FEW]:,}",
        unit="x",
        value=ours.ratio,
        floor=floor.ratio,
        ratios=Pairs(ours.ratios, floor.ratios).ratios,
        target=Target("value", 1.3),
    )
    return [*each, growth]


def _memory(taken: Taken, crowds: Mapping[int, int]) -> list[Figure]:
    bound, kilobytes = Target("value", 40), 1 / 1_000
    resident, allocated = _pairs(taken, MANY, "rss_bytes"), _pairs(taken, SOME, "traced_bytes")
    return [
        figure(f"{crowds[MANY]:,} runs, resident memory a run", "kB", resident, bound, per_second=kilobytes),
        figure(f"{crowds[SOME]:,} runs, allocated memory a run", "kB", allocated, bound, per_second=kilobytes),
    ]
