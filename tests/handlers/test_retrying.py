"""Policies are joined: both must agree, or the first that wants to decides."""

from dataclasses import dataclass
from typing import Any

import pytest

from loopbus.backends import Busy
from loopbus.events import Fault, ModelFailed
from loopbus.events.tries import Tries
from loopbus.handlers.retry import RetryPolicy
from loopbus.handlers.retry_budget import RetryBudget
from loopbus.handlers.retrying import Joins, Retry, Retrying

FAILED = ModelFailed(turn=1, error=Fault.of(Busy("full")))
TRIES = Tries(turn=1, failures=1)
SHARED, OWN = RetryBudget(), RetryBudget()
SOON, LATE = Retry(1.0, (SHARED,)), Retry(2.0, (OWN,))


@dataclass(frozen=True)
class Wish(Joins):
    """Wants always the same."""

    retry: Retry | None = None

    def plan(self, failed: ModelFailed, tries: Tries) -> Retry | None:
        """See ``Retrying``."""
        return self.retry


def test_two_that_must_agree_wait_the_longer_time_out_of_both_budgets() -> None:
    """If either does not want to, nothing is repeated."""
    assert (Wish(SOON) & Wish(LATE)).plan(FAILED, TRIES) == Retry(2.0, (SHARED, OWN))
    assert (Wish(SOON) & Wish()).plan(FAILED, TRIES) is None
    assert (Wish() & Wish(SOON)).plan(FAILED, TRIES) is None


def test_of_alternatives_the_first_that_wants_to_decides() -> None:
    """So each kind of error may have its own patience."""
    assert (Wish(LATE) | Wish(SOON)).plan(FAILED, TRIES) == LATE
    assert (Wish() | Wish(SOON)).plan(FAILED, TRIES) == SOON
    assert (Wish() | Wish()).plan(FAILED, TRIES) is None


def test_what_is_joined_can_be_joined_further() -> None:
    """Also to the policy that everybody has."""
    joined = Wish(SOON) & RetryPolicy(random=lambda: 1.0, first_s=3) | Wish(LATE)
    assert isinstance(joined, Retrying)
    assert joined.plan(FAILED, TRIES) == Retry(3.0, (SHARED,))


@pytest.mark.parametrize("other", [3, None, RetryPolicy])
def test_a_policy_is_joined_to_policies_only(other: Any) -> None:
    """As with any operator of Python's that does not know what stands beside it."""
    with pytest.raises(TypeError, match="unsupported operand"):
        _ = RetryPolicy() | other
    with pytest.raises(TypeError, match="unsupported operand"):
        _ = RetryPolicy() & other
