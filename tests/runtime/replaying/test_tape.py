"""Logs that broke off, went on, or were forked: a tape goes past all of that."""

from dataclasses import replace

import pytest

from loopbus.backends import Settings
from loopbus.events import (
    MessageInjected,
    RunForked,
    RunResumed,
    RunSuspended,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    user,
)
from loopbus.runtime.replaying.replay import replay_events

from .by_hand import RICH, TYPED, mismatch, run_log, where, with_event
from .runs import Plan, agent_of


@pytest.mark.parametrize("plan", [RICH, TYPED])
async def test_a_run_that_was_left_and_resumed_anywhere_replays(plan: Plan) -> None:
    """What was not answered is decided again, wherever the log had ended."""
    log = await run_log(plan)
    for place in range(1, len(log)):
        if log[place - 1].event_name != "OutputRejected":
            # What a stage puts into the log in one go is there as a whole, or not at all.
            left = RunSuspended(reason="closed"), RunResumed(attempt=1)
            assert await replay_events(agent_of(plan), with_event(log, place, *left)) is not None


async def test_a_started_tool_goes_on_after_a_crash_and_is_never_started_by_a_replay() -> None:
    """What came of it is its own word, be it unknown; that it was started twice is nobody's."""
    log = await run_log(replace(RICH, lines=["looked", "answer"]))
    start = where(log, ToolStarted)
    assert await replay_events(agent_of(RICH), with_event(log, start, RunResumed(attempt=1))) is not None
    lost = log[start].model_copy(update={"outcome": "unknown", "output": "Nobody knows."})
    assert await replay_events(agent_of(RICH), [*log[:start], lost, *log[start + 1 : -6]]) is None
    twice = with_event(log, start, RunResumed(attempt=1), ToolStarted(call_id="3.0", name="look", cause=start - 1))
    assert (await mismatch(agent_of(RICH), twice)).seq == start + 2


# --- forks ---


async def test_what_a_fork_shares_was_decided_by_another_agent() -> None:
    """Only what is behind the fork is compared, also where the shared part ends in the middle of a turn."""
    log = await run_log()
    other = agent_of(RICH, name="other", settings=Settings(temperature=1))
    assert (await mismatch(other, log)).seq == 1
    for place in range(where(log, ToolRequested) - 1, len(log)):
        forked = with_event(log, place, RunForked(source="the other"))
        await replay_events(other, forked)
    early = with_event(log, 2, RunForked(source="the other"))
    assert (await mismatch(agent_of(RICH, instructions="Be long."), early)).seq == 4


async def test_what_a_fork_has_changed_is_an_input() -> None:
    """A message or a result that stands right behind the fork is what the fork is for."""
    log = await run_log(replace(RICH, lines=["same", "answer"]))
    wish = where(log, ToolRequested)
    result = ToolFinished(call_id="3.0", name="add", outcome="ok", output="7", cause=wish)
    edits = RunForked(source="x", edits=("a result",)), MessageInjected(message=user("And why?")), result
    forked = with_event(log[:wish], wish, *edits)
    assert await replay_events(agent_of(RICH), forked) is None
    unforked = with_event(log[:wish], wish, result.model_copy(update={"seq": 0}))
    assert (await mismatch(agent_of(RICH), unforked)).seq == wish + 1
