"""Notices that a turn is done."""

from ...bus.event import Event, unchecked
from ...events.content import user
from ...events.control import LoopDetected, MessageInjected
from ...events.tool import ToolFinished
from ...events.turn import TurnFinished
from ..scope import RunScope

_finished = unchecked(TurnFinished)
_NUDGE = (
    "You have made the same tool call with the same result {count} times. Making it again will not help: "
    "answer with what you know, or try something else."
)


class Done:
    """Ends the turn when its last tool call has a result, and says so when the model goes round in circles.

    Hears ToolFinished; causes TurnFinished, with LoopDetected and a nudge before it after ``repeats`` turns in a row
    that were the same.
    """

    def __init__(self, repeats: int) -> None:
        self._repeats = repeats

    async def __call__(self, event: ToolFinished, run: RunScope) -> Event | list[Event] | None:
        state = run.state
        if state.transcript.calls:
            return None
        finished = _finished(turn=state.turn, final=False)
        if not self._repeats or state.repeats < self._repeats or state.repeats % self._repeats:
            return finished
        names = tuple(call.name for call in state.batch[0]) if state.batch else ()
        detected = LoopDetected(names=names, count=state.repeats)
        if state.repeats > self._repeats:
            return [detected, finished]
        nudge = MessageInjected(message=user(_NUDGE.format(count=state.repeats)), author="loopbus")
        return [detected, nudge, finished]
