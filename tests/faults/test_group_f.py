"""Faults of the disk, the lock and the clock: a run is left whole, says why, and goes on when it can. Never two do."""

import asyncio
import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.bus.event import stamp
from loopbus.events import (
    Event,
    RunFinished,
    RunResumed,
    RunStarted,
    RunSuspended,
    ToolFinished,
    ToolStarted,
    user,
)
from loopbus.runtime import Agent, KeepOptions, Limits, LogUnavailable, Run, RunTaken, Runtime
from loopbus.stores import EventLog, Log, SqliteRows, StoreDamaged
from loopbus.stores.sqlite.worker import Worker
from loopbus.tools import Tool, tool

from ..architecture import ROOT
from ..stores.sqlite.files import flip
from .errand import POISON, SLOW, Life
from .house import PATIENCE_S, settle
from .invariants import check_run
from .misbehaving import Gate, waiting
from .mortals import Mortals
from .stopped import AGENT, END, HELD

LATER_S = 3_600.0
AT_ONCE = KeepOptions(patience_s=0)


def file(path: Path, *, later_s: float = 0.0, **options: Any) -> Log:
    """A log in a file, by a clock that is so much ahead; nothing here is about a cut of the power."""
    rows = SqliteRows(path, survives="process-crash", clock=lambda: time.time() + later_s, **options)
    return Log(rows, poll_s=0.001)


async def finish(run: Run[Any], log: EventLog) -> Any:
    """Wait for the end of a run, check it, and say what it came to."""
    async with asyncio.timeout(PATIENCE_S):
        output = await run.result()
    await check_run(run)
    await log.verify(run.id)
    return output.output


def count(events: Sequence[Event], kind: type[Event]) -> int:
    """How many there are of a kind."""
    return sum(isinstance(event, kind) for event in events)


# --- F92, F94: a store that cannot be written to ---


def noting(ran: list[str]) -> Tool[..., Any]:
    """A tool whose effect is that it is on a list; its argument makes what is to be written before it large."""

    @tool
    async def act(what: str) -> str:
        """Act."""
        ran.append(what[:1])
        return "acted"

    return act


def acting(ran: list[str], size: int = 1) -> Agent:
    """An agent that acts twice."""
    script = [call("act", what="a" * size), call("act", what="b" * size), text("done")]
    return Agent(Scripted(script, per_run=True), tools=[noting(ran)], name="actor")


@pytest.mark.parametrize("pages", [28, 32, 36, 40])
async def test_a_full_disk_stops_a_run_at_a_clean_boundary(tmp_path: Path, pages: int) -> None:
    """F94: no tool starts whose start cannot be recorded; with space again the run ends as if nothing had been."""
    path, ran = tmp_path / "runs.db", list[str]()
    agent = acting(ran, 20_000)
    async with file(path, largest_bytes=pages * 4096) as log, Runtime(store=log, keeping=AT_ONCE) as runtime:
        run = await runtime.start(agent, "go")
        with pytest.raises(LogUnavailable, match="there is no space left"):
            await run.result()
        written = [event async for event in log.read(run.id)]
        assert list(run.log) == written
        assert count(written, ToolStarted) == len(ran)
    async with file(path) as log, Runtime(store=log, agents=[agent]) as runtime:
        again = await runtime.resume(run.id)
        assert await finish(again, log) == "done"
        # What acted when the disk was full already may be unknown; it is never done again.
        assert sorted(ran) == ["a", "b"]


async def test_a_lock_that_goes_away_in_time_is_waited_for(tmp_path: Path) -> None:
    """F92: within ``patience_s`` the run goes on by itself, and nobody hears of it but the log of the process."""
    path, gate = tmp_path / "runs.db", Gate()
    async with file(path, patience_s=0) as log, Runtime(store=log) as runtime:
        run = await runtime.start(held(gate), "go")
        await gate.reached.wait()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            gate.open.set()
            await settle(lambda: run.journal.unrecorded)
            other.execute("ROLLBACK")
        assert await finish(run, log) == "done"


