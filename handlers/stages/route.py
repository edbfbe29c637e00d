"""Decides what a reply asks for."""

from ...bus.event import Event, unchecked
from ...events.model import ModelReplied
from ...events.tool import ToolRequested
from ...events.turn import TurnFinished
from ..scope import RunScope

_requested = unchecked(ToolRequested)


class Route:
    """Sends each tool call on its way, or ends the turn if there is none.

    Hears ModelReplied; causes ToolRequested for each call, in the model's order, or TurnFinished. A reply that its
    provider paused is no answer yet: the model goes on from it in the next turn.
    """

    async def __call__(self, event: ModelReplied, run: RunScope) -> Event | list[Event]:
        calls = run.state.transcript.calls
        if not calls:
            return TurnFinished(turn=event.turn, final=event.stop != "pause")
        if len(calls) == 1:
            (call,) = calls
            return _requested(call_id=call.call_id, name=call.name, arguments=call.arguments)
        return [_requested(call_id=call.call_id, name=call.name, arguments=call.arguments) for call in calls]
