"""Who does not decide in time is passed over, and in the end the question decides itself, once."""

import asyncio
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from loopbus.bus import Ask, StageTable
from loopbus.bus.event import stamp
from loopbus.bus.interception import OnTimeout
from loopbus.events import (
    ApprovalDecided,
    ApprovalEscalated,
    ApprovalRequested,
    Event,
    ModelReplied,
    ModelRequested,
    RunStarted,
    ToolCall,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    TurnStarted,
    user,
)
from loopbus.events.state import replay
from loopbus.handlers.limits import Limits
from loopbus.handlers.stages.decide import Decide
from loopbus.handlers.stages.tools import CallTools
from loopbus.runtime import NothingToDecide
from loopbus.runtime.approvals import approver_of, decision
from loopbus.runtime.overdue import due_at, next_due, overdue
from loopbus.tools import ThreadPool, Toolset, tool

from ..handlers.fake_run import FakeRun

NOON = 1_800_000_000.0


class Dated(FakeRun):
    """A run whose events have a time, which the test sets."""

    now = NOON

    def take(self, event: Any, cause: int | None = None) -> Any:
        stamp(event, "fake-1", len(self.log) + 1, self.now, len(self.log) if cause is None else cause)
        self.log.append(event)
        self.state.add(event)
        return event


def asking(*questions: Ask) -> Dated:
    """A run with one call for each of these questions, put at noon."""
    run = Dated()
    for place, question in enumerate(questions):
        run.take(
            ApprovalRequested(
                call_id=f"c{place}",
                name="pay",
                arguments={},
                approver=question.approver,
                timeout_s=question.timeout_s,
                escalate_to=question.escalate_to,
                on_timeout=question.on_timeout,
            )
        )
    return run


def sweep(run: Dated, now: float) -> list[Event]:
    """Look at the run at a certain time, and do what there is to do."""
    run.now = now
    return [run.take(event, cause) for event, cause in overdue(run.state, now)]


def test_a_question_without_a_time_waits_for_ever() -> None:
    """There is no timer for it either."""
    run = asking(Ask("kim"))
    assert (due_at(run.state, "c0"), next_due(run.state), sweep(run, NOON * 2)) == (None, None, [])


def test_the_next_approvers_are_asked_and_then_the_question_decides() -> None:
    """Each has the whole time from when they were asked, however late that was; the log says that nobody decided."""
    run = asking(Ask("kim", timeout_s=60, escalate_to=("ann", "bob")))
    assert (next_due(run.state), sweep(run, NOON + 59)) == (NOON + 60, [])
    (first,) = sweep(run, NOON + 60)
    assert isinstance(first, ApprovalEscalated)
    assert (first.approver, first.step, first.cause) == ("ann", 1, 1)
    assert (approver_of(run.state, "c0"), next_due(run.state)) == ("ann", NOON + 120)
    sweep(run, NOON + 1000)
    assert (approver_of(run.state, "c0"), next_due(run.state)) == ("bob", NOON + 1060)
    (last,) = sweep(run, NOON + 1060)
    assert isinstance(last, ApprovalDecided)
    assert (last.approve, last.author, last.cause) == (False, "timeout", 1)
    assert last.reason == "none of kim, ann, bob decided within 60 s"
    assert (next_due(run.state), sweep(run, NOON + 9999)) == (None, [])


def test_silence_may_be_consent() -> None:
    """Where the question says so."""
    run = asking(Ask("", timeout_s=1.5, on_timeout="approve"))
    (decided,) = sweep(run, NOON + 2)
    assert isinstance(decided, ApprovalDecided)
    assert (decided.approve, decided.author, decided.reason) == (True, "timeout", "nobody decided within 1.5 s")
    assert list(run.state.approved) == ["c0"]


def test_the_first_of_several_questions_is_the_next() -> None:
    """Those that are due are handled, the others wait on."""
    run = asking(Ask("kim", timeout_s=60), Ask("kim"), Ask("kim", timeout_s=30))
    assert next_due(run.state) == NOON + 30
    (decided,) = sweep(run, NOON + 30)
    assert vars(decided)["call_id"] == "c2"
    assert (list(run.state.waiting), next_due(run.state)) == (["c0", "c1"], NOON + 60)


def test_a_clock_that_stands_still_or_goes_back_decides_nothing_twice() -> None:
    """F99: what was decided waits no more, and who was asked later than now has the whole time."""
    run = asking(Ask("kim", timeout_s=60, escalate_to=("ann",)))
    assert len(sweep(run, NOON + 60)) == 1
    for now in NOON + 60, NOON - 3600, NOON + 61, NOON + 119:
        assert sweep(run, now) == []
    assert len(sweep(run, NOON + 120)) == 1
    for now in NOON + 120, NOON - 3600, NOON + 3600:
        assert sweep(run, now) == []