async def test_a_lock_that_stays_leaves_the_run_to_be_resumed(tmp_path: Path) -> None:
    """F92: typed after ``patience_s``; the same runtime takes the run up when the lock is gone."""
    path, gate = tmp_path / "runs.db", Gate()
    async with file(path, patience_s=0) as log, Runtime(store=log, keeping=AT_ONCE) as runtime:
        run = await runtime.start(held(gate), "go")
        await gate.reached.wait()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            gate.open.set()
            with pytest.raises(LogUnavailable, match="another process keeps it locked"):
                await run.result()
            other.execute("ROLLBACK")
        assert await finish(await runtime.resume(run.id), log) == "done"


def held(gate: Gate, **options: Any) -> Agent:
    """An agent whose tool waits at a gate."""
    return Agent(Scripted([call("wait"), text("done")], per_run=True), tools=[waiting(gate, **options)], name="held")


# --- F90: one run, two processes ---


async def test_of_two_that_recover_a_run_one_drives_it(tmp_path: Path) -> None:
    """F90: at once, from two connections; one wins, and the run is taken up once."""
    path, gate = tmp_path / "runs.db", Gate()
    agent = held(gate, delivery="idempotent")
    async with file(path) as log, Runtime(store=log) as runtime:
        await runtime.start(agent, "go")
        await gate.reached.wait()
    async with (
        file(path) as log,
        file(path) as other,
        Runtime(store=log, agents=[agent]) as one,
        Runtime(store=other, agents=[agent]) as two,
        asyncio.timeout(PATIENCE_S),
    ):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(runtime.recover()) for runtime in (one, two)]
        (winner,) = (run for task in tasks for run in task.result())
        loser = one if winner not in one.runs else two
        assert loser.runs == ()
        gate.open.set()
        assert await finish(winner, log) == "done"
        assert count(winner.log, RunResumed) == 1


async def test_who_was_stopped_past_its_lease_writes_nothing_more(tmp_path: Path) -> None:
    """F90: SIGSTOP in the middle of a tool; another process ends the run; the one that wakes up is refused."""
    path = tmp_path / "runs.db"
    with _to_be_stopped(path) as process:
        assert process.stdout is not None
        run_id, said = process.stdout.readline().split()
        assert said == HELD
        os.kill(process.pid, signal.SIGSTOP)
        async with file(path, later_s=LATER_S) as log, Runtime(store=log, agents=[AGENT]) as runtime:
            run = await runtime.resume(run_id)
            assert await finish(run, log) == END
            assert [event.outcome for event in run.log if isinstance(event, ToolFinished)] == ["unknown"]
            os.kill(process.pid, signal.SIGCONT)
            assert process.communicate("\n")[0].split() == [RunTaken.__name__]
            assert [event async for event in log.read(run_id)] == list(run.log)
            await log.verify(run_id)


