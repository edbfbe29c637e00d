"""Ends a run whose model did not answer."""

from ...events.model import ModelFailed
from ...events.run import RunFinished
from ..outcome import finished
from ..scope import RunScope


class GiveUp:
    """Ends the run. Hears ModelFailed; causes RunFinished."""

    async def __call__(self, event: ModelFailed, run: RunScope) -> RunFinished:
        return finished(run.state, "failed", error=event.error)
