"""What a turn costs when the run is recorded: through the runtime with a store, beside a loop that records by hand."""

import asyncio
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from loopbus import Agent, Limits, Runtime, tool
from loopbus.backends import Scripted, call, text
from loopbus.bus.event import stamp
from loopbus.events import RunStarted, user
from loopbus.stores import Log, SqliteRows

from .durable_floor import Recorder, run
from .figures import Figure, Target, figure
from .harness import Effort, Pairs, Sample, Stopwatch, interleave
from .stores import AT, turn
from .turn_floor import add, scripted

TURNS = {1: 50, 100: 20, 1_000: 5}
"""How many runs go on at once in a sample, and the turns of each."""
TO_RESUME = 10_000
RUN = "0" * 20
MICROSECONDS = 1e6
MILLISECONDS = 1e3


def figures(effort: Effort) -> list[Figure]:
    """A recorded turn by how many runs go on at once, each with a call that waits for the disk; a long resume."""
    with TemporaryDirectory(prefix="loopbus-bench-") as folder:
        return asyncio.run(_measure(effort, Path(folder)))


async def _measure(effort: Effort, folder: Path) -> list[Figure]:
    files = (folder / f"{number}.db" for number in count())
    found: list[Figure] = []
    for most, full in TURNS.items():
        runs, turns = effort.times(most), effort.times(full, least=4)
        taken = await interleave(
            {"ours": _ours(files, runs, turns), "floor": _by_hand(files, runs, turns)}, effort.at_most(5)
        )
        name = f"recorded turn, {runs:,} run{'s'[: runs > 1]} at once"
        pairs = Pairs(taken["ours"], taken["floor"])
        found.append(figure(name, "us", pairs, Target("ratio", 1.5), per_second=MICROSECONDS))
    return [*found, await _resuming(effort, files)]


async def _resuming(effort: Effort, files: Iterator[Path]) -> Figure:
    """Taking up a run with a long log, until that is recorded, beside reading the same events with no runtime."""
    amount = effort.times(TO_RESUME // 7, least=40)
    taken = await interleave(
        {"ours": _resume(files, amount), "floor": _read(files, amount)},
        effort.at_most(5),
    )
    name = f"resume a run of {7 * amount + 1:,} events"
    pairs = Pairs(taken["ours"], taken["floor"])
    return figure(name, "ms", pairs, Target("value", 1e3), per_second=MILLISECONDS)


def _resume(files: Iterator[Path], amount: int) -> Sample:
    agent = Agent(Scripted(lambda _: text("42")), tools=[tool(add)], name="adder", limits=Limits(turns=None, repeats=0))

    async def sample() -> float:
        async with Log(SqliteRows(next(files))) as log:
            await _long_run(log, amount)
            async with Runtime(store=log, agents=[agent]) as runtime:
                with Stopwatch() as watch:
                    run = await runtime.resume(RUN)
                assert (await run.result()).output == "42"
        return watch.wall_s

    return sample


def _read(files: Iterator[Path], amount: int) -> Sample:
    async def sample() -> float:
        async with Log(SqliteRows(next(files))) as log:
            await _long_run(log, amount)
            with Stopwatch() as watch:
                assert len([event async for event in log.read(RUN)]) == 7 * amount + 1
        return watch.wall_s

    return sample


async def _long_run(log: Log, amount: int) -> None:
    """A run that was broken off after so many turns of seven events each."""
    first = RunStarted(agent="adder", model="local", prompt=user("What is 17 + 25?"))
    stamp(first, RUN, 1, AT, 0)
    await log.append([first])
    for number in range(amount):
        await log.append(turn(RUN, number + 1, 7 * number + 2))


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
