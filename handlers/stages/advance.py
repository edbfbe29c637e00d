"""Decides after a turn whether there is another."""

from ...bus.event import unchecked
from ...events.fault import Fault
from ...events.run import RunFinished
from ...events.state import RunState
from ...events.turn import TurnFinished, TurnStarted
from ..limits import Limits
from ..outcome import finished
from ..scope import RunScope

_next_turn = unchecked(TurnStarted)


class Advance:
    """Starts the next turn, or ends the run: with its answer, at a limit, or because the model is lost.

    Hears TurnFinished; causes TurnStarted or RunFinished.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def __call__(self, event: TurnFinished, run: RunScope) -> TurnStarted | RunFinished:
        state = run.state
        if event.final and not state.transcript.injected:
            return _answered(state)
        reached = self._limits.reached(state)
        if reached is not None:
            return finished(state, "limit", reached)
        if state.faults > self._limits.model_faults:
            return finished(state, "failed", error=_lost(state))
        return _next_turn(turn=event.turn + 1)


def _answered(state: RunState) -> RunFinished:
    """The model asked for nothing more: that is the answer, if it is a whole one."""
    if state.stop == "length":
        return finished(state, "limit", "output tokens of one reply: the answer is cut")
    if state.stop == "content_filter":
        return finished(state, "failed", error=Fault("ContentFiltered", "the provider cut the answer", "model"))
    return finished(state, "completed")


def _lost(state: RunState) -> Fault:
    last = state.batch[1].content[0] if state.batch else None
    words = getattr(last, "output", "")
    return Fault(
        "ModelBehaviourError", f"{state.faults} replies in a row had tool calls that cannot run; last: {words}"
    )
