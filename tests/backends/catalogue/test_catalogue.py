"""What a user's table says goes before the source, field by field; what nobody knows is said to be unknown."""

import sys
from datetime import UTC, date, datetime
from typing import Any

import pytest

from loopbus.backends import NotConfigured
from loopbus.backends.catalogue import BadEntry, Catalogue, ModelInfo, Price

from .listing import Listing

ONE = Price(input_usd=1, output_usd=1)
FROM_JULY = Price(input_usd=7, output_usd=7, valid_from=date(2026, 7, 1))
JUNE, JULY = (datetime(2026, month, 1, 12, tzinfo=UTC).timestamp() for month in (6, 7))


def paid(catalogue: Catalogue, model: str, at: float | None = None) -> float | None:
    """What a million tokens of prompt cost."""
    price, _ = catalogue.quote(model, at)
    return None if price is None else price.input_usd


@pytest.mark.parametrize("table", ["acme:large", ONE, [ONE]])
def test_what_is_no_table_is_refused_where_it_is_written(table: Any) -> None:
    """With one that is."""
    with pytest.raises(BadEntry, match=r"is no table: write \{'openai:gpt-5.2': Price\(\.\.\.\)\}"):
        Catalogue(table)


def test_a_price_of_ones_own_goes_before_the_listed_one(listed: Listing) -> None:
    """A name or a pattern; the note says which it was."""
    catalogue = Catalogue({"openai:gpt-5.2": ONE})
    assert catalogue.quote("openai:gpt-5.2") == (
        catalogue.find("openai:gpt-5.2").prices[-1],
        "price of 'openai:gpt-5.2'",
    )
    assert paid(Catalogue({"openai:*": ONE}), "openai:gpt-5.2-2025-12-11") == 1
    assert paid(Catalogue(), "openai:gpt-5.2") == 2


def test_a_price_of_ones_own_counts_from_its_date(listed: Listing) -> None:
    """Before it, what is listed does."""
    catalogue = Catalogue({"openai:gpt-5.2": FROM_JULY})
    assert (paid(catalogue, "openai:gpt-5.2", JUNE), paid(catalogue, "openai:gpt-5.2", JULY)) == (2, 7)
    assert catalogue.find("openai:gpt-5.2").price_at(JUNE) == Catalogue().quote("openai:gpt-5.2").price


def test_without_a_moment_the_price_is_todays(listed: Listing) -> None:
    """The fall of a price that is long past is over."""
    past = Price(input_usd=0.5, output_usd=1, valid_from=date(2020, 1, 1))
    future = Price(input_usd=9, output_usd=9, valid_from=date(9999, 1, 1))
    assert paid(Catalogue({"a:b": [ONE, past, future]}), "a:b") == 0.5


def test_what_an_entry_does_not_say_is_looked_up(listed: Listing) -> None:
    """A window of one's own keeps the listed price, and a price the listed window."""
    narrow = Catalogue({"openai:gpt-5.2": ModelInfo(context_window=8_192, tools=False)}).find("openai:gpt-5.2")
    assert (narrow.context_window, narrow.tools, narrow.structured_output, narrow.title) == (
        8192,
        False,
        True,
        "GPT 5.2",
    )
    assert narrow.price_at(JUNE) is not None
    cheap = Catalogue({"openai:gpt-5.2": ONE}).find("openai:gpt-5.2")
    assert (cheap.context_window, cheap.name) == (400_000, "openai:gpt-5.2")


def test_a_model_that_nobody_has_heard_of_has_a_name_and_no_price(listed: Listing) -> None:
    """It is no error: unknown models work. The note names it and says what to do."""
    assert Catalogue().find("acme:large") == ModelInfo(name="acme:large")
    price, note = Catalogue().quote("acme:large")
    assert price is None
    assert "'acme:large'" in note
    assert "Catalogue(prices)" in note
    assert "which model" in Catalogue().quote("").note


def test_what_its_family_can_do_is_known_of_a_model_without_a_listing(listed: Listing) -> None:
    """A deployment of one's own is named as one likes, but often after its model."""
    assert Catalogue().find("azure:gpt-5-for-us").tools is True


def test_a_catalogue_without_a_source_is_the_table_alone() -> None:
    """It needs no extra."""
    catalogue = Catalogue({"acme:large": ONE}, source=None)
    catalogue.load()
    assert (paid(catalogue, "acme:large"), paid(catalogue, "openai:gpt-5.2")) == (1, None)
    assert [info.name for info in catalogue.models("acme")] == ["acme:large"]


def test_ones_own_machine_is_free_unless_the_table_says_otherwise() -> None:
    """Local and scripted models."""
    assert paid(Catalogue(), "local:smollm2") == 0
    assert paid(Catalogue({"local*": ONE}), "local") == 1


def test_a_provider_lists_its_own_models_and_the_tables(listed: Listing) -> None:
    """By name, each once, with what the table says of it."""
    models = Catalogue({"openai:zzz": ONE, "openai:gpt-5.2": ONE, "openai:*": FROM_JULY}).models("openai")
    names = [info.name for info in models]
    assert names == sorted(set(names))
    assert {"openai:zzz", "openai:gpt-5.2", "openai:o3"} <= set(names)
    priced = {info.name: info.price_at(JULY) for info in models}
    assert [price.input_usd for name in ("openai:zzz", "openai:gpt-5.2", "openai:o3") if (price := priced[name])] == [
        1,
        1,
        7,
    ]


def test_the_extra_is_needed_for_what_the_table_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it knows is answered without."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    monkeypatch.delitem(sys.modules, "genai_prices.data_snapshot", raising=False)
    catalogue = Catalogue({"acme:large": ONE})
    assert paid(catalogue, "acme:large") == 1
    for ask in (lambda: catalogue.quote("openai:gpt-5.2"), catalogue.load, lambda: catalogue.models("openai")):
        with pytest.raises(NotConfigured, match=r"loopbus\[prices\]"):
            ask()
