"""What was tried to get an answer out of a model: the part of a run's state that tells how to go on after a failure."""

from dataclasses import dataclass

from .model import ModelFailed
from .recovery import ContextCompacted, FallbackChosen, RetryScheduled


@dataclass(slots=True)
class Tries:
    """The failures of the turn that failed last, and the retries of the whole run.

    What counts for one turn begins anew with the first failure of another, so a turn without one costs nothing here.
    """

    turn: int = 0
    """The turn that all but ``retries`` is about."""
    failures: int = 0
    """How often the model that is asked now has failed in it."""
    waited_s: float = 0.0
    """How long its retries have waited together."""
    fallbacks: int = 0
    """How many further models were asked in it."""
    compacted: bool = False
    """Whether the conversation was made shorter in it."""
    retries: int = 0
    """Retries of the whole run."""

    def failed(self, event: ModelFailed) -> None:
        """The model gave no whole reply."""
        if event.turn != self.turn:
            self.turn, self.failures, self.waited_s = event.turn, 0, 0.0
            self.fallbacks, self.compacted = 0, False
        self.failures += 1

    def retried(self, event: RetryScheduled) -> None:
        """It is asked once more."""
        self.retries += 1
        self.waited_s += event.delay_s

    def fell_back(self, _: FallbackChosen) -> None:
        """Another one is asked, which has not failed yet."""
        self.failures, self.waited_s = 0, 0.0
        self.fallbacks += 1

    def shortened(self, _: ContextCompacted) -> None:
        """It is asked something shorter: a new request, whose failures are counted anew."""
        self.failures = 0
        self.compacted = True
