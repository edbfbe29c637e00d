"""Money is counted once, behind the reply that cost it."""

import math
import sys
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus import Agent, Runtime
from loopbus.backends import NotConfigured, Scripted, reply
from loopbus.backends.catalogue import BadEntry, Catalogue, ModelInfo
from loopbus.events import CostCounted, Event, Fault, ModelFailed, ModelReplied, Text, Usage
from loopbus.handlers.observers import FREE, CostLedger, Price, Total

from ..story import MODEL, replied, stamped

DEAR = Price(input_usd=2, output_usd=10, cached_usd=0.5, cache_write_usd=3, reasoning_usd=20)
MILLION = 1_000_000
PAIR = Usage(MILLION, MILLION)
COUNTS = st.integers(0, 10_000_000)


def counted(ledger: CostLedger, model: str = MODEL, usage: Usage = PAIR) -> CostCounted:
    """What a ledger says of one reply."""
    event = ModelReplied(turn=1, content=(Text("hi"),), stop="end", usage=usage, model=model)
    (event,) = stamped(event)
    assert isinstance(event, ModelReplied)
    said = ledger.count(event)
    assert said is not None
    return said


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(), 0),
        (Usage(MILLION, MILLION), 12),
        (Usage(MILLION, 0, cached_tokens=MILLION), 0.5),
        (Usage(2 * MILLION, 0, cached_tokens=MILLION // 2, cache_write_tokens=MILLION // 2), 2 + 0.25 + 1.5),
        (Usage(0, MILLION, reasoning_tokens=MILLION // 4), 7.5 + 5),
    ],
)
def test_each_kind_of_token_has_its_price(usage: Usage, usd: float) -> None:
    """Cached, written and reasoning tokens are part of the two sums and are not paid for twice."""
    assert DEAR.of(usage) == usd


def test_what_has_no_price_of_its_own_costs_what_its_kind_costs() -> None:
    """A table of two prices is enough."""
    usage = Usage(MILLION, MILLION, cached_tokens=100, cache_write_tokens=100, reasoning_tokens=100)
    assert Price(input_usd=1, output_usd=2).of(usage) == pytest.approx(3)


def test_a_price_of_zero_is_a_price() -> None:
    """It does not fall back to another one."""
    assert Price(input_usd=1, output_usd=1, cached_usd=0).of(Usage(MILLION, 0, cached_tokens=MILLION)) == 0


@given(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
def test_no_count_makes_a_cost_negative_or_inexact(
    input_tokens: int, output_tokens: int, cached: int, written: int, reasoning: int
) -> None:
    """A provider that counts strangely costs no negative money; a sensible count is right to a nano-dollar."""
    usd = DEAR.of(Usage(input_tokens, output_tokens, cached, written, reasoning))
    assert usd >= 0
    plain = max(input_tokens - cached - written, 0)
    halves = 4 * plain + cached + 6 * written + 20 * max(output_tokens - reasoning, 0) + 40 * reasoning
    assert math.isclose(usd, halves / 2 / MILLION, rel_tol=0, abs_tol=1e-9)


@pytest.mark.parametrize("price", [-1, float("nan"), float("inf")])
@pytest.mark.parametrize("field", ["input_usd", "output_usd", "reasoning_usd"])
def test_what_is_no_price_is_refused(field: str, price: float) -> None:
    """The error names the field."""
    prices: dict[str, Any] = {"input_usd": 1, "output_usd": 1, field: price}
    with pytest.raises(BadEntry, match=field):
        Price(**prices)


def test_a_whole_name_goes_before_a_pattern() -> None:
    """And of the patterns the first that fits; the note says which price it was."""
    ledger = CostLedger({"openai:*": DEAR, MODEL: Price(input_usd=1, output_usd=1), "*": DEAR})
    assert (counted(ledger).cost_usd, counted(ledger).note) == (2, f"price of {MODEL!r}")
    assert counted(ledger, "openai:other").note == "price of 'openai:*'"


@pytest.mark.parametrize("model", ["local", "local:smollm2", "scripted", "scripted-2"])
def test_what_runs_on_ones_own_machine_is_free(model: str) -> None:
    """Unless the table says otherwise."""
    assert counted(CostLedger(), model).cost_usd == 0
    assert counted(CostLedger({"local*": DEAR, "scripted*": DEAR}), model).cost_usd == 12


def test_an_unknown_price_is_said_and_counted_as_unknown() -> None:
    """It is no zero: the note names the model and what to do."""
    ledger = CostLedger({"ollama:*": FREE["local*"]})
    said = counted(ledger)
    assert said.cost_usd is None
    assert MODEL in said.note
    assert "CostLedger(prices)" in said.note
    assert "which model" in counted(ledger, "").note
    assert ledger.total == Total(2, Usage(2 * MILLION, 2 * MILLION), 0.0, unpriced=2)


JULY = datetime(2026, 7, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(("moment", "usd"), [(JULY - 1, 2), (JULY, 20)])
def test_the_price_is_the_one_of_the_moment_of_the_reply(moment: float, usd: float) -> None:
    """Not that of the moment when it is counted, which for a resumed run may be later."""
    dearer = Price(input_usd=10, output_usd=10, valid_from=date(2026, 7, 1))
    ledger = CostLedger({MODEL: [Price(input_usd=1, output_usd=1), dearer]})
    said = ledger.count(ModelReplied(turn=1, content=(), stop="end", usage=PAIR, model=MODEL, at=moment))
    assert said is not None
    assert said.cost_usd == usd


class Known:
    """A source that knows one model, and whether it was told to load."""

    loaded = False

    def load(self) -> None:
        self.loaded = True

    def find(self, model: str) -> ModelInfo | None:
        listed = Price(input_usd=3, output_usd=4, source="a list")
        return ModelInfo(name=model, prices=(listed,), remark="; audio counted as text") if model == MODEL else None

    def models(self, provider: str) -> list[ModelInfo]:
        return []


def test_a_ledger_takes_a_whole_catalogue() -> None:
    """Which is loaded at once, not while the first run waits; the note says whose price it was."""
    source = Known()
    ledger = CostLedger(Catalogue({"acme:large": DEAR}, source=source))
    assert source.loaded
    assert (counted(ledger).cost_usd, counted(ledger).note) == (7, "price of a list; audio counted as text")
    assert counted(ledger, "acme:large").cost_usd == 12
    assert counted(ledger, "acme:small").cost_usd is None


def test_a_catalogue_without_its_extra_is_refused_where_the_ledger_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by the first reply; a table alone needs no extra."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    monkeypatch.delitem(sys.modules, "genai_prices.data_snapshot", raising=False)
    with pytest.raises(NotConfigured, match=r"loopbus\[prices\]"):
        CostLedger(Catalogue())
    assert counted(CostLedger({MODEL: DEAR})).cost_usd == 12


def test_a_failed_reply_that_used_tokens_costs_what_they_cost() -> None:
    """One that used none is no cost at all."""
    ledger = CostLedger({MODEL: DEAR})
    fault = Fault("Broken", "cut")
    paid, free = stamped(
        ModelFailed(turn=1, error=fault, usage=Usage(MILLION, 0), model=MODEL),
        ModelFailed(turn=1, error=fault, model=MODEL),
    )
    assert isinstance(paid, ModelFailed)
    assert isinstance(free, ModelFailed)
    said = ledger.count(paid)
    assert said is not None
    assert said.cost_usd == 2
    assert ledger.count(free) is None
    assert ledger.total.replies == 1


def test_totals_are_kept_by_model_and_by_run() -> None:
    """Each sums what was counted; a run that is not known came to nothing."""
    ledger = CostLedger({MODEL: DEAR})
    for run_id in ("a-1", "a-1", "a-2"):
        (event,) = stamped(replied(Text("hi"), usage=Usage(MILLION, 0)), run_id=run_id)
        assert isinstance(event, ModelReplied)
        ledger.count(event)
    assert ledger.run("a-1") == Total(2, Usage(2 * MILLION, 0), 4.0)
    assert ledger.models == {MODEL: Total(3, Usage(3 * MILLION, 0), 6.0)} == {MODEL: ledger.total}
    assert ledger.run("a-3") == Total()


def test_the_runs_that_are_kept_are_bounded() -> None:
    """The oldest is forgotten, the sum is not."""
    ledger = CostLedger(keep_runs=2)
    for number in range(5):
        (event,) = stamped(replied(Text("hi")), run_id=f"a-{number}")
        assert isinstance(event, ModelReplied)
        ledger.count(event)
    assert [ledger.run(f"a-{number}").replies for number in range(5)] == [0, 0, 0, 1, 1]
    assert ledger.total.replies == 5


def test_a_run_that_goes_on_is_not_forgotten_for_its_age() -> None:
    """Its total would begin at nothing again."""
    ledger = CostLedger(keep_runs=2)
    for run_id in ("long", "a", "long", "b", "long"):
        (event,) = stamped(replied(Text("hi")), run_id=run_id)
        assert isinstance(event, ModelReplied)
        ledger.count(event)
    assert (ledger.run("long").replies, ledger.run("a").replies) == (3, 0)


async def test_the_cost_is_in_the_log_right_behind_its_reply_and_in_the_result() -> None:
    """Caused by it, so that the log is the ledger."""
    ledger = CostLedger({"paid": DEAR})
    model = Scripted([reply("hi", usage=Usage(MILLION, 0))], model="paid")
    async with Runtime(subscribers=[ledger]) as runtime:
        run = await runtime.start(Agent(model), "hello")
        result = await run.result()
        log: tuple[Event, ...] = run.log
    (place,) = [place for place, event in enumerate(log) if isinstance(event, CostCounted)]
    assert isinstance(log[place - 1], ModelReplied)
    assert log[place].cause == log[place - 1].seq
    assert result.cost_usd == 2 == ledger.run(run.id).cost_usd


async def test_without_a_price_the_result_does_not_pretend_to_know_the_cost() -> None:
    """One unknown reply makes the sum unknown."""
    async with Runtime(subscribers=[CostLedger()]) as runtime:
        result = await runtime.run(Agent(Scripted(["hi"], model="acme:large")), "hello")
    assert result.cost_usd is None
