"""Decides what is done about a model that did not answer."""

from collections.abc import Sequence

from ...events.model import ModelFailed, ModelRequested, StreamRestarted
from ...events.recovery import Again, ContextCompacted, FallbackChosen, RetryScheduled
from ...events.run import RunFinished
from ..compaction import Compaction
from ..outcome import finished
from ..retry_budget import take_all
from ..retrying import Retrying
from ..scope import RunScope

_OVERFLOW = "ContextOverflow"
_FINAL = frozenset({"Vetoed", _OVERFLOW})
"""Failures that the same model would only repeat: a policy's no, and too much to read."""


class Recover:
    """Has the model asked again, or another one, or ends the run.

    Hears ModelFailed; causes ContextCompacted where the model was shown too much, RetryScheduled while the retry policy
    wants to, FallbackChosen while there is another model, else RunFinished. Tells StreamRestarted where some of the
    failed reply had been told. A policy's veto is final.
    """

    def __init__(self, retry: Retrying, fallback: Sequence[str] = (), compaction: Compaction | None = None) -> None:
        self._retry = retry
        self._fallback = fallback
        self._compaction = compaction

    async def __call__(self, event: ModelFailed, run: RunScope) -> Again | RunFinished:
        again = self._shorter(event, run) or self._once_more(event, run) or self._another(event, run)
        if again is None:
            return finished(run.state, "failed", error=event.error)
        if event.partial and run.hears(StreamRestarted):
            run.tell(StreamRestarted(model=again.model), event.cause)
        return again

    def _shorter(self, event: ModelFailed, run: RunScope) -> ContextCompacted | None:
        if event.error.kind != _OVERFLOW or self._compaction is None or run.state.tries.compacted:
            return None
        asked = run.event(event.cause)
        assert isinstance(asked, ModelRequested), f"event {asked.seq} asked the model"
        shorter = self._compaction.shorten(run.state.transcript, asked)
        if shorter is None:
            return None
        first, pinned = shorter
        shown = len(pinned) + asked.messages - first
        return ContextCompacted(turn=event.turn, model=event.model, messages=shown, first=first, pinned=pinned)

    def _once_more(self, event: ModelFailed, run: RunScope) -> RetryScheduled | None:
        tries = run.state.tries
        retry = self._retry.plan(event, tries) if event.error.kind not in _FINAL else None
        if retry is None or not take_all(retry.budgets):
            return None
        return RetryScheduled(turn=event.turn, model=event.model, attempt=tries.failures + 1, delay_s=retry.delay_s)

    def _another(self, event: ModelFailed, run: RunScope) -> FallbackChosen | None:
        place = run.state.tries.fallbacks
        if event.error.kind == "Vetoed" or place >= len(self._fallback):
            return None
        return FallbackChosen(turn=event.turn, failed=event.model, model=self._fallback[place])
