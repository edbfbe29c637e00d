"""Decides what the model is asked."""

from ...bus.event import unchecked
from ...events.model import ModelRequested
from ...events.turn import TurnStarted
from ..instructions import OfDeps, written
from ..scope import RunScope

_requested = unchecked(ModelRequested)


class Prompt:
    """Asks the model to answer the conversation so far. Hears TurnStarted; causes ModelRequested."""

    def __init__(self, model: str, instructions: OfDeps) -> None:
        self._model = model
        self._instructions = instructions

    async def __call__(self, event: TurnStarted, run: RunScope) -> ModelRequested:
        state, told = run.state, self._instructions
        text = told if isinstance(told, str) else await written(told, run.deps)
        return _requested(
            turn=event.turn,
            model=self._model,
            messages=len(state.transcript.messages),
            first=state.first,
            pinned=state.pinned,
            instructions=text if text != state.instructions else None,
        )
