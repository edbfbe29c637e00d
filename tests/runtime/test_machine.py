"""A state machine over the public face: whatever is done in whatever order, the invariants hold after every step."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from loopbus.backends import Scripted, call, text
from loopbus.events import ApprovalRequested, Event, Message, ModelReplied, RunState, TextDelta
from loopbus.events.state import replay
from loopbus.runtime import Agent, Limits, NothingToDecide, Run, RunOver, Runtime, SessionBusy
from loopbus.runtime.reader import Reader
from loopbus.tools import ToolContext, tool

from ..faults.house import PATIENCE_S, readers
from ..faults.invariants import check_run, check_sequence
from ..faults.misbehaving import Gate

T = TypeVar("T")
NOTHING = cast(Any, multiple())
SESSIONS = ("alice", "bob", None)
LINES = {
    "wait": call("wait"),
    "two": [call("wait"), call("add", a=1, b=2)],
    "ask": call("refund", usd=7),
    "wrong": call("add", a="one"),
    "fail": call("crash"),
    "exhausted": None,
    "answer": text("one two three"),
}


class Read:
    """A reader, and what it has been given so far."""

    def __init__(self, run: Run, after: int, events: Reader, ephemeral: bool) -> None:
        self.run = run
        self.after = after
        self.events = events
        self.ephemeral = ephemeral
        self.seen: list[Event] = []
        self.text: dict[int, str] = {}

    def take(self, event: Event) -> None:
        """Note an event."""
        if isinstance(event, TextDelta):
            self.text[event.seq] = event.text if event.snapshot else self.text.get(event.seq, "") + event.text
        elif event.durable:
            self.seen.append(event)


class Machine(RuleBasedStateMachine):
    """Runs, readers, people who decide, and somebody who cancels, all on one loop that moves only when it is told."""

    runs = Bundle("runs")
    readers = Bundle("readers")

    @initialize()
    def open(self) -> None:
        """Begin with a runtime and one gate at which tools wait."""
        self.runner = asyncio.Runner()
        self.run_all: list[Run] = []
        self.reads: list[Read] = []
        self.lengths: dict[str, int] = {}
        self.gate = self.now(self._make_gate())
        self.runtime = Runtime(grace_s=PATIENCE_S, blocked_s=PATIENCE_S)
        self.now(self.runtime.open())

    async def _make_gate(self) -> Gate:
        return Gate()

    def now(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the loop, and nothing else but what it makes happen."""
        return self.runner.run(work)

    def turn(self, times: int) -> None:
        """Let the loop turn."""

        async def turn() -> None:
            for _ in range(times):
                await asyncio.sleep(0)

        self.now(turn())

    def agent(self, lines: list[str]) -> Agent:
        """An agent that follows these lines; its tools wait at the gate, crash, or ask for approval."""
        gate = self.gate

        @tool
        async def wait(context: ToolContext) -> str:
            """Wait."""
            context.progress("waiting")
            await gate.wait()
            return "done"

        @tool
        async def add(a: int, b: int) -> int:
            """Add."""
            return a + b

        @tool(needs_approval=True)
        async def refund(usd: int) -> str:
            """Refund."""
            return f"refunded {usd}"

        @tool
        async def crash() -> None:
            """Crash."""
            raise SystemExit(3)

        script = [LINES[line] for line in lines if LINES[line] is not None]
        model = Scripted([line for line in script if line is not None], stream="words")
        return Agent(model, tools=[wait, add, refund, crash], limits=Limits(turns=4))

    # --- what may be done ---

    @rule(target=runs, lines=st.lists(st.sampled_from(sorted(LINES)), max_size=5), session=st.sampled_from(SESSIONS))
    def start(self, lines: list[str], session: str | None) -> Any:
        """Start a run; a session that is in use is refused, and only then."""
        busy = any(run.session == session and run.status is None for run in self.run_all) and session is not None
        try:
            run = self.now(self.runtime.start(self.agent(lines), "go", session=session))
        except SessionBusy:
            assert busy
            return NOTHING
        assert not busy
        self.run_all.append(run)
        return run

    @rule(times=st.integers(1, 20))
    def let_it_turn(self, times: int) -> None:
        """Let some time pass."""
        self.turn(times)

    @rule()
    def open_gate(self) -> None:
        """Let every tool go that waits now; later ones wait again."""
        self.gate.open.set()
        self.turn(3)
        self.gate.open.clear()

    @rule(run=runs)
    def send(self, run: Run) -> None:
        """Say something; only a run that has ended, or is about to, refuses."""
        try:
            self.now(run.send("and also this"))
        except RunOver:
            self.turn(50)
            assert run.status is not None

    @rule(run=runs, approve=st.booleans())
    def decide(self, run: Run, approve: bool) -> None:
        """Decide the oldest question; a second decision is refused."""
        for call_id in list(run.state.waiting)[:1]:
            self.now(run.decide(call_id, approve=approve, arguments={"usd": 1} if approve else None))
            self.refused(run, call_id)
        self.refused(run, "no such call")

    def refused(self, run: Run, call_id: str) -> None:
        """Check that nothing is to be decided there."""
        try:
            self.now(run.decide(call_id, approve=True))
        except NothingToDecide:
            return
        raise AssertionError(f"{call_id} was decided again")

    @rule(run=runs)
    def cancel(self, run: Run) -> None:
        """Cancel; the run is over when that returns."""
        self.now(run.cancel("enough"))
        assert run.status is not None

    @rule(target=readers, run=runs, after=st.integers(0, 30), ephemeral=st.booleans())
    def read(self, run: Run, after: int, ephemeral: bool) -> Read:
        """Begin to read, from any place."""
        reading = Read(run, after, run.events(after=after, ephemeral=ephemeral), ephemeral)
        self.reads.append(reading)
        return reading

    @rule(reading=readers, count=st.integers(1, 10))
    def read_on(self, reading: Read, count: int) -> None:
        """Take what is there."""
        self.now(self._take(reading, count))

    async def _take(self, reading: Read, count: int) -> None:
        for _ in range(count):
            if reading.run.status is None and self._caught_up(reading):
                return
            try:
                reading.take(await anext(reading.events))
            except StopAsyncIteration:
                assert reading.run.status is not None
                return

    def _caught_up(self, reading: Read) -> bool:
        """Whether the next event may be one that has not happened."""
        return reading.after + len(reading.seen) >= len(reading.run.log)

    @rule(reading=consumes(readers))
    def leave(self, reading: Read) -> None:
        """Stop reading in the middle."""
        self.now(reading.events.aclose())

    # --- what must hold ---

    @invariant()
    def logs_only_grow_and_have_no_gap(self) -> None:
        """I1, I2: numbered without a gap, and nothing behind the end."""
        for run in getattr(self, "run_all", ()):
            log = run.log
            assert len(log) >= self.lengths.get(run.id, 1)
            if run.status is not None and run.id in self.lengths and self.was_over(run):
                assert len(log) == self.lengths[run.id]
            check_sequence(log, run.id)
            self.lengths[run.id] = len(log)

    def was_over(self, run: Run) -> bool:
        """Whether the log ended where it was when it was last looked at."""
        return run.log[self.lengths[run.id] - 1].event_name == "RunFinished"

    @invariant()
    def fold_equals_live(self) -> None:
        """I5: what the log tells is what is in memory."""
        for run in getattr(self, "run_all", ()):
            state: RunState = replay(list(run.log))
            assert state == run.state
            asked = [each for each in run.log if isinstance(each, ApprovalRequested)]
            assert set(state.waiting) <= {each.call_id for each in asked}

    @invariant()
    def readers_see_everything_once_and_in_order(self) -> None:
        """A reader's events are the log from its place on; the pieces it saw add up to the messages."""
        for reading in getattr(self, "reads", ()):
            log = reading.run.log
            assert reading.seen == list(log[reading.after : reading.after + len(reading.seen)])
            for event in reading.seen:
                if isinstance(event, ModelReplied) and event.cause in reading.text:
                    assert reading.text[event.cause] == Message("assistant", event.content).text

    def teardown(self) -> None:
        """Close the runtime; everything is over, whole, and forgotten."""
        if not hasattr(self, "runner"):
            return
        self.gate.open.set()
        self.turn(5)
        self.now(self.runtime.aclose())
        for reading in self.reads:
            self.now(reading.events.aclose())
        for run in self.run_all:
            self.now(check_run(run))
        assert readers(self.run_all) == 0
        assert self.now(self._tasks()) == 1
        self.runner.close()

    async def _tasks(self) -> int:
        return len(asyncio.all_tasks())


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestMachine = Machine.TestCase
