"""Begins the first turn."""

from ...events.run import RunStarted
from ...events.turn import TurnStarted
from ..scope import RunScope


class Begin:
    """Begins the first turn. Hears RunStarted; causes TurnStarted."""

    async def __call__(self, event: RunStarted, run: RunScope) -> TurnStarted:
        return TurnStarted(turn=1)
