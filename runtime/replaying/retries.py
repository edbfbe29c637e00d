"""Decides about retries as a recorded run did, where chance or other runs had a say in it."""

from dataclasses import replace

from ...bus.event import Event
from ...events.model import ModelFailed
from ...events.recovery import RetryScheduled
from ...events.tries import Tries
from ...handlers.retry import RetryPolicy
from ...handlers.retrying import Both, Either, Retry, Retrying


class RecordedRetries:
    """A retry policy whose chances are those of a log: it retries where the log does, if the policy allows that.

    How long is waited is the log's word. Where the log has no retry, the policy must have had a reason: it did not want
    to, its random wait may have been too long, or a budget that is shared with other runs may have been empty.
    """

    def __init__(self, policy: Retrying) -> None:
        self._soonest = _with_chance(policy, 0.0)
        self._latest = _with_chance(policy, 1.0)
        self.recorded: Event | None = None
        """What the log has behind the failure."""

    def plan(self, failed: ModelFailed, tries: Tries) -> Retry | None:
        """See ``Retrying``. Nothing is taken out of a budget."""
        if isinstance(self.recorded, RetryScheduled):
            wanted = self._soonest.plan(failed, tries)
            return None if wanted is None else Retry(self.recorded.delay_s)
        wanted = self._latest.plan(failed, tries)
        return None if wanted is None or wanted.budgets else wanted


def _with_chance(policy: Retrying, chance: float) -> Retrying:
    """The same policy, with a die that always falls one way; one of the caller's own is as it is."""
    match policy:
        case RetryPolicy():
            return replace(policy, random=lambda: chance)
        case Both() | Either():
            return type(policy)(_with_chance(policy.one, chance), _with_chance(policy.other, chance))
        case _:
            return policy
