"""Thousands of runs at once with a model that takes 50 ms: how long they take, what each costs, how much it holds."""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from .concurrency_worker import CONTENDERS, DELAY_S, TURNS
from .figures import Figure, Target, figure
from .harness import Effort, Pairs

CROWDS = {100: 5, 1_000: 1, 5_000: 1}
"""Runs at once, and how many such waves make a sample that is long enough."""
FEW, SOME, MANY = CROWDS
WALL = {SOME: Target("value", 1.3)}
IDEAL_S = TURNS * DELAY_S
ROOT = Path(__file__).resolve().parent.parent

Taken = dict[tuple[str, int], dict[str, list[float]]]
"""By contender and size of the crowd: every measure, round by round."""


def figures(effort: Effort) -> list[Figure]:
    """Wall time over the ideal, CPU per run and how it grows with the crowd, memory per run."""
    effort = effort.at_most(3)
    crowds = {size: effort.times(size, least=2) for size in CROWDS}
    taken: Taken = defaultdict(lambda: defaultdict(list))
    for number in range(effort.rounds):
        for contender in sorted(CONTENDERS, reverse=number % 2 == 0):
            for size, waves in CROWDS.items():
                _take(taken, contender, size, [str(crowds[size]), str(waves)])
            if number == 0:
                _take(taken, contender, SOME, [str(crowds[SOME]), "1", "--traced"])
    return [*_wall(taken), *_cpu(taken), *_memory(taken)]


def _take(taken: Taken, contender: str, size: int, arguments: list[str]) -> None:
    """Run one crowd in a fresh process and note what it says."""
    command = [sys.executable, "-m", "benchmarks.concurrency_worker", contender, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for measure, value in json.loads(done.stdout).items():
        taken[contender, size][measure].append(value)


def _pairs(taken: Taken, size: int, measure: str) -> Pairs:
    return Pairs(taken["ours", size][measure], taken["floor", size][measure])


def _wall(taken: Taken) -> list[Figure]:
    return [
        figure(f"{size:,} runs, wall over ideal", "x", _pairs(taken, size, "wall_s"), WALL.get(size), per_second=1 / IDEAL_S)
        for size in CROWDS
    ]


def _cpu(taken: Taken) -> list[Figure]:
    each = [figure(f"{size:,} runs, CPU a run", "us", _pairs(taken, size, "cpu_s"), per_second=1e6) for size in CROWDS]
    grown = [Pairs(taken[who, MANY]["cpu_s"], taken[who, FEW]["cpu_s"]) for who in ("ours", "floor")]
    growth = Figure(
        name=f"{MANY:,} runs, CPU a run over that of {FEW}",
        unit="x",
        value=grown[0].ratio,
        floor=grown[1].ratio,
        ratios=Pairs(grown[0].ratios, grown[1].ratios).ratios,
        target=Target("value", 1.3),
    )
    return [*each, growth]


def _memory(taken: Taken) -> list[Figure]:
    kilobytes = 1 / 1_000
    resident, traced = _pairs(taken, MANY, "rss_bytes"), _pairs(taken, SOME, "traced_bytes")
    return [
        figure(f"{MANY:,} runs, resident memory a run", "kB", resident, Target("value", 40), per_second=kilobytes),
        figure(f"{SOME:,} runs, allocated memory a run", "kB", traced, Target("value", 40), per_second=kilobytes),
    ]
