"""Runs that were stopped from outside replay up to their end, which the code closes as it did."""

import asyncio

from loopbus.backends import Scripted, text
from loopbus.runtime import Limits, Runtime
from loopbus.runtime.replaying.replay import replay_events

from .by_hand import RICH, mismatch
from .runs import agent_of


async def test_a_run_that_took_too_long_replays() -> None:
    """Which limit ended it is in the log."""
    agent = agent_of(RICH, model=Scripted([text("late")], delay_s=60), limits=Limits(seconds=0.005))
    async with Runtime() as runtime:
        run = await runtime.start(agent, "go")
        result = await run.outcome()
    assert result.status == "limit"
    assert await replay_events(agent, run.log) == result
    other = run.log[-1].model_copy(update={"reason": "6 seconds"})
    assert (await mismatch(agent, [*run.log[:-1], other])).seq == other.seq


async def test_a_run_that_its_event_loop_ended_replays() -> None:
    """Nobody asked for it, and the log still says so."""
    agent = agent_of(RICH, model=Scripted([text("late")], delay_s=60))
    async with Runtime() as runtime:
        run = await runtime.start(agent, "go")
        await asyncio.sleep(0)
        run._task.cancel()  # pyright: ignore[reportPrivateUsage, reportOptionalMemberAccess]  # as a loop does that ends
        result = await run.outcome()
    assert result.status == "cancelled"
    assert await replay_events(agent, run.log) == result
