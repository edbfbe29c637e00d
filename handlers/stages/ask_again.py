"""Asks a model again in the same turn."""

import anyio

from ...events.model import ModelRequested
from ...events.recovery import Again, RetryScheduled
from ..scope import RunScope


class AskAgain:
    """Asks the conversation so far once more, of the model that was decided on.

    Hears RetryScheduled, whose delay it waits, FallbackChosen and ContextCompacted; causes ModelRequested. Cancelling
    the run ends the wait at once.
    """

    async def __call__(self, event: Again, run: RunScope) -> ModelRequested:
        if isinstance(event, RetryScheduled):
            await anyio.sleep(event.delay_s)
        state = run.state
        return ModelRequested(
            turn=event.turn,
            model=event.model,
            messages=len(state.transcript.messages),
            first=state.first,
            pinned=state.pinned,
        )
