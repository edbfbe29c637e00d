"""A run that has cost much goes on with a cheaper model, and says so once."""

from typing import Any

import pytest

from loopbus.backends import Busy, Scripted, call, reply
from loopbus.bus import BadOption
from loopbus.events import BudgetExceeded, Event, ModelRequested, Usage
from loopbus.handlers.observers import CostLedger, Price
from loopbus.handlers.policies import Downgrade
from loopbus.handlers.retry import RetryPolicy
from loopbus.runtime import Agent, Run

from ...faults.house import House, add, house

PRICES = {"dear": Price(input_usd=1e6, output_usd=0), "cheap": Price(input_usd=0, output_usd=0)}


def attach(tested: House, *subscribers: object) -> None:
    """Subscribe, behind what the house itself watches."""
    for subscriber in subscribers:
        tested.runtime.subscribe(subscriber)


def turn() -> Any:
    """A turn that costs a dollar."""
    return reply(call("add", a=1, b=2), usage=Usage(input_tokens=1))


async def run_of(tested: House, *dear: Any, cheap: tuple[Any, ...] = (), **options: Any) -> Run[Any]:
    """A run of a dear model with a cheap one beside it."""
    model = Scripted([*dear], model="dear")
    agent = Agent(model, fallback=[Scripted([*cheap], model="cheap")], tools=[add], **options)
    run = await tested.start(agent)
    assert (await run.result()).output == "done"
    return run


def of(run: Run[Any], kind: type[Event]) -> list[Any]:
    """The events of a kind."""
    return [event for event in run.log if isinstance(event, kind)]


async def test_turns_after_the_limit_are_the_cheaper_models() -> None:
    """The reply that crosses it is paid in full; what is said of it names the sum."""
    async with house() as tested:
        attach(tested, CostLedger(PRICES), Downgrade("cheap", after_usd=2))
        run = await run_of(tested, turn(), turn(), cheap=(turn(), "done"))
    assert [event.model for event in of(run, ModelRequested)] == ["dear", "dear", "cheap", "cheap"]
    (exceeded,) = of(run, BudgetExceeded)
    assert (exceeded.limit_usd, exceeded.spent_usd, exceeded.model) == (2, 2.0, "cheap")
    assert exceeded.cause == of(run, ModelRequested)[2].seq


async def test_below_the_limit_and_without_a_ledger_nothing_is_changed() -> None:
    """A price that is not known is no reason either."""
    async with house() as tested:
        attach(tested, CostLedger(PRICES), Downgrade("cheap", after_usd=5))
        run = await run_of(tested, turn(), "done")
    assert {event.model for event in of(run, ModelRequested)} == {"dear"}
    async with house() as tested:
        attach(tested, Downgrade("cheap", after_usd=0.01))
        run = await run_of(tested, turn(), "done")
    assert of(run, BudgetExceeded) == []


async def test_a_turn_whose_model_has_failed_keeps_what_was_decided_for_it() -> None:
    """A fallback from the cheap model is not sent back to it."""
    async with house() as tested:
        attach(tested, CostLedger(PRICES), Downgrade("cheap", after_usd=1))
        retry = RetryPolicy(attempts=2, first_s=0)
        dear = Scripted([turn(), "never"], model="dear")
        cheap, other = Scripted([Busy("1"), Busy("2")], model="cheap"), Scripted(["done"], model="other")
        run = await tested.start(Agent(dear, fallback=[other, cheap], tools=[add], retry=retry))
        assert (await run.result()).output == "done"
    assert [event.model for event in of(run, ModelRequested)] == ["dear", "cheap", "cheap", "other"]


def test_a_limit_is_above_nothing() -> None:
    """Zero would be another model from the start."""
    with pytest.raises(BadOption, match="after_usd"):
        Downgrade("cheap", after_usd=0)


def test_the_other_model_is_a_name() -> None:
    """A Backend object goes to the agent's fallback, and its name here."""
    with pytest.raises(BadOption, match=r"to=.* must be a text"):
        Downgrade(Scripted(["hi"]), after_usd=1)  # pyright: ignore[reportArgumentType] - what the test is about
