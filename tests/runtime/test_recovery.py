"""A model that does not answer is asked again, or another one is; the log tells all of it and history one answer."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from loopbus.backends import (
    Broken,
    Busy,
    ContextOverflow,
    Delta,
    Misunderstood,
    NotConfigured,
    Refused,
    Request,
    Scripted,
    call,
    fail,
    text,
)
from loopbus.backends.contract import TextPiece, UsagePiece
from loopbus.bus import Veto
from loopbus.events import (
    ContextCompacted,
    CostCounted,
    Event,
    FallbackChosen,
    ModelFailed,
    ModelRequested,
    RetryScheduled,
    StreamRestarted,
    TextDelta,
    ToolStarted,
    Usage,
    user,
)
from loopbus.handlers.compaction import KeepLatest
from loopbus.handlers.errors import NameTwice
from loopbus.handlers.observers import CostLedger, Price
from loopbus.handlers.retry import RetryPolicy
from loopbus.handlers.timeouts import ReplyTimeouts
from loopbus.runtime import Agent, Run, RunFailed, Runtime

from ..bus.clock import Clock, turns
from ..faults.house import add, house
from ..faults.misbehaving import Fake

AT_ONCE = RetryPolicy(first_s=0, retry_after_s=3600)
"""Retries three times without waiting."""


def names(run: Run[Any], *left_out: type[Event]) -> list[str]:
    """The log in words."""
    return [type(event).__name__ for event in run.log if not isinstance(event, left_out)]


def of(run: Run[Any], kind: type[Event]) -> list[Any]:
    """The events of a kind."""
    return [event for event in run.log if isinstance(event, kind)]


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The loop's time, put forward by hand."""
    return Clock(monkeypatch)


async def test_a_model_that_is_overloaded_is_asked_again() -> None:
    """The failure, the decision and the next request follow each other in the log, each caused by the one before."""
    async with house() as tested:
        model = Scripted([fail(Busy("full")), fail(Broken("cut")), text("42")])
        run = await tested.start(Agent(model, retry=AT_ONCE))
        assert (await run.result()).output == "42"
    again = ["ModelRequested", "ModelFailed", "RetryScheduled"]
    assert names(run)[2:-2] == [*again, *again, "ModelRequested", "ModelReplied"]
    assert [(each.attempt, each.model) for each in of(run, RetryScheduled)] == [(2, "scripted"), (3, "scripted")]
    assert all(event.cause == event.seq - 1 for event in run.log)


async def test_the_last_failure_ends_the_run_when_there_is_nothing_left_to_try() -> None:
    """Three attempts, then the fault of the third; the first ones are in the log."""
    async with house() as tested:
        run = await tested.start(Agent(Scripted([Busy("1"), Busy("2"), Busy("3"), "never"]), retry=AT_ONCE))
        with pytest.raises(RunFailed, match="3"):
            await run.result()
    assert [each.error.message for each in of(run, ModelFailed)] == ["1", "2", "3"]


@pytest.mark.parametrize("error", [Refused("no"), Misunderstood("?"), NotConfigured("no key"), ContextOverflow("long")])
async def test_what_asking_again_cannot_help_is_not_asked_again(error: Exception) -> None:
    """The error's class says so."""
    async with house() as tested:
        run = await tested.start(Agent(Scripted([error, "never"]), retry=AT_ONCE))
        assert (await run.outcome()).status == "failed"
    assert not of(run, RetryScheduled)


async def test_a_backend_object_is_asked_once_unless_the_agent_says_otherwise() -> None:
    """Whoever brings a backend decides about it; a model's name comes with the usual retries."""
    async with house() as tested:
        run = await tested.start(Agent(Scripted([Busy("full"), "never"])))
        assert (await run.outcome()).status == "failed"


async def test_the_wait_is_the_providers_wish_and_the_run_stands_still_meanwhile(clock: Clock) -> None:
    """Nothing is asked before the time has come; one tenth more at most, so that not everyone comes back at once."""
    async with house() as tested:
        model = Scripted([Busy("full", retry_after_s=30), "42"])
        run = await tested.start(Agent(model, retry=RetryPolicy()))
        await turns()
        assert names(run)[-1] == "RetryScheduled"
        (scheduled,) = of(run, RetryScheduled)
        assert 30 <= scheduled.delay_s <= 33
        await clock.forward(29.9)
        assert model.asked == 1
        await clock.forward(3.2)
        assert (await run.result()).output == "42"


