"""When a failed request is repeated, and after how long, is for objects to say that can be joined."""

from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends import Broken, Busy, Incomplete, Refused
from loopbus.events import Fault, ModelFailed, Text
from loopbus.events.tries import Tries
from loopbus.handlers.errors import BadLimit
from loopbus.handlers.retry import ONCE, USUAL, RetryPolicy
from loopbus.handlers.retry_budget import PROCESS, RetryBudget, take_all
from loopbus.handlers.retrying import Retry

SECONDS = st.floats(0, 1e6, allow_nan=False)


def failed(error: Exception, *, partial: str = "") -> ModelFailed:
    """A failure as the log tells it."""
    return ModelFailed(turn=1, error=Fault.of(error), partial=(Text(partial),) if partial else ())


def tries(failures: int = 1, **more: Any) -> Tries:
    """A turn with so many failures."""
    return Tries(turn=1, failures=failures, **more)


@given(failures=st.integers(1, 90), first_s=SECONDS, factor=st.floats(1, 100), longest_s=SECONDS, luck=st.floats(0, 1))
def test_the_wait_is_anything_up_to_a_bound_that_grows_with_each_failure(
    failures: int, first_s: float, factor: float, longest_s: float, luck: float
) -> None:
    """Full jitter, between nothing and a power that ends at the longest wait."""
    policy = RetryPolicy(
        attempts=100, first_s=first_s, factor=factor, longest_s=longest_s, within_s=1e9, random=lambda: luck
    )
    retry = policy.plan(failed(Busy("full")), tries(failures))
    assert retry is not None
    assert retry.delay_s == min(longest_s, first_s * factor ** (failures - 1)) * luck


def test_however_often_it_failed_no_number_overflows() -> None:
    """The bound was reached long ago."""
    policy = RetryPolicy(attempts=10**9, factor=100, longest_s=8, random=lambda: 0.5)
    assert policy.plan(failed(Busy("full")), tries(10**8)) == Retry(4.0)


@given(wish_s=SECONDS, cap_s=SECONDS, luck=st.floats(0, 1))
def test_a_providers_wish_is_kept_to_or_nobody_waits(wish_s: float, cap_s: float, luck: float) -> None:
    """Never sooner than asked, a tenth later at most; what is longer than the cap is no retry at all."""
    policy = RetryPolicy(retry_after_s=cap_s, within_s=1e9, first_s=0, random=lambda: luck)
    retry = policy.plan(failed(Busy("full", retry_after_s=wish_s)), tries())
    assert (retry is None) == (wish_s > cap_s)
    assert retry is None or wish_s <= retry.delay_s <= wish_s * 1.1000001


@pytest.mark.parametrize(
    ("policy", "so_far", "wanted"),
    [
        (RetryPolicy(attempts=3), tries(2), True),
        (RetryPolicy(attempts=3), tries(3), False),
        (RetryPolicy(per_run=5), tries(retries=4), True),
        (RetryPolicy(per_run=5), tries(retries=5), False),
        (RetryPolicy(within_s=10, random=lambda: 1.0), tries(waited_s=9.5), True),
        (RetryPolicy(within_s=10, random=lambda: 1.0), tries(waited_s=9.6), False),
        (ONCE, tries(), False),
        (USUAL, tries(2), True),
    ],
)
def test_there_is_an_end_to_it(policy: RetryPolicy, so_far: Tries, wanted: bool) -> None:
    """Attempts of one request, retries of one run, and how long they wait together."""
    assert (policy.plan(failed(Busy("full")), so_far) is not None) is wanted


@pytest.mark.parametrize(
    ("on", "error", "wanted"),
    [
        ((), Busy("full"), True),
        ((), Refused("no"), False),
        ((Refused,), Refused("no"), False),
        ((Busy,), Busy("full"), True),
        ((Busy,), Broken("gone"), False),
        ((Broken,), Incomplete("cut"), True),
        ((Busy, Incomplete), Broken("gone"), False),
    ],
)
def test_a_policy_is_for_the_errors_that_it_names_and_their_kinds(
    on: tuple[Any, ...], error: Exception, wanted: bool
) -> None:
    """Of those that can be retried: that is for the class of the error to say."""
    assert (RetryPolicy(on=on).plan(failed(error), tries()) is not None) is wanted


@pytest.mark.parametrize("mid_stream", [True, False])
def test_what_was_told_in_part_is_repeated_only_where_that_is_wanted(mid_stream: bool) -> None:
    """Somebody may have read it."""
    retry = RetryPolicy(mid_stream=mid_stream).plan(failed(Broken("cut"), partial="Half"), tries())
    assert (retry is not None) is mid_stream


@pytest.mark.parametrize(
    "wrong",
    [{"attempts": 0}, {"first_s": -1}, {"factor": 0.5}, {"longest_s": inf}, {"factor": 101}, {"per_run": "many"}],
)
def test_a_number_that_cannot_be_is_refused_and_named(wrong: dict[str, Any]) -> None:
    """Where it is written, and not when the first request fails."""
    (name,) = wrong
    with pytest.raises(BadLimit, match=name):
        RetryPolicy(**wrong)


def test_a_budget_is_shared_and_fills_up_with_time() -> None:
    """So many at once, so many more with each second, never more than at first."""
    now = [0.0]
    budget = RetryBudget(burst=2, per_s=0.5, clock=lambda: now[0])
    assert [budget.take() for _ in range(3)] == [True, True, False]
    now[0] = 2.0
    assert [budget.take() for _ in range(2)] == [True, False]
    now[0] = 1e9
    assert budget.left == 2


def test_of_several_budgets_all_are_taken_from_or_none() -> None:
    """A retry that one of them forbids costs the others nothing; the same one twice is one."""
    empty, full = RetryBudget(burst=1, per_s=0), RetryBudget(burst=1, per_s=0)
    assert empty.take()
    assert not take_all((full, empty))
    assert full.left == 1
    assert take_all((full, full))
    assert full.left == 0
    assert take_all(())


@pytest.mark.parametrize("wrong", [{"burst": 0}, {"per_s": -1.0}, {"per_s": inf}])
def test_a_budget_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    """With what it may be."""
    with pytest.raises(BadLimit, match="RetryBudget"):
        RetryBudget(**wrong)


def test_models_that_are_asked_by_name_share_the_budget_of_the_process() -> None:
    """So a provider's bad hour is not made worse by everyone at once."""
    assert USUAL.budget is PROCESS


BAD_OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"on": Busy}, r"on=<class .*: give error classes of backends, such as on=\(Busy,\)"),
    ({"on": "Busy"}, "on='Busy'"),
    ({"on": (ValueError,)}, "on="),
    ({"on": (Busy("full"),)}, "on="),
    ({"budget": 3}, r"budget=3\): give RetryBudget\(...\), or None"),
]


@pytest.mark.parametrize(("wrong", "words"), BAD_OPTIONS)
def test_an_option_that_would_never_match_is_refused_where_it_is_written(wrong: dict[str, Any], words: str) -> None:
    """And not by a stage that fails, or a retry that is not made, on the day that the model fails."""
    with pytest.raises(BadLimit, match=words):
        RetryPolicy(**wrong)
