"""Which failures are worth another attempt, and when."""

import pytest

from loopbus.backends.embeddings import Retries
from loopbus.backends.errors import BackendError, Broken, Busy, Misunderstood, Refused

RETRIES = Retries(attempts=10, first_s=1, longest_s=8, random=lambda: 1.0)


def test_waits_double_up_to_the_longest() -> None:
    """And chance takes up to half of each away, so that not everyone comes back at the same moment."""
    assert [RETRIES.delay_s(Broken("gone"), attempt) for attempt in range(1, 6)] == [1, 2, 4, 8, 8]
    early = Retries(attempts=10, first_s=1, longest_s=8, random=lambda: 0.0)
    assert early.delay_s(Broken("gone"), 3) == 2


@pytest.mark.parametrize("error", [Refused("no"), Misunderstood("what")])
def test_what_would_fail_again_is_not_sent_again(error: BackendError) -> None:
    """However many attempts there are."""
    assert RETRIES.delay_s(error, 1) is None


def test_a_providers_wish_is_kept_or_not_waited_for() -> None:
    """It is never shortened: that would only be refused again."""
    assert RETRIES.delay_s(Busy("slow", retry_after_s=7.5), 1) == 7.5
    assert RETRIES.delay_s(Busy("slow", retry_after_s=0), 1) == 0
    assert RETRIES.delay_s(Busy("slow", retry_after_s=9), 1) is None


def test_the_first_attempt_counts() -> None:
    """So one attempt is no retry."""
    assert Retries(attempts=1).delay_s(Broken("gone"), 1) is None
    assert Retries(attempts=2).delay_s(Broken("gone"), 1) is not None
    assert Retries(attempts=2).delay_s(Broken("gone"), 2) is None