# --- anything, in any order ---

CALLS = [ToolCall(f"c{place}", "pay", {"usd": place}) for place in range(3)]


class World:
    """A run of three calls that somebody has to agree to, with its real stages, in a program that may be changed."""

    def __init__(self, on_timeout: OnTimeout, escalate_to: tuple[str, ...]) -> None:
        self.question = Ask("kim", timeout_s=10, escalate_to=escalate_to, on_timeout=on_timeout)
        self.paid: list[tuple[int, int]] = []
        self.run = Dated()
        self.version = 0
        for event in (
            RunStarted(agent="a", model="m", prompt=user("go")),
            TurnStarted(turn=1),
            ModelRequested(turn=1, model="m", messages=1),
            ModelReplied(turn=1, content=tuple(CALLS), stop="tool_calls"),
        ):
            self.run.take(event)

    def stages(self) -> Any:
        """The stages, of the program as it is now: each version has a parameter more, that may be left out."""
        version = self.version

        async def pay(usd: int, **more: int) -> int:
            self.paid.append((usd, version))
            return usd

        async def pay_later(usd: int, later: int = 0, **more: int) -> int:
            self.paid.append((usd, version))
            return usd

        chosen = pay_later if version % 2 else pay
        made = tool(name="pay", needs_approval=self.question)(chosen)
        call_tools = CallTools(Toolset([made]), ThreadPool(1), Limits(), 1000)
        table = StageTable()
        table.add(ToolRequested, call_tools)
        table.add(ApprovalDecided, Decide(call_tools))
        return table.owners

    async def follow(self, event: Event | None, cause: int) -> None:
        """Append an event, and do what its stage makes of it."""
        while event is not None:
            cause = self.run.take(event, cause).seq
            stage = self.stages().get(type(event))
            event = await stage(event, self.run) if stage is not None else None
        later, self.run.later = self.run.later, []
        for work, _, seq in later:
            await self.follow(await work, seq)

    async def do(self, what: str, number: int, approve: bool) -> None:
        """One step of whatever happens."""
        if what == "forward":
            self.run.now += number - 5
            for event, cause in overdue(self.run.state, self.run.now):
                await self.follow(event, cause)
        elif what == "change":
            self.version += 1
        else:
            arguments = {"usd": number} if what == "edit" else None
            try:
                event, cause = decision(
                    self.run.state, self.run.log, f"c{number % 3}", approve=approve, author="kim", arguments=arguments
                )
            except NothingToDecide:
                assert f"c{number % 3}" not in self.run.state.waiting
            else:
                await self.follow(event, cause)

    async def live(self, steps: list[tuple[str, int, bool]]) -> None:
        """All that happens, and then a long time of nothing."""
        for call in CALLS:
            await self.follow(ToolRequested(call_id=call.call_id, name="pay", arguments=call.arguments), 4)
        for step in steps:
            await self.do(*step)
        while self.run.state.waiting:
            await self.do("forward", 1000, True)


STEPS = st.lists(
    st.tuples(st.sampled_from(["decide", "edit", "forward", "change"]), st.integers(0, 20), st.booleans()), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.sampled_from(["reject", "approve"]), st.sampled_from([(), ("ann",), ("ann", "bob")]))
def test_whatever_happens_each_call_has_one_result(
    steps: list[tuple[str, int, bool]], on_timeout: OnTimeout, escalate_to: tuple[str, ...]
) -> None:
    """Decisions, edits, time, and other code: each question has one decision, and nothing runs that nobody approved."""
    world = World(on_timeout, escalate_to)
    asyncio.run(world.live(steps))
    log = world.run.log
    counts = {
        kind: Counter(event.call_id for event in log if isinstance(event, kind))
        for kind in (ToolRequested, ToolFinished, ToolStarted, ApprovalRequested, ApprovalDecided)
    }
    once = Counter(call.call_id for call in CALLS)
    assert counts[ToolRequested] == counts[ToolFinished] == once
    assert counts[ApprovalRequested] == counts[ApprovalDecided]
    assert counts[ToolStarted] <= once
    assert len(world.paid) == counts[ToolStarted].total()
    for place, event in enumerate(log):
        if isinstance(event, ToolStarted):
            decided = next(each for each in reversed(log[:place]) if getattr(each, "call_id", "") == event.call_id)
            assert isinstance(decided, ApprovalDecided)
            assert decided.approve
    assert replay(log) == world.run.state
