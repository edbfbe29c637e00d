"""A state machine over processes that die: whatever they do in whatever order, no run is lost, doubled or torn."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from itertools import count
from typing import Any, TypeVar, cast
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from loopbus.backends import Scripted, call, text
from loopbus.bus import Event
from loopbus.events import ApprovalDecided, RunFinished
from loopbus.events.state import replay
from loopbus.runtime import Agent, BadInput, NothingToDecide, Run, RunInterrupted, RunOver
from loopbus.stores import Log, MemoryRows
from loopbus.tools import ToolContext, tool

from ..faults.house import PATIENCE_S
from ..faults.invariants import check_run, check_sequence
from ..faults.misbehaving import Gate
from .durable.processes import Clock, Process

T = TypeVar("T")
NOTHING = cast(Any, multiple())
LEASE_S = 31.0
LINES: dict[str, Any] = {
    "wait": call("wait"),
    "two": [call("wait"), call("again")],
    "ask": call("refund", usd=7),
    "ask twice": [call("refund", usd=1), call("refund", usd=2), call("again")],
}
ONE = st.integers(0, 1)
"""Which of the two processes."""


class Read:
    """A reader, and what it has been given so far."""

    def __init__(self, run_id: str, after: int, events: Any) -> None:
        self.run_id = run_id
        self.after = after
        self.events = events
        self.seen: list[Event] = []


class Machine(RuleBasedStateMachine):
    """Two processes on one store, either of which may be replaced at any time, and people who ask things of them."""

    runs = Bundle("runs")
    readers = Bundle("readers")

    @initialize(lines=st.lists(st.sampled_from(sorted(LINES)), min_size=1, max_size=3))
    def open(self, lines: list[str]) -> None:
        """Begin with an empty store and an agent that every process knows."""
        self.runner = asyncio.Runner()
        self.clock = Clock()
        self.rows = MemoryRows(clock=self.clock)
        self.log = Log(self.rows)
        self.made: Counter[str] = Counter()
        self.logs: dict[str, list[Event]] = {}
        self.reads: list[Read] = []
        # Nobody waits for a lease that somebody else has: every look at the time is a long time later.
        self.patience = patch("loopbus.runtime.durable.leases.monotonic", count(0, 1000).__next__)
        self.patience.start()
        self.gate = self.now(self._make_gate())
        self.agent = self._agent(lines)
        self.here = [self._process(), self._process()]

    async def _make_gate(self) -> Gate:
        return Gate()

    def now(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the loop, and nothing else but what it makes happen."""

        async def in_time() -> T:
            async with asyncio.timeout(PATIENCE_S):
                return await work

        return self.runner.run(in_time())

    def turn(self, times: int) -> None:
        """Let the loop turn."""

        async def turn() -> None:
            for _ in range(times):
                await asyncio.sleep(0)

        self.now(turn())

    def _agent(self, lines: list[str]) -> Agent:
        """An agent that follows these lines in every run; the calls of its tools are counted."""

        @tool
        async def wait(context: ToolContext) -> str:
            """Wait, once."""
            self.made[context.idempotency_key] += 1
            await self.gate.wait()
            return "waited"

        @tool(delivery="idempotent")
        async def again() -> str:
            """Wait, as often as need be."""
            await self.gate.wait()
            return "waited"

        @tool(needs_approval=True)
        async def refund(context: ToolContext, usd: int) -> str:
            """Refund, once."""
            self.made[context.idempotency_key] += 1
            return f"refunded {usd}"

        script = [*(LINES[line] for line in lines), text("that is all")]
        return Agent(Scripted(script, per_run=True, keep=0), tools=[wait, again, refund], name="agent")

    def _process(self) -> Process:
        return self.now(self._open())

    async def _open(self) -> Process:
        made = Process(self.rows, agents=[self.agent])
        await made.runtime.open()
        return made

    # --- what may be done ---

    @rule(target=runs, place=ONE)
    def start(self, place: int) -> str:
        """Start a run."""
        run_id = self.now(self.here[place].runtime.start(self.agent, "go")).id
        self.logs[run_id] = []
        return run_id

    @rule(times=st.integers(1, 20))
    def let_it_turn(self, times: int) -> None:
        """Let some time pass for the processes."""
        self.turn(times)

    @rule()
    def let_leases_end(self) -> None:
        """Let some time pass for the store, in which nobody gives a sign of life."""
        self.clock.now += LEASE_S

    @rule()
    def open_gate(self) -> None:
        """Let every tool go that waits now; later ones wait again."""
        self.gate.open.set()
        self.turn(5)
        self.gate.open.clear()

    @rule(place=ONE)
    def crash(self, place: int) -> None:
        """A process dies, and another one takes its place."""
        self.now(self.here[place].crash())
        self.here[place] = self._process()

    @rule(place=ONE)
    def close(self, place: int) -> None:
        """A process ends well, and another one takes its place."""
        self.now(self.here[place].runtime.aclose())
        self.here[place] = self._process()

    @rule(place=ONE, run_id=runs)
    def resume(self, place: int, run_id: str) -> None:
        """Take a run up."""
        self._ask(self.here[place].runtime.resume(run_id))

    @rule(place=ONE)
    def recover(self, place: int) -> None:
        """Take up whatever can be taken up."""
        for run in self.now(self.here[place].runtime.recover()):
            assert run.id in self.logs

    @rule(target=runs, place=ONE, run_id=runs, at=st.integers(1, 20))
    def fork(self, place: int, run_id: str, at: int) -> Any:
        """Have another run with the same beginning; not behind the end."""
        events = self.logs[run_id]
        at = min(at, len(events))
        try:
            forked = self.now(self.here[place].runtime.fork(run_id, at=at)).id
        except BadInput:
            assert isinstance(events[at - 1], RunFinished)
            return NOTHING
        self.logs[forked] = []
        return forked

    @rule(place=ONE, run_id=runs, approve=st.booleans())
    def decide(self, place: int, run_id: str, approve: bool) -> None:
        """Decide the oldest question; a second decision is refused."""
        run = self.now(self.here[place].runtime.get(run_id))
        for call_id in list(run.state.waiting)[:1]:
            if self._ask(run.decide(call_id, approve=approve), NothingToDecide):
                assert not self._ask(run.decide(call_id, approve=approve), NothingToDecide)

    @rule(place=ONE, run_id=runs)
    def send(self, place: int, run_id: str) -> None:
        """Say something."""
        self._ask(self._send(place, run_id), RunOver)

    async def _send(self, place: int, run_id: str) -> None:
        run = await self.here[place].runtime.get(run_id)
        await run.send("and also this")

    @rule(place=ONE, run_id=runs)
    def cancel(self, place: int, run_id: str) -> None:
        """Cancel; the run is over when that returns."""
        run = self.now(self.here[place].runtime.get(run_id))
        if self._ask(run.cancel("enough")):
            assert run.status is not None

    def _ask(self, work: Coroutine[Any, Any, Any], *refusals: type[Exception]) -> bool:
        """Whether it was done: another process may have the run, or may have taken it this moment."""
        try:
            self.now(work)
        except (RunInterrupted, *refusals):
            return False
        return True

    @rule(target=readers, place=ONE, run_id=runs, after=st.integers(0, 20))
    def read(self, place: int, run_id: str, after: int) -> Read:
        """Begin to read, from any place in the log."""
        reading = Read(run_id, after, self.here[place].runtime.attach(run_id, after=after))
        self.reads.append(reading)
        return reading

    @rule(reading=readers, times=st.integers(1, 10))
    def read_on(self, reading: Read, times: int) -> None:
        """Take what is there."""
        self.now(self._take(reading, times))

    async def _take(self, reading: Read, times: int) -> None:
        recorded = (await self.log.info(reading.run_id)).seq
        for _ in range(min(times, recorded - reading.after - len(reading.seen))):
            try:
                reading.seen.append(await anext(reading.events))
            except (RunInterrupted, StopAsyncIteration):
                # The process in which it read has ended.
                return

    @rule(reading=consumes(readers))
    def leave(self, reading: Read) -> None:
        """Stop reading in the middle."""
        self.now(reading.events.aclose())

    # --- what must hold ---

    @invariant()
    def all_is_well(self) -> None:
        """After every step, for every run: none is shown that the store does not have."""
        if hasattr(self, "here"):
            shown = self._shown()
            self.now(self._read_logs())
            for log in shown:
                assert log == self.logs[log[0].run_id][: len(log)]
            self._check_readers()
            # A tool that may be called once at most was called once at most, whoever died meanwhile.
            assert max(self.made.values(), default=0) <= 1

    async def _read_logs(self) -> None:
        """What is recorded is numbered without a gap; nothing is decided twice, and nothing is behind the end."""
        for run_id, log in self.logs.items():
            before = len(log)
            log += [event async for event in self.log.read(run_id, after=before)]
            if len(log) > before:
                assert not before or not isinstance(log[before - 1], RunFinished)
                check_sequence(log, run_id)
                decided = Counter(event.call_id for event in log if isinstance(event, ApprovalDecided))
                assert max(decided.values(), default=0) <= 1

    def _shown(self) -> list[list[Event]]:
        """What each process shows of the runs that it drives; what it knows of them is what their events tell."""
        driven = [run for place in self.here for run in place.runtime.runs]
        for run in driven:
            assert replay(list(run.journal.events)) == run.state
        return [list(run.log) for run in driven]

    def _check_readers(self) -> None:
        """Readers see everything once and in order: their events are the log, from their place on."""
        for reading in self.reads:
            log = self.logs[reading.run_id]
            assert reading.seen == log[reading.after : reading.after + len(reading.seen)]

    def teardown(self) -> None:
        """When all is well again every run can be brought to its end, and is whole."""
        if not hasattr(self, "here"):
            return
        try:
            self._end_well()
        finally:
            self.patience.stop()
            self.runner.close()

    def _end_well(self) -> None:
        self.gate.open.set()
        for place in self.here:
            self.now(place.runtime.aclose())
        last = self._process()
        self.clock.now += LEASE_S
        for run_id in self.logs:
            self.now(self._finish(last, run_id))
        for reading in self.reads:
            self.now(reading.events.aclose())
        self.now(last.runtime.aclose())
        self.all_is_well()
        assert self.now(self._tasks()) == 1

    async def _finish(self, last: Process, run_id: str) -> None:
        run: Run = await last.runtime.resume(run_id)
        while run.status is None:
            if run in last.runtime.runs:
                await asyncio.sleep(0)
            else:
                for call_id in list(run.state.waiting):
                    await run.decide(call_id, approve=True)
                    break
                else:
                    await last.runtime.resume(run_id)
        await check_run(run)
        assert (await self.log.verify(run_id)).events == len(run.log)

    async def _tasks(self) -> int:
        return len(asyncio.all_tasks())


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestMachine = Machine.TestCase
