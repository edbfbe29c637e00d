"""A price is of an amount, a length of prompt and a time."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.catalogue import BadEntry, Price
from loopbus.events import Usage

MILLION = 1_000_000
LONG = Price(input_usd=2, output_usd=20, cached_usd=1)
TIERED = Price(input_usd=1, output_usd=10, above={500_000: Price(input_usd=4, output_usd=40), 200_000: LONG})


def at(moment: str) -> float:
    """Seconds since 1970."""
    return datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("tokens", "usd"), [(0, 0), (200_000, 0.2), (200_001, 0.400_002), (500_000, 1.0), (500_001, 2.000_004)]
)
def test_a_long_prompt_has_a_price_of_its_own_for_all_of_it(tokens: int, usd: float) -> None:
    """The dearer price is for every token of the reply, not for those beyond the limit; limits may be in any order."""
    assert TIERED.of(Usage(tokens, 0)) == pytest.approx(usd)


def test_a_long_prompt_makes_the_answer_dearer_too() -> None:
    """As providers have it: one threshold, on what they read, for both."""
    assert TIERED.of(Usage(300_000, MILLION, cached_tokens=300_000)) == pytest.approx(0.3 + 20)


@given(st.integers(0, MILLION), st.integers(0, MILLION))
def test_a_longer_prompt_is_never_cheaper_where_prices_rise(shorter: int, longer: int) -> None:
    """Tiers are found whatever the counts."""
    shorter, longer = sorted((shorter, longer))
    assert TIERED.of(Usage(shorter, 10)) <= TIERED.of(Usage(longer, 10))


def test_a_reply_may_have_a_price_beside_its_tokens() -> None:
    """Paid once, also for an empty one."""
    assert Price(input_usd=1, output_usd=1, request_usd=0.005).of(Usage()) == 0.005


@pytest.mark.parametrize(
    ("moment", "holds"), [("2026-06-30T23:59:59", False), ("2026-07-01T00:00:00", True), ("2027-01-01", True)]
)
def test_a_price_begins_on_a_day_in_utc(moment: str, *, holds: bool) -> None:
    """At midnight; a price without a day has always been."""
    assert Price(input_usd=1, output_usd=1, valid_from=date(2026, 7, 1)).holds(at(moment)) is holds
    assert Price(input_usd=1, output_usd=1).holds(at(moment))


@pytest.mark.parametrize(
    ("hours", "clock", "holds"),
    [
        ((time(1), time(4)), "01:00", True),
        ((time(1), time(4)), "04:00", False),
        ((time(1), time(4)), "00:59", False),
        ((time(23), time(5)), "23:00", True),
        ((time(23), time(5)), "04:59", True),
        ((time(23), time(5)), "05:00", False),
        ((time(23), time(5)), "12:00", False),
    ],
)
def test_a_price_may_hold_for_some_hours_of_each_day(hours: tuple[time, time], clock: str, *, holds: bool) -> None:
    """Over midnight too."""
    assert Price(input_usd=1, output_usd=1, hours=hours).holds(at(f"2026-07-01T{clock}")) is holds


def test_a_day_and_hours_must_both_be_reached() -> None:
    """A cheap night that begins in July is not one in June."""
    price = Price(input_usd=1, output_usd=1, valid_from=date(2026, 7, 1), hours=(time(1), time(4)))
    assert [price.holds(at(moment)) for moment in ("2026-06-30T02:00", "2026-07-01T02:00", "2026-07-01T05:00")] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "inner", [{"valid_from": date(2026, 1, 1)}, {"hours": (time(1), time(2))}, {"above": {1: LONG}}]
)
def test_a_part_of_a_price_has_amounts_only(inner: dict[str, Any]) -> None:
    """When it holds is said outside, where it is looked at."""
    with pytest.raises(BadEntry, match="above"):
        Price(input_usd=1, output_usd=1, above={10: Price(input_usd=1, output_usd=1, **inner)})


def test_what_a_reply_costs_beside_its_tokens_is_no_negative_amount_either() -> None:
    """The error names the field."""
    with pytest.raises(BadEntry, match="request_usd"):
        Price(input_usd=1, output_usd=1, request_usd=-0.1)
