"""A recorded run is executed again from its log alone: the same log, or the first event that differs."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from loopbus.backends import Busy, Scripted, call, fail, text
from loopbus.bus import Veto, dump, known_events, load
from loopbus.events import (
    Custom,
    Event,
    RunStarted,
    ToolFinished,
    ToolRequested,
    ToolStarted,
)
from loopbus.handlers.retry import RetryPolicy
from loopbus.runtime import Agent, BadInput, Limits, ReplayMismatch, RunResult, Runtime
from loopbus.runtime.replaying.decisions import DECIDED, OUTSIDE, is_decided
from loopbus.runtime.replaying.replay import replay_events
from loopbus.runtime.replaying.tape import Tape
from loopbus.stores import OpaqueEvent
from loopbus.tools import tool

from .by_hand import RICH, TYPED, mismatch, run_log, where, with_event
from .runs import Noted, Plan, add, agent_of, judged, lived, plans


def shown(log: Sequence[Event]) -> None:
    """Tell a log where a test fails."""
    for event in log:
        note(f"{event.seq:3} <- {event.cause:3} {event.event_name} {getattr(event, 'call_id', '')}")


@settings(max_examples=40)
@given(plan=plans())
def test_whatever_a_run_lived_through_it_replays(plan: Plan) -> None:
    """Parallel tools, vetoes, edits, approvals, retries, fallbacks, outputs, messages, cancellation: the same log."""
    asyncio.run(_replays(plan))


async def _replays(plan: Plan) -> None:
    run = await lived(plan)
    shown(run.log)
    result = await replay_events(agent_of(plan), run.log, judged=judged(plan))
    assert result == await run.outcome()


VALUES: tuple[Any, ...] = (True, False, 1, 77, 2, "other", "error", "limit", "tool", [1], {"x": 1}, ["x"], None)
FROM_THE_LOG = {"run_id", "seq", "at", "event", "version", "delay_s", "prompt", "history", "session", "key"}


def changed(event: Event, field: str) -> Event | None:
    """The event with another value in a field, if there is one that it can have."""
    fields = dump(event)
    for value in VALUES:
        try:
            other = load({**fields, field: value})
        except Exception:
            continue
        if dump(other) != fields:
            return other
    return None


@settings(max_examples=40)
@given(plan=plans(policies=False), data=st.data())
def test_one_changed_decision_is_found_where_it_stands(plan: Plan, data: st.DataObject) -> None:
    """Any field of any event that the code decides: the mismatch names that very event."""
    asyncio.run(_finds(plan, data))


async def _finds(plan: Plan, data: st.DataObject) -> None:
    log = list((await lived(plan)).log)
    shown(log)
    strict = plan.limits.turns != 2
    seqs = [seq for seq in decided(log) if strict or log[seq - 1].event_name != "ModelRequested"]
    if log[-1].event_name == "RunFinished" and getattr(log[-1], "reason", "").startswith("stage "):
        # How a stage fails is the log's word.
        seqs.remove(log[-1].seq)
    seq = data.draw(st.sampled_from(seqs))
    event = log[seq - 1]
    field = data.draw(st.sampled_from(sorted(set(dump(event)) - FROM_THE_LOG)))
    other = changed(event, field)
    if other is None:
        return
    log[seq - 1] = other
    with pytest.raises(ReplayMismatch) as caught:
        await replay_events(agent_of(plan), log, judged=judged(plan))
    note(str(caught.value))
    assert caught.value.seq == seq


def decided(log: list[Event]) -> list[int]:
    """The places of the events that the code decides."""
    tape = Tape(log)
    seqs: list[int] = []
    while (event := tape.next) is not None:
        if is_decided(event, tape):
            seqs.append(event.seq)
        tape.take()
    return seqs


# --- one run by hand ---


def test_every_event_of_ours_is_decided_or_comes_from_outside() -> None:
    """A new kind of event has its row in one of the two tables before it can be in a log."""
    ours = {each for each in known_events() if each.__module__.startswith("loopbus.") and each.durable}
    kinds = {each for each in ours if not each.__module__.startswith("loopbus.bus.") and not issubclass(each, Custom)}
    assert kinds == set(DECIDED) | (set(OUTSIDE) - {Custom})
    assert not set(DECIDED) & set(OUTSIDE)


async def test_nothing_is_done_in_a_replay() -> None:
    """No tool, no model, no wait: an hour between two attempts is over at once."""
    done: list[str] = []

    @tool
    async def ring(times: int) -> str:
        """Ring."""
        done.append("rang")
        return "rang"

    async with Runtime() as runtime:
        model = Scripted([fail(Busy("no")), call("ring", times=1), text("done")])
        agent = Agent(model, tools=[ring], retry=RetryPolicy(first_s=0))
        run = await runtime.start(agent, "go")
        result = await run.result()
    log = [event.model_copy(update={"delay_s": 3600.0}) if hasattr(event, "delay_s") else event for event in run.log]
    async with asyncio.timeout(5):
        assert await replay_events(agent, log) == result
    assert (done, model.asked) == (["rang"], 3)


@pytest.mark.parametrize("plan", [RICH, TYPED])
async def test_a_run_replays_as_far_as_it_has_come(plan: Plan) -> None:
    """Wherever a log ends, there is nothing wrong with what it has; only a whole one has a result."""
    log = await run_log(plan)
    for end in range(1, len(log)):
        assert await replay_events(agent_of(plan), log[:end]) is None, end
    assert isinstance(await replay_events(agent_of(plan), log), RunResult)


# --- what has changed ---


async def test_a_changed_tool_is_named_at_the_first_event() -> None:
    """Its schema is in the digest that a run begins with."""

    @tool(name="add")
    async def add_floats(a: float, b: float) -> float:
        """Add, after a while."""
        return a + b

    tools = [add_floats if each is add else each for each in agent_of(RICH).tools]
    found = await mismatch(agent_of(RICH, tools=tools), await run_log())
    assert (found.seq, type(found.recorded), type(found.expected)) == (1, RunStarted, RunStarted)
    assert "setup is a digest of the tools" in str(found)
    assert "-setup: " in found.difference
    assert "+setup: " in found.difference


async def test_a_mismatch_shows_what_was_recorded_and_what_the_code_does() -> None:
    """As a unified diff of the fields, a line of a long text a line."""
    log = await run_log()
    found = await mismatch(agent_of(RICH, instructions="Be kind.\nBe short."), log)
    assert "digest" not in str(found)
    assert found.seq == 3
    for line in ('-instructions: "Be brief."', "+instructions: |", "+  Be kind.", "+  Be short.", " turn: 1"):
        assert line in found.difference.splitlines()
    assert str(found).endswith(found.difference)
    assert "event 3, ModelRequested" in str(found)


async def test_a_mismatch_shows_no_secret() -> None:
    """It may be printed in a log that many can read."""
    found = await mismatch(agent_of(RICH, instructions="api_key=sk-abcdefghij0123456789abcd"), await run_log())
    assert "abcdefghij" not in str(found)


async def test_the_code_may_do_another_thing_or_nothing() -> None:
    """The mismatch names both kinds of events; or only what is recorded, where nothing is due."""
    log = await run_log(replace(RICH, lines=["same", "answer"]))
    start = where(log, ToolStarted)
    found = await mismatch(agent_of(RICH, limits=Limits(tool_calls=1, turns=1)), log)
    assert (found.recorded.event_name, getattr(found.expected, "event_name", "")) == ("TurnStarted", "RunFinished")
    doubled = with_event(log, start, ToolStarted(call_id="3.0", name="add", cause=start - 1))
    found = await mismatch(agent_of(RICH), doubled)
    assert (found.seq, found.expected) == (start + 1, None)
    assert "causes nothing" in str(found)


async def test_what_cannot_happen_at_all_is_a_mismatch() -> None:
    """A reply that nobody asked for; an effect before its cause."""
    log = await run_log(replace(RICH, lines=["answer"]))
    assert (await mismatch(agent_of(RICH), [*log[:2], log[3].model_copy(update={"seq": 3})])).seq == 3
    assert (await mismatch(agent_of(RICH), [*log[:3], log[3].model_copy(update={"cause": 9})])).seq == 4


@pytest.mark.parametrize("log", [[], [Noted(run_id="r", seq=1, note="x")]])
async def test_what_is_no_log_is_refused(log: list[Event]) -> None:
    """A log begins with its run."""
    with pytest.raises(BadInput, match="begins with RunStarted"):
        await replay_events(agent_of(RICH), log)


async def test_a_log_with_a_gap_is_refused() -> None:
    """An event that is missing cannot be made up for."""
    log = await run_log()
    with pytest.raises(BadInput, match="event 3 of run"):
        await replay_events(agent_of(RICH), [*log[:2], *log[3:]])


async def test_an_event_that_nobody_knows_here_is_passed_over() -> None:
    """An application's own, or one of a later version."""
    log = await run_log(replace(RICH, lines=["answer"]))
    strange = OpaqueEvent(name="shop.shipped", version=3, body=b"{}", cause=2)
    assert await replay_events(agent_of(RICH), with_event(log, 2, strange)) is not None


