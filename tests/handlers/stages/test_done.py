"""A turn is done when its last call is answered, and a model that goes round in circles is told so."""

from loopbus.events import LoopDetected, MessageInjected, ToolFinished, TurnFinished
from loopbus.handlers.stages.done import Done

from ..fake_run import FakeRun, batch, calling, one, prompted


def circling(turns: int) -> tuple[FakeRun, ToolFinished]:
    """A run whose model has made the same two calls, with the same results, so many turns in a row."""
    run = prompted()
    finished = [batch(run, turn, one("look", f"{turn}.0"), one("listen", f"{turn}.1")) for turn in range(1, turns + 1)]
    return run, finished[-1]


async def test_a_turn_goes_on_while_a_call_is_open() -> None:
    """Not the first result ends it but the last."""
    run = calling(one("look", "c1"), one("listen", "c2"))
    first = run.take(ToolFinished(call_id="c2", name="listen", outcome="ok", output="silence"))
    assert await Done(3)(first, run) is None
    last = run.take(ToolFinished(call_id="c1", name="look", outcome="ok", output="nothing"))
    assert await Done(3)(last, run) == TurnFinished(turn=1, final=False)


async def test_the_same_turn_again_and_again_is_detected_and_brings_a_nudge() -> None:
    """Once, with the names and the count; the nudge says who speaks and what to do instead."""
    for turns in (1, 2):
        run, finished = circling(turns)
        assert await Done(3)(finished, run) == TurnFinished(turn=turns, final=False)
    run, finished = circling(3)
    caused = await Done(3)(finished, run)
    assert isinstance(caused, list)
    detected, nudge, done = caused
    assert detected == LoopDetected(names=("look", "listen"), count=3)
    assert isinstance(nudge, MessageInjected)
    assert nudge.author == "loopbus"
    assert nudge.message.role == "user"
    assert "the same tool call with the same result 3 times" in nudge.message.text
    assert done == TurnFinished(turn=3, final=False)


async def test_a_model_that_goes_on_in_circles_is_not_nudged_at_each_turn() -> None:
    """Between one detection and the next nothing is said, and the second one comes without a nudge."""
    run, finished = circling(4)
    assert await Done(3)(finished, run) == TurnFinished(turn=4, final=False)
    run, finished = circling(6)
    assert await Done(3)(finished, run) == [
        LoopDetected(names=("look", "listen"), count=6),
        TurnFinished(turn=6, final=False),
    ]


async def test_without_a_bound_on_repeats_nothing_is_detected() -> None:
    """``repeats=0`` is never."""
    run, finished = circling(6)
    assert await Done(0)(finished, run) == TurnFinished(turn=6, final=False)