async def test_a_run_that_waits_for_a_retry_can_be_stopped(clock: Clock) -> None:
    """At once; the conversation is whole and the wait leaves nothing behind."""
    async with house() as tested:
        run = await tested.start(Agent(Scripted([Busy("full", retry_after_s=50), "never"]), retry=RetryPolicy()))
        await turns()
        await run.cancel("enough")
    assert run.status == "cancelled"
    assert names(run)[-3:] == ["RetryScheduled", "CancelRequested", "RunFinished"]


async def test_tools_that_ran_do_not_run_again() -> None:
    """A retry repeats one model request: what the turns before it did stays done."""
    async with house() as tested:
        model = Scripted([call("add", a=1, b=2), Busy("full"), fail(Broken("cut"), call("add", a=1, b=2)), "3"])
        run = await tested.start(Agent(model, tools=[add], retry=RetryPolicy(first_s=0, mid_stream=True)))
        assert (await run.result()).output == "3"
    assert len(of(run, ToolStarted)) == 1


async def test_a_reply_that_broke_off_is_not_repeated_unless_the_policy_says_so() -> None:
    """Somebody has read its beginning."""
    async with house() as tested:
        run = await tested.start(Agent(Scripted([fail(Broken("cut"), "Half"), "never"]), retry=AT_ONCE))
        result = await run.outcome()
    assert (result.status, result.output) == ("failed", "Half")
    assert result.messages[-1].text == "Half"


async def test_a_stream_that_is_begun_anew_says_so_and_history_holds_one_answer() -> None:
    """Readers hear which pieces are void, behind them and before the new ones; what the lost reply took is counted."""
    async with house() as tested:
        model = Scripted([fail(Broken("cut"), "Ha"), "Hello"], stream=1)
        run = await tested.start(Agent(model, retry=RetryPolicy(first_s=0, mid_stream=True)))
        heard = [event async for event in run.events(ephemeral=True)]
    told = [event for event in heard if isinstance(event, TextDelta | StreamRestarted)]
    assert [getattr(event, "text", "-") for event in told] == ["H", "a", "-", *"Hello"]
    first, second = of(run, ModelRequested)
    assert [event.seq for event in told] == [first.seq] * 3 + [second.seq] * 5
    result = await run.result()
    assert [message.text for message in result.messages] == ["go", "Hello"]


async def breaks_off(_: Request) -> AsyncGenerator[Delta, None]:
    """Say something, say what it took, and break."""
    yield TextPiece("Half")
    yield UsagePiece(Usage(input_tokens=7))
    raise Broken("cut")


async def test_another_model_takes_over_in_the_middle_of_an_answer() -> None:
    """History holds one answer; what the lost one took is in the usage, and in the cost at its own model's price."""
    async with house() as tested:
        tested.runtime.subscribe(
            CostLedger({"fake": Price(input_usd=1e6, output_usd=0), "other": Price(input_usd=2e6, output_usd=0)})
        )
        run = await tested.start(Agent(Fake(breaks_off), fallback=[Scripted(["whole"], model="other")]))
        restarts = [each async for each in run.events(ephemeral=True) if isinstance(each, StreamRestarted)]
        result = await run.result()
    assert [message.text for message in result.messages] == ["go", "whole"]
    assert (result.usage.input_tokens, result.cost_usd) == (7, 7.0)
    assert [(each.model, each.cost_usd) for each in of(run, CostCounted)] == [("fake", 7.0), ("other", 0.0)]
    assert [(each.failed, each.model) for each in of(run, FallbackChosen)] == [("fake", "other")]
    assert [each.model for each in restarts] == ["other"]


async def test_models_are_asked_one_after_the_other_each_with_its_own_retries() -> None:
    """Whatever is wrong with one, a bad key too; the next turn begins with the first again."""
    async with house() as tested:
        first = Scripted([Refused("bad key"), "well again"], model="first")
        second = Scripted([Busy("full"), Broken("gone")], model="second")
        third = Scripted([call("add", a=1, b=2)], model="third")
        retry = RetryPolicy(attempts=2, first_s=0)
        run = await tested.start(Agent(first, fallback=[second, third], retry=retry, tools=[add]))
        assert (await run.result()).output == "well again"
    asked = [each.model for each in of(run, ModelRequested)]
    assert asked == ["first", "second", "second", "third", "first"]


async def test_when_no_model_is_left_the_last_failure_is_the_runs() -> None:
    """And it names its model."""
    async with house() as tested:
        run = await tested.start(Agent(Scripted([Refused("a")]), fallback=[Scripted([Refused("b")], model="b")]))
        result = await run.outcome()
    assert result.error is not None
    assert (result.error.message, result.error.where) == ("b", "b")


