"""A deriver makes of an event another durable one, which stands right behind it in the log."""

from typing import Any

import pytest

from loopbus.backends import call, text
from loopbus.bus import Recorder, SubscriberFailed
from loopbus.events import CostCounted, Custom, Event, ModelReplied, RunFinished, ToolFinished, ToolStarted
from loopbus.runtime import Agent, Run

from ..faults.house import CANARY_LOG, add, agent, house


class Counted(Custom, name="tests.derive.counted"):
    """How long a result is. Derived from every ``ToolFinished``."""

    characters: int


class Doubled(Custom, name="tests.derive.doubled"):
    """Twice that. Derived from every ``Counted``."""

    characters: int


def adder() -> Agent:
    """An agent that adds once."""
    return agent(call("add", a=17, b=25), text("done"), tools=[add])


def counted(event: ToolFinished) -> Counted:
    """How long a result is."""
    return Counted(characters=len(event.output))


def doubled(event: Counted) -> Doubled:
    """Twice as long."""
    return Doubled(characters=2 * event.characters)


def nothing(_: Event) -> None:
    """Nothing to say."""


def forged(_: Event) -> ToolStarted:
    """A call that nobody made."""
    return ToolStarted(call_id="x", name="rm")


def too_late(_: Event) -> Counted:
    """A word behind the end."""
    return Counted(characters=0)


def priced(event: ModelReplied) -> CostCounted:
    """A price for every reply."""
    return CostCounted(model=event.model, usage=event.usage, cost_usd=0.25)


def behind(run: Run, kind: type[Event]) -> Any:
    """The one event of a kind, which is caused by the event before it."""
    (event,) = [event for event in run.log if isinstance(event, kind)]
    assert event.cause == event.seq - 1
    return event


async def test_what_is_derived_stands_right_behind_its_cause() -> None:
    """Before anything that a stage causes; everyone hears it like any other event."""
    recorder = Recorder()
    async with house(subscribers=[recorder]) as tested:
        tested.runtime.derive(ToolFinished)(counted)
        run = await tested.start(adder())
        await run.result()
        heard = await recorder.expect(Counted)
    derived = behind(run, Counted)
    assert (derived.characters, heard) == (2, derived)
    assert isinstance(run.log[derived.seq - 2], ToolFinished)


async def test_of_what_is_derived_more_may_be_derived() -> None:
    """Each behind its own cause."""
    async with house() as tested:
        tested.runtime.derive(ToolFinished)(counted)
        tested.runtime.derive(Counted)(doubled)
        run = await tested.start(adder())
        await run.result()
    assert behind(run, Doubled).characters == 4
    assert behind(run, Doubled).cause == behind(run, Counted).seq


async def test_a_deriver_hears_what_it_selects_and_may_have_nothing_to_say() -> None:
    """``None`` is nothing; an event whose condition does not hold is not even shown."""
    shown: list[ToolFinished] = []
    async with house() as tested:
        tested.runtime.derive(ToolFinished.where(name="add", outcome="error"))(shown.append)
        tested.runtime.derive(ToolFinished.where(name="add", outcome="ok"))(nothing)
        run = await tested.start(adder())
        await run.result()
    assert shown == []
    assert [type(event).__name__ for event in run.log] == CANARY_LOG


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)], ids=repr)
async def test_a_deriver_that_raises_is_named_once_and_hurts_nobody(error: BaseException) -> None:
    """It is called in line, in the run's own task, and still the run goes on."""
    recorder = Recorder()

    def broken(_: Event) -> Event:
        raise error

    async with house(subscribers=[recorder]) as tested:
        tested.runtime.derive(ToolFinished, name="the deriver")(broken)
        assert (await tested.outcome(adder())).output == "done"
        await recorder.expect(SubscriberFailed)
    (failed,) = recorder.of(SubscriberFailed)
    assert (failed.subscriber, failed.heard) == ("the deriver", "ToolFinished")
    assert type(error).__name__ in failed.error


async def test_a_deriver_cannot_break_the_order_of_a_run() -> None:
    """What may not follow is refused, and the log is as it would be without."""
    recorder = Recorder()
    async with house(subscribers=[recorder]) as tested:
        tested.runtime.derive(ModelReplied, name="forger")(forged)
        run = await tested.start(adder())
        await run.result()
        failed = await recorder.expect(SubscriberFailed)
    assert "ToolStarted cannot happen while a run is routing" in failed.error
    assert [type(event).__name__ for event in run.log] == CANARY_LOG


async def test_nothing_is_derived_behind_the_end() -> None:
    """The terminal event is the last one, whatever somebody would like to add."""
    recorder = Recorder()
    async with house(subscribers=[recorder]) as tested:
        tested.runtime.derive(RunFinished, name="too late")(too_late)
        run = await tested.start(adder())
        await run.result()
        assert (await recorder.expect(SubscriberFailed)).subscriber == "too late"
    assert isinstance(run.log[-1], RunFinished)


async def test_what_is_derived_counts_in_the_state() -> None:
    """A ledger is a deriver: its costs are the run's, and a fold of the log tells them again."""
    async with house() as tested:
        tested.runtime.derive(ModelReplied)(priced)
        assert (await tested.outcome(adder())).cost_usd == 0.5
