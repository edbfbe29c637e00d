"""A run is found by its id, while it goes on and for a while afterwards."""

import gc
import re
from typing import Any
from weakref import ref

from loopbus.backends import call, text
from loopbus.runtime import Runtime
from loopbus.runtime.roll import Roll

from ..faults.house import CANARY, agent, settle
from ..faults.misbehaving import Gate, waiting


async def test_a_run_is_found_while_it_goes_on_and_when_it_is_over() -> None:
    """With its whole log; an id that no run has finds none."""
    gate = Gate()
    async with Runtime() as runtime:
        run = await runtime.start(agent(call("wait"), text("done"), tools=[waiting(gate)]), "go")
        assert runtime.find(run.id) is run
        gate.open.set()
        await run.result()
        assert runtime.find(run.id) is run
        assert runtime.runs == ()
        assert [event.seq for event in run.log] == [*range(1, len(run.log) + 1)]
        assert runtime.find("nobody's") is None


async def test_only_the_last_that_are_over_are_kept() -> None:
    """The one that ended first is forgotten first; those that go on are not counted."""
    async with Runtime() as runtime:
        runs = [await runtime.start(CANARY, "go") for _ in range(4)]
        for run in runs:
            await run.outcome()
    roll = Roll(finished=2)
    for run in runs:
        roll.add(run)
    assert roll.live == tuple(runs)
    for run in (runs[2], runs[0], runs[1]):
        roll.end(run)
    assert roll.live == (runs[3],)
    assert [roll.find(run.id) for run in runs] == [runs[0], runs[1], None, runs[3]]


async def test_long_runs_are_kept_for_a_shorter_time() -> None:
    """What is kept is bounded by its events, but for the run that ended last."""
    async with Runtime() as runtime:
        runs = [await runtime.start(CANARY, "go") for _ in range(4)]
        for run in runs:
            await run.outcome()
    (length,) = {len(run.log) for run in runs}
    for events, kept in ((2 * length, 2), (3 * length - 1, 2), (3 * length, 3), (1, 1)):
        roll = Roll(events=events)
        for run in runs:
            roll.add(run)
            roll.end(run)
        assert [roll.find(run.id) for run in runs] == [None] * (4 - kept) + runs[4 - kept :]


async def test_one_id_does_not_give_away_another() -> None:
    """Each is 80 random bits, and no two begin alike."""
    async with Runtime() as runtime:
        ids = [(await runtime.run(CANARY, "go")).run_id for _ in range(50)]
    assert all(re.fullmatch("[0-9a-f]{20}", each) for each in ids)
    assert len({each[:10] for each in ids}) == len({each[10:] for each in ids}) == 50


async def test_a_run_that_is_over_keeps_nothing_that_its_caller_handed_in() -> None:
    """It may be kept for long, and ``deps`` may be a connection."""
    deps: Any = object()
    async with Runtime() as runtime:
        run = await runtime.start(CANARY, "go", deps=deps)
        await run.outcome()
        actor = run._actor  # pyright: ignore[reportPrivateUsage] - nothing public shows it
        assert actor is not None
        assert actor.deps is None
        await run.cancel()
        assert run.status == "completed"


async def test_a_run_that_nobody_holds_is_gone_at_once() -> None:
    """It is no cycle: its memory does not wait for the garbage collector."""
    async with Runtime() as runtime:
        run = await runtime.start(CANARY, "go")
        await run.outcome()
        gone = ref(run)
        runtime._roll._finished.clear()  # pyright: ignore[reportPrivateUsage]  # as if a thousand others had ended since
        gc.collect()
        gc.disable()
        try:
            del run
            await settle(lambda: gone() is None)
        finally:
            gc.enable()
