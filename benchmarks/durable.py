"""What a turn costs when the run is recorded: through the runtime with a store, beside a loop that records by hand."""

import asyncio
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from loopbus import Agent, Limits, Runtime, tool
from loopbus.backends import Scripted, call, text
from loopbus.stores import Log, SqliteRows

from .durable_floor import Recorder, run
from .figures import Figure, Target, figure
from .harness import Effort, Pairs, Sample, Stopwatch, interleave
from .turn_floor import add, scripted

RUNS = (1, 100, 1_000)
TURNS = {1: 50, 100: 20, 1_000: 5}
"""Turns of each run in a sample."""
MICROSECONDS = 1e6


def figures(effort: Effort) -> list[Figure]:
    """A recorded turn by how many runs go on at once, each with one tool call, for which the disk is waited for."""
    with TemporaryDirectory(prefix="loopbus-bench-") as folder:
        return asyncio.run(_measure(effort, Path(folder)))


async def _measure(effort: Effort, folder: Path) -> list[Figure]:
    files = (folder / f"{number}.db" for number in count())
    found: list[Figure] = []
    for runs in RUNS:
        turns = effort.times(TURNS[runs], least=4)
        taken = await interleave(
            {"ours": _ours(files, runs, turns), "floor": _by_hand(files, runs, turns)}, effort.at_most(5)
        )
        name = f"recorded turn, {runs:,} run{'s'[: runs > 1]} at once"
        pairs = Pairs(taken["ours"], taken["floor"])
        found.append(figure(name, "us", pairs, Target("ratio", 1.5), per_second=MICROSECONDS))
    return found


def _ours(files: Iterator[Path], runs: int, turns: int) -> Sample:
    script = [*(call("add", a=17, b=number) for number in range(1, turns)), text("42")]
    agent = Agent(Scripted(script, per_run=True), tools=[tool(add)], name="adder", limits=Limits(repeats=0))

    async def sample() -> float:
        async with Log(SqliteRows(next(files))) as log, Runtime(store=log) as runtime:
            await runtime.run(agent, "warm up")
            with Stopwatch() as watch:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(runtime.run(agent, "What is 17 + 25?")) for _ in range(runs)]
            assert all(task.result().output == "42" for task in tasks)
        return watch.wall_s / (runs * turns)

    return sample


def _by_hand(files: Iterator[Path], runs: int, turns: int) -> Sample:
    model = scripted(turns)

    async def sample() -> float:
        with Recorder(next(files)) as recorder:
            await run("warm", scripted(4), recorder)
            with Stopwatch() as watch:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(run(f"{number:020x}", model, recorder)) for number in range(runs)]
            assert all(task.result()[-1]["content"] == "42" for task in tasks)
        return watch.wall_s / (runs * turns)

    return sample