async def test_a_veto_is_final() -> None:
    """What a policy refuses of one model is not asked of another, and not twice."""
    async with house() as tested:

        @tested.runtime.intercept(ModelRequested)
        def never(event: ModelRequested) -> ModelRequested | Veto:
            return Veto("closed") if event.model in ("mine", "other") else event

        model = Scripted(["never"], model="mine")
        agent = Agent(model, retry=AT_ONCE, fallback=[Scripted(["never"], model="other")])
        run = await tested.start(agent)
        assert (await run.outcome()).status == "failed"
    assert model.asked == 0
    assert not of(run, FallbackChosen)


async def test_two_models_of_one_name_are_refused_before_anything_starts() -> None:
    """A log could not tell them apart."""
    async with Runtime() as runtime:
        with pytest.raises(NameTwice, match="'scripted'"):
            await runtime.start(Agent(Scripted(["a"]), fallback=[Scripted(["b"])]), "go")


async def test_a_policy_may_choose_another_model() -> None:
    """One of the agent's, by its name; one that is unknown fails typed."""
    async with house() as tested:
        chosen = iter(["second", "nowhere:model"])

        @tested.runtime.intercept(ModelRequested)
        def choose(event: ModelRequested) -> ModelRequested:
            return event.model_copy(update={"model": next(chosen)}) if event.model == "first" else event

        agent = Agent(Scripted(["1"], model="first"), fallback=[Scripted(["2", "2"], model="second")])
        assert (await tested.outcome(agent)).output == "2"
        run = await tested.start(agent)
        assert (await run.result()).output == "2"
    (failed,) = of(run, ModelFailed)
    assert (failed.model, failed.error.kind) == ("nowhere:model", "NotConfigured")


HISTORY = [user(f"message {place}") for place in range(9)]


async def test_a_conversation_that_is_too_long_is_shortened_once() -> None:
    """The later half is shown, in the next turns too; the log keeps everything."""
    async with house() as tested:
        model = Scripted([ContextOverflow("long"), call("add", a=1, b=2), "3"])
        agent = Agent(model, compaction=KeepLatest(), tools=[add])
        run = await tested.start(agent, messages=HISTORY)
        result = await run.result()
    assert [len(request.messages) for request in model.requests] == [10, 5, 7]
    assert [(each.messages, each.first) for each in of(run, ContextCompacted)] == [(5, 5)]
    assert len(result.messages) == 13


async def test_a_conversation_that_is_still_too_long_goes_to_the_next_model_or_ends_the_run() -> None:
    """It is not shortened again and again in one turn."""
    long = [ContextOverflow("long"), ContextOverflow("long")]
    async with house() as tested:
        alone = Agent(Scripted(long), compaction=KeepLatest())
        result = await tested.outcome(alone, messages=HISTORY)
        assert result.error is not None
        assert result.error.kind == "ContextOverflow"
        other = Agent(Scripted(long), compaction=KeepLatest(), fallback=[Scripted(["42"], model="b")])
        run = await tested.start(other, messages=HISTORY)
        assert (await run.result()).output == "42"
    assert names(run)[2:-3] == [
        *("ModelRequested", "ModelFailed", "ContextCompacted", "ModelRequested", "ModelFailed", "FallbackChosen"),
        "ModelRequested",
    ]


async def silent(_: Request) -> AsyncGenerator[Delta, None]:
    """Never say anything."""
    await asyncio.Event().wait()
    yield TextPiece("")


async def test_a_model_that_says_nothing_is_given_up_and_the_next_one_asked(clock: Clock) -> None:
    """The time-out is a failure like others."""
    async with house() as tested:
        agent = Agent(Fake(silent), timeouts=ReplyTimeouts(first_token_s=5), fallback=[Scripted(["42"], model="b")])
        run = await tested.start(agent)
        await turns()
        await clock.forward(5.1)
        assert (await run.result()).output == "42"
    (failed,) = of(run, ModelFailed)
    assert (failed.error.kind, failed.error.message) == ("Broken", "the model took too long: first_token_s is 5")


async def test_a_run_that_goes_well_has_none_of_this_in_its_log() -> None:
    """Whatever is set up."""
    async with house() as tested:
        agent = Agent(
            Scripted(["42"]),
            retry=RetryPolicy(),
            fallback=[Scripted([], model="b")],
            compaction=KeepLatest(),
            timeouts=ReplyTimeouts(total_s=60),
        )
        run = await tested.start(agent)
        await run.result()
    assert names(run)[1:-1] == ["TurnStarted", "ModelRequested", "ModelReplied", "TurnFinished"]
