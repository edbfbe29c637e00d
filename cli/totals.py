"""What the events of a run come to: turns, tokens, cost, time, and where it stands."""

from ..bus.event import Event
from ..events.model import ModelFailed, ModelReplied
from ..events.money import CostCounted
from ..events.run import RunFinished, RunResumed, RunSuspended
from ..events.turn import TurnStarted
from ..events.usage import NO_USAGE


class Totals:
    """A sum that begins with a run's first event, which was at ``began``, in seconds since the epoch."""

    def __init__(self, began: float) -> None:
        self._began = self._last = began
        self._turns = 0
        self._usage = NO_USAGE
        self._cost_usd: float | None = None
        self._unpriced = 0
        self._status = "unfinished"

    def add(self, event: Event) -> None:
        """Take the next event; most of them say nothing but what time it was."""
        self._last = event.at
        if isinstance(event, TurnStarted):
            self._turns = event.turn
        elif isinstance(event, ModelReplied | ModelFailed):
            self._usage = self._usage + event.usage
        elif isinstance(event, CostCounted):
            self._unpriced += event.cost_usd is None
            self._cost_usd = (self._cost_usd or 0.0) + (event.cost_usd or 0.0)
        elif isinstance(event, RunSuspended | RunResumed):
            self._status = "suspended" if isinstance(event, RunSuspended) else "unfinished"
        elif isinstance(event, RunFinished):
            self._status = event.status

    def words(self) -> str:
        """All of it in one line."""
        turns = "1 turn" if self._turns == 1 else f"{self._turns} turns"
        cost = "" if self._cost_usd is None else f", ${self._cost_usd:.4f}"
        unpriced = f" and what {self._unpriced} replies without a known price cost" if self._unpriced else ""
        figures = f"{turns}, {self._usage.total_tokens:,} tokens{cost}{unpriced}"
        return f"{self._status}: {figures}, {self._last - self._began:.1f} s"
