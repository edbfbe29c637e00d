"""What was tried for one answer is counted for each turn anew; the retries of a run are counted together."""

from loopbus.events import ContextCompacted, FallbackChosen, Fault, ModelFailed, RetryScheduled
from loopbus.events.tries import Tries

FAULT = Fault("Busy", "full")


def test_a_turn_counts_the_failures_of_the_model_that_is_asked_now() -> None:
    """Another model, or another conversation, begins at nothing."""
    tries = Tries()
    tries.failed(ModelFailed(turn=1, error=FAULT))
    tries.retried(RetryScheduled(turn=1, model="m", attempt=2, delay_s=1.5))
    tries.failed(ModelFailed(turn=1, error=FAULT))
    assert (tries.turn, tries.failures, tries.waited_s, tries.retries) == (1, 2, 1.5, 1)
    tries.fell_back(FallbackChosen(turn=1, failed="m", model="n"))
    assert (tries.failures, tries.waited_s, tries.fallbacks) == (0, 0.0, 1)
    tries.failed(ModelFailed(turn=1, error=FAULT))
    tries.shortened(ContextCompacted(turn=1, model="n", messages=1, first=1))
    assert (tries.failures, tries.fallbacks, tries.compacted) == (0, 1, True)


def test_another_turn_begins_anew_but_for_the_retries_of_the_run() -> None:
    """They have one bound together."""
    tries = Tries(turn=1, failures=2, waited_s=3.0, fallbacks=1, compacted=True, retries=4)
    tries.failed(ModelFailed(turn=2, error=FAULT))
    assert tries == Tries(turn=2, failures=1, retries=4)
