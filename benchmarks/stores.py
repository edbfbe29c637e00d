"""What a durable turn costs, how large it is on disk, and how fast a log is read from its end and as a whole."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from loopbus.bus import dump
from loopbus.bus.event import stamp
from loopbus.events import (
    Event,
    ModelReplied,
    ModelRequested,
    RunState,
    Text,
    ToolCall,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    TurnFinished,
    TurnStarted,
    Usage,
)
from loopbus.stores import Log, SqliteRows

from .figures import Figure, Target, figure
from .harness import Effort, Pairs, Sample, Stopwatch, interleave
from .stores_floor import ByHand, Lines, Table

WRITERS = (1, 100, 1_000)
ROUNDS = {1: 300, 100: 20, 1_000: 4}
"""Turns that each writer writes in a sample."""
TO_FOLD = 10_000
LONG = 100_000
MICROSECONDS = 1e6
MILLISECONDS = 1e3
AT = 1_790_000_000.123456


def figures(effort: Effort) -> list[Figure]:
    """Durable turns by writers, bytes by turn, the first event at the end of a long log, the fold of a whole one."""
    with TemporaryDirectory(prefix="loopbus-bench-") as folder:
        return asyncio.run(_measure(effort, Path(folder)))


def turn(run_id: str, number: int, seq: int) -> list[Event]:
    """The seven durable events of a turn with one tool call."""
    call = ToolCall(f"{seq + 1}.0", "add", {"a": 17, "b": number})
    events: list[Event] = [
        TurnStarted(turn=number),
        ModelRequested(turn=number, model="local", messages=2 * number),
        ModelReplied(
            turn=number,
            content=(Text("I will add these two."), call),
            stop="tool_calls",
            usage=Usage(120, 24),
            raw_stop="tool_calls",
            elapsed_s=0.73125,
            model="local",
        ),
        ToolRequested(call_id=call.call_id, name="add", arguments=call.arguments),
        ToolStarted(call_id=call.call_id, name="add"),
        ToolFinished(call_id=call.call_id, name="add", outcome="ok", output=str(17 + number), elapsed_s=0.00021),
        TurnFinished(turn=number, final=False),
    ]
    for place, event in enumerate(events, seq):
        stamp(event, run_id, place, AT + place, place - 1)
    return events


def turns(run_id: str, amount: int) -> Iterator[list[Event]]:
    """So many turns of one run, from its first event on."""
    for number in range(amount):
        yield turn(run_id, number + 1, 7 * number + 1)


async def _measure(effort: Effort, folder: Path) -> list[Figure]:
    files = (folder / f"{number}" for number in count())
    found: list[Figure] = []
    for writers in WRITERS:
        rounds = effort.times(ROUNDS[writers], least=2)
        samples = {
            "ours": _durable(files, writers, rounds),
            "table": _by_hand(Table, files, writers, rounds),
            "lines": _by_hand(Lines, files, writers, rounds),
        }
        taken = await interleave(samples, effort.at_most(5))
        name = f"durable turn, {writers} writer{'s'[: writers > 1]}"
        beside_table, beside_lines = (Pairs(taken["ours"], taken[floor]) for floor in ("table", "lines"))
        found.append(figure(name, "us", beside_table, Target("ratio", 1.5), per_second=MICROSECONDS))
        found.append(figure(f"{name}, over a plain file", "us", beside_lines, per_second=MICROSECONDS))
    return [*found, await _size(effort, files), *await _reading(effort, files)]


def _durable(files: Iterator[Path], writers: int, rounds: int) -> Sample:
    async def sample() -> float:
        written = [list(turns(f"{number:020x}", rounds)) for number in range(writers)]
        async with Log(SqliteRows(next(files))) as log:
            await log.runs()
            with Stopwatch() as watch:
                async with asyncio.TaskGroup() as group:
                    for its in written:
                        group.create_task(_write(log, its))
        return watch.wall_s / (writers * rounds)

    return sample


async def _write(log: Log, written: list[list[Event]]) -> None:
    for events in written:
        await log.append(events)


def _by_hand(made: Callable[[Path], ByHand], files: Iterator[Path], writers: int, rounds: int) -> Sample:
    async def sample() -> float:
        written = [[list(map(dump, its)) for its in turns(f"{number:020x}", rounds)] for number in range(writers)]
        with closing(made(next(files))) as by_hand, Stopwatch() as watch:
            for place in range(rounds):
                by_hand.append(its[place] for its in written)
        return watch.wall_s / (writers * rounds)

    return sample


async def _size(effort: Effort, files: Iterator[Path]) -> Figure:
    """Bytes of the closed file for each turn, beside the JSON of its events."""
    amount, path, plain = effort.times(1_000, least=100), next(files), 0
    async with Log(SqliteRows(path)) as log:
        for its in turns(f"{0:020x}", amount):
            await log.append(its)
            plain += sum(len(json.dumps(dump(event), separators=(",", ":"))) for event in its)
    kept = path.stat().st_size
    pairs = Pairs([kept / amount], [plain / amount])
    return figure("on disk, a turn", "bytes", pairs, Target("ratio", 1.3))


async def _reading(effort: Effort, files: Iterator[Path]) -> list[Figure]:
    """Joining at the end of a long log beside joining a short one; folding a whole one beside reading its JSON."""
    short, long = effort.times(TO_FOLD // 7, least=40), effort.times(LONG // 7, least=200)
    async with Log(SqliteRows(next(files))) as log:
        for run_id, amount in (("short", short), ("long", long)):
            for its in turns(run_id, amount):
                await log.append(its)
        lines = [json.dumps(dump(event)) for its in turns("short", short) for event in its]
        samples: dict[str, Sample] = {
            "short": _join(log, "short", 7 * short),
            "long": _join(log, "long", 7 * long),
            "fold": _fold(log, "short", 7 * short),
            "parse": _parse(lines),
        }
        taken = await interleave(samples, effort.at_most(5))
    joining = Pairs(taken["long"], taken["short"])
    folding = Pairs(taken["fold"], taken["parse"])
    return [
        figure(f"first event at the end of {7 * long:,}", "ms", joining, Target("ratio", 1.5), per_second=MILLISECONDS),
        figure(f"fold {7 * short:,} events from disk", "ms", folding, Target("value", 1e3), per_second=MILLISECONDS),
    ]


def _join(log: Log, run_id: str, seq: int) -> Sample:
    async def sample() -> float:
        with Stopwatch() as watch:
            for _ in range(20):
                found = [event async for event in log.read(run_id, after=seq - 1)]
                assert [event.seq for event in found] == [seq]
        return watch.wall_s / 20

    return sample


def _fold(log: Log, run_id: str, seq: int) -> Sample:
    async def sample() -> float:
        state = RunState()
        with Stopwatch() as watch:
            async for event in log.read(run_id):
                state.add(event)
        assert state.seq == seq
        return watch.wall_s

    return sample


def _parse(lines: list[str]) -> Sample:
    async def sample() -> float:
        with Stopwatch() as watch:
            for line in lines:
                json.loads(line)
        return watch.wall_s

    return sample
