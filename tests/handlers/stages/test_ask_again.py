"""A model is asked again: the same conversation, without what was left of the attempt before."""

import asyncio

import pytest

from loopbus.bus import TaskOwner
from loopbus.events import ContextCompacted, FallbackChosen, Fault, ModelFailed, RetryScheduled, Text
from loopbus.handlers.stages.ask_again import AskAgain

from ...bus.clock import Clock, turns
from ..fake_run import asked


async def test_a_retry_waits_for_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The delay is the event's own; cancelling ends the wait."""
    clock = Clock(monkeypatch)
    run = asked()
    scheduled = run.take(RetryScheduled(turn=1, model="fake", attempt=2, delay_s=10))
    owner = TaskOwner("the test")
    waiting, stopped = owner.spawn(AskAgain()(scheduled, run)), owner.spawn(AskAgain()(scheduled, run))
    await turns()
    stopped.cancel()
    await clock.forward(9.9)
    assert stopped.cancelled()
    assert not waiting.done()
    await clock.forward(0.2)
    requested = waiting.result()
    assert (requested.turn, requested.model, requested.messages) == (1, "fake", 1)


async def test_another_model_is_asked_at_once() -> None:
    """The conversation is what it was before the attempt: its text is no message."""
    run = asked()
    run.take(ModelFailed(turn=1, error=Fault("Broken", "cut"), partial=(Text("Half"),)))
    assert len(run.state.messages) == 2
    chosen = run.take(FallbackChosen(turn=1, failed="fake", model="other"))
    async with asyncio.timeout(1):
        requested = await AskAgain()(chosen, run)
    assert (requested.model, requested.messages, requested.first) == ("other", 1, 0)
    assert len(run.state.messages) == 1


async def test_a_shorter_conversation_is_shown_from_where_it_begins() -> None:
    """With the pinned messages before that."""
    run = asked()
    compacted = run.take(ContextCompacted(turn=1, model="fake", messages=1, first=5, pinned=(0, 2)))
    requested = await AskAgain()(compacted, run)
    assert (requested.first, requested.pinned, requested.instructions) == (5, (0, 2), None)