# --- policies ---


def _refuse(_: Event) -> Veto:
    return Veto("not today")


async def test_a_policys_doing_is_believed_only_where_there_was_one() -> None:
    """Without one, the mismatch says that a policy could explain it."""
    async with Runtime() as runtime:
        runtime.intercept(ToolRequested)(_refuse)
        run = await runtime.start(agent_of(replace(RICH, lines=["same", "answer"])), "go")
        await run.result()
    found = await mismatch(agent_of(RICH), run.log)
    assert (found.seq, found.judged) == (where(run.log, ToolFinished), ToolRequested)
    assert "judged=[ToolRequested]" in str(found)
    assert await replay_events(agent_of(RICH), run.log, judged=[ToolRequested]) is not None


async def test_a_call_is_judged_as_it_was_when_it_was_made() -> None:
    """Not as it would be by the time that its answer got past a slow policy: then no call was left to make."""
    plan = replace(RICH, lines=["half", "answer"], policies=["late results"], limits=Limits(tool_calls=1))
    log = await run_log(plan)
    assert where(log, ToolStarted) < where(log, ToolFinished)
    assert await replay_events(agent_of(plan), log, judged=judged(plan)) is not None
    assert await replay_events(agent_of(plan), log) is not None


async def test_instructions_that_are_a_function_are_asked_only_with_deps() -> None:
    """They may reach for what is not there in a test; with it, their text is compared too."""
    asked: list[str] = []

    def told(deps: str) -> str:
        asked.append(deps)
        return {"a": "Be brief.", "b": "Be long."}[deps]

    log = await run_log(TYPED)
    agent = agent_of(TYPED, instructions=told)
    assert await replay_events(agent, log) is not None
    assert asked == []
    assert await replay_events(agent, log, deps="a") is not None
    assert (await mismatch(agent, log, deps="b")).seq == 3
    broken = await mismatch(agent, log, deps="c")
    assert (broken.seq, getattr(broken.expected, "status", "")) == (3, "failed")
    assert "KeyError" in broken.difference
