"""A user's own table goes by whole names, then by patterns, and is checked when it is written."""

from datetime import date, time
from typing import Any

import pytest

from loopbus.backends.catalogue import BadEntry, ModelInfo, Price
from loopbus.backends.catalogue.table import Table

ONE = Price(input_usd=1, output_usd=1)
TWO = Price(input_usd=2, output_usd=2, valid_from=date(2026, 7, 1))
THREE = Price(input_usd=3, output_usd=3, valid_from=date(2026, 9, 1))
NIGHT = Price(input_usd=4, output_usd=4, hours=(time(1), time(4)))


def found(table: Table, model: str) -> ModelInfo:
    """The entry, which is there."""
    info = table.find(model)
    assert info is not None
    return info


def test_a_whole_name_goes_before_a_pattern_and_the_first_pattern_before_others() -> None:
    """Wherever it stands in the table."""
    table = Table({"acme:*": ONE, "acme:l*": TWO, "acme:large": THREE})
    assert found(table, "acme:large").prices[0].input_usd == 3
    assert found(table, "acme:little").prices[0].input_usd == 1
    assert table.find("other:large") is None


def test_a_price_says_which_entry_it_is_of() -> None:
    """Unless it has a source of its own."""
    named = Price(input_usd=1, output_usd=1, source="our contract")
    assert [price.source for price in found(Table({"a:*": [ONE, named]}), "a:b").prices] == ["'a:*'", "our contract"]


def test_an_entry_may_say_other_things_than_prices() -> None:
    """A window alone is an entry."""
    info = found(Table({"a:b": ModelInfo(context_window=7)}), "a:b")
    assert (info.context_window, info.prices) == (7, ())


@pytest.mark.parametrize("entry", ["dear", 3, None, [ONE, "dear"], {"input_usd": 1}])
def test_what_is_no_entry_is_refused_where_it_is_written(entry: Any) -> None:
    """The error names the model and says what to write."""
    with pytest.raises(BadEntry, match=r"'acme:large'.*write a Price"):
        Table({"acme:large": entry})


@pytest.mark.parametrize("prices", [[THREE, TWO], [TWO, ONE], [ONE, THREE, TWO]])
def test_dates_that_go_back_are_refused(prices: list[Price]) -> None:
    """The last price that holds counts, so an older one behind a newer would hide it."""
    with pytest.raises(BadEntry, match="order of their dates"):
        Table({"acme:large": prices})


def test_hours_may_stand_behind_any_date() -> None:
    """They are no later than it and no earlier."""
    assert len(found(Table({"a:b": [ONE, TWO, NIGHT]}), "a:b").prices) == 3


def test_names_are_those_that_are_no_patterns() -> None:
    """A pattern is no model that could be listed."""
    table = Table({"a:b": ONE, "a:*": ONE, "a:c?": ONE, "a:[d]": ONE, "z:b": ONE})
    assert table.names("a:") == ["a:b"]
