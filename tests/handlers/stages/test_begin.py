"""A run begins with its first turn."""

from loopbus.events import RunStarted, TurnStarted
from loopbus.handlers.stages.begin import Begin

from ..fake_run import prompted


async def test_a_run_begins_with_turn_one() -> None:
    """Also where a conversation is continued: turns are counted in the run."""
    run = prompted()
    first = run.event(1)
    assert isinstance(first, RunStarted)
    assert await Begin()(first, run) == TurnStarted(turn=1)