def _to_be_stopped(path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.faults.stopped", path]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


# --- F89: a run that brings its process down ---


async def test_a_run_that_kills_each_process_becomes_a_dead_letter(tmp_path: Path) -> None:
    """F89: how often it was taken up is counted in its log; then it is given up, and those beside it end well."""
    url, diary = f"sqlite:///{tmp_path / 'runs.db'}", str(tmp_path / "diary")
    beside = [f"{SLOW} {number}" for number in range(3)]
    async with file(tmp_path / "runs.db") as log:
        # The first is taken up last: the others have not finished a turn then, so they are there at each crash.
        for prompt in (POISON, *beside):
            first = RunStarted(agent="errand", model="scripted", prompt=user(prompt))
            stamp(first, f"run {prompt}", 1, 0.0, 0)
            await log.append([first])
    with Mortals() as mortals:
        for number in itertools.count():
            life = Life(url=url, diary=diary, ahead_s=number * LATER_S, attempts=2, survives="process-crash")
            if mortals.live(life):
                break
            assert number < 10, "the poison works for ever"
    async with file(tmp_path / "runs.db") as log:
        ends = {info.run_id: info.status for info in await log.runs()}
        assert ends == {f"run {POISON}": "failed"} | dict.fromkeys([f"run {prompt}" for prompt in beside], "completed")
        events = [event async for event in log.read(f"run {POISON}")]
        last = events[-1]
        assert isinstance(last, RunFinished)
        assert last.error is not None
        assert last.error.kind == "DeadLetter"
        assert count(events, RunResumed) == 2


# --- F95: a damaged file ---


async def test_damage_is_told_by_each_door_to_a_run(tmp_path: Path) -> None:
    """F95: typed, naming the event; those before it can be read; other runs are recovered."""
    path, gate = tmp_path / "runs.db", Gate()
    agent = held(gate, delivery="idempotent")
    async with file(path) as log, Runtime(store=log) as runtime:
        runs = [await runtime.start(agent, f"prompt {number}") for number in range(2)]
        await gate.reached.wait()
    flip(path, path.read_bytes().index(b'"text":"prompt 0"') + 8)
    gate.open.set()
    async with file(path) as log, Runtime(store=log, agents=[agent]) as runtime:
        for door in (runtime.get, runtime.resume):
            with pytest.raises(StoreDamaged, match=r"event 1 of run .* is not what was written") as caught:
                await door(runs[0].id)
            assert (caught.value.run_id, caught.value.seq) == (runs[0].id, 1)
        with pytest.raises(StoreDamaged, match="event 1"):
            async with aclosing(runtime.attach(runs[0].id)) as events:
                await anext(events)
        (recovered,) = await runtime.recover()
        assert recovered.id == runs[1].id
        assert await finish(recovered, log) == "done"


async def test_a_truncated_file_is_told_when_a_runtime_is_opened_on_it(tmp_path: Path) -> None:
    """F95: half a file is no file; nothing is driven on from half a run."""
    path, gate = tmp_path / "runs.db", Gate()
    async with file(path) as log, Runtime(store=log) as runtime:
        await runtime.start(held(gate), "go")
        await gate.reached.wait()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    async with file(path) as log:
        with pytest.raises(StoreDamaged):
            await Runtime(store=log).open()


# --- F93: a reader that stands still ---


async def test_a_reader_that_stands_still_holds_up_no_run(tmp_path: Path) -> None:
    """F93: runs go on, and the write-ahead log can be emptied under it; then it reads on, without a gap."""
    path, gate = tmp_path / "runs.db", Gate()
    agent = held(gate, delivery="idempotent")
    async with file(path) as log, Runtime(store=log) as runtime, file(path) as its_log:
        run = await runtime.start(agent, "go")
        await gate.reached.wait()
        async with Runtime(store=its_log) as reading, aclosing(reading.attach(run.id)) as events:
            seen = [(await anext(events)).seq]
            gate.open.set()
            assert [await finish(each, log) for each in (run, await runtime.start(agent, "go"))] == ["done", "done"]
            with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
                assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
            seen += [event.seq async for event in events]
        assert seen == [event.seq for event in run.log]


# --- F96: a cut of the power ---


async def test_a_cut_of_the_power_takes_nothing_that_anybody_saw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F96: with what was synced when an event was seen, and nothing else, the event is there, and the run goes on."""
    path, synced, seen = tmp_path / "runs.db", list[Path](), list[tuple[int, int]]()
    together: Any = Worker._together  # pyright: ignore[reportPrivateUsage]

    def committed(self: Any, things: Any) -> Any:
        outcomes = together(self, things)
        assert self._database().execute("PRAGMA synchronous").fetchone() == (2,), "each commit is synced"
        synced.append(tmp_path / f"cut{len(synced)}.db")
        for name in ("", "-wal"):
            shutil.copyfile(f"{path}{name}", f"{synced[-1]}{name}")
        return outcomes

    @tool(delivery="idempotent")
    async def work() -> str:
        """Work."""
        return "worked"

    agent = Agent(Scripted([call("work"), text("done")], per_run=True), tools=[work])
    with monkeypatch.context() as cutting:
        cutting.setattr(Worker, "_together", committed)
        async with Log(SqliteRows(path)) as log, Runtime(store=log) as runtime:

            @runtime.observe(Event)
            async def watch(event: Event) -> None:
                if event.durable:
                    seen.append((len(synced) - 1, event.seq))

            run = await runtime.start(agent, "go")
            await run.result()
            await runtime.drain()
    assert [seq for _, seq in seen] == [event.seq for event in run.log]
    for cut in sorted({cut for cut, _ in seen}):
        async with file(synced[cut], later_s=LATER_S) as log, Runtime(store=log, agents=[agent]) as runtime:
            again = await runtime.resume(run.id)
            assert len(again.log) >= max(seq for when, seq in seen if when == cut)
            assert await finish(again, log) == "done"


# --- F58: an orderly end with many runs on the way ---


async def test_a_runtime_that_is_told_to_end_leaves_every_run_to_be_resumed(tmp_path: Path) -> None:
    """F58: SIGTERM with many runs in the middle of a tool; each is suspended, none is lost, all end in the next one."""
    path, gate, many, ended = tmp_path / "runs.db", Gate(), 100, asyncio.Event()
    agent = held(gate, delivery="idempotent")
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    try:
        async with file(path) as log, Runtime(store=log) as runtime:
            runs = [await runtime.start(agent, "go") for _ in range(many)]
            await settle(lambda: all(run.state.started for run in runs))
            os.kill(os.getpid(), signal.SIGTERM)
            await ended.wait()
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
    gate.open.set()
    async with file(path) as log, Runtime(store=log, agents=[agent]) as runtime:
        recovered = await runtime.recover()
        assert {run.id for run in recovered} == {run.id for run in runs}
        for run in recovered:
            assert (await run.result()).output == "done"
            assert count(run.log, RunSuspended) == 1


# --- F99: a clock that jumps ---


async def test_a_clock_that_jumps_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F99: an hour to and fro at each look; order is the sequence's, limits and leases hold all the same."""
    jumps, began = itertools.cycle([3_600.0, -3_600.0, 0.0]), time.time()
    gate = Gate()
    monkeypatch.setattr(time, "time", lambda: began + next(jumps))
    agent = held(gate, delivery="idempotent")
    async with file(tmp_path / "runs.db") as log, Runtime(store=log) as runtime:
        run = await runtime.start(agent, "go", limits=Limits(seconds=7_300))
        await gate.reached.wait()
    gate.open.set()
    async with file(tmp_path / "runs.db") as log, Runtime(store=log, agents=[agent]) as runtime:
        again = await runtime.resume(run.id, limits=Limits(seconds=7_300))
        assert await finish(again, log) == "done"
        times = [event.at for event in again.log]
        assert times != sorted(times)


# --- F127: the code has changed meanwhile ---


async def test_what_was_approved_is_checked_against_the_tool_as_it_is(tmp_path: Path) -> None:
    """F127: arguments that fit the tool no more are refused with the reason, though somebody agreed to them."""
    ran = list[object]()

    @tool(name="refund", needs_approval=True)
    async def before(usd: int) -> str:
        """Give money back."""
        ran.append(usd)
        return "done"

    @tool(name="refund", needs_approval=True)
    async def after(eur: int) -> str:
        """Give money back, in another currency."""
        ran.append(eur)
        return "done"

    def clerk(refund: Tool[..., Any]) -> Agent:
        return Agent(Scripted([call("refund", usd=5), text("so be it")], per_run=True), tools=[refund], name="clerk")

    path = tmp_path / "runs.db"
    async with file(path) as log, Runtime(store=log, agents=[clerk(before)]) as runtime:
        run = await runtime.start(clerk(before), "go")
        await settle(lambda: run.state.suspended)
        (call_id,) = run.state.waiting
    async with file(path) as log, Runtime(store=log, agents=[clerk(after)]) as runtime:
        decided = await runtime.decide(run.id, call_id, approve=True, author="kim")
        assert await finish(decided, log) == "so be it"
        (result,) = (event for event in decided.log if isinstance(event, ToolFinished))
        assert (result.outcome, result.blame, ran) == ("error", "caller", [])
        assert "does not fit the tool as it is now" in result.output
