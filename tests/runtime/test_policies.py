"""Policies in a run: what they answer becomes a well-formed fact, so nothing can hang on a refusal."""

import asyncio
from typing import Any

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.bus import Ask, Event, Recorder, SubscriberFailed, Veto
from loopbus.events import (
    Custom,
    LoopDetected,
    ModelReplied,
    ModelRequested,
    RunState,
    ToolCall,
    ToolFinished,
    ToolRequested,
    ToolStarted,
)
from loopbus.runtime import Agent

from ..faults.house import House, add, agent, house


class Echoed(Custom, name="tests.echoed"):
    """What a tool answered, once more. Derived from every ``ToolFinished``."""

    words: str


def ended(run: Any) -> ToolFinished:
    """The one result of a run."""
    (event,) = [event for event in run.log if isinstance(event, ToolFinished)]
    return event


async def judged(tested: House, heard: Any, judge: Any, **options: Any) -> Any:
    """Run one call and an answer under a policy, which is gone afterwards."""
    policy = tested.runtime.bus.intercept(heard, judge, **options)
    run = await tested.start(agent(call("add", a=1, b=2), text("done"), tools=[add]))
    await run.outcome()
    tested.runtime.bus.detach(policy)
    return run


async def test_a_vetoed_call_is_answered_and_the_run_goes_on() -> None:
    """The wish stays in the log, with its refusal behind it; the tool never started."""
    async with house() as tested:
        run = await judged(tested, ToolRequested, lambda _: Veto("not on Sundays"))
    assert run.status == "completed"
    assert (ended(run).outcome, ended(run).blame) == ("denied", "policy")
    assert ended(run).output == "Not allowed: not on Sundays"
    assert not any(isinstance(event, ToolStarted) for event in run.log)


async def test_changed_arguments_reach_the_tool() -> None:
    """What a policy put into the call is what is checked, run and logged."""

    async def double(event: ToolRequested) -> ToolRequested:
        return event.model_copy(update={"arguments": {**event.arguments, "b": 40}})

    async with house() as tested:
        run = await judged(tested, ToolRequested, double)
        wrong = await judged(tested, ToolRequested, lambda event: event.model_copy(update={"arguments": {}}))
    assert ended(run).output == "41"
    assert next(event.arguments for event in run.log if isinstance(event, ToolRequested)) == {"a": 1, "b": 40}
    assert ended(wrong).outcome == "error"


async def test_a_result_can_be_changed_or_withheld() -> None:
    """The model is told what is left of it; the log never held the rest."""
    async with house() as tested:
        masked = await judged(tested, ToolFinished, lambda event: event.model_copy(update={"output": "***"}))
        withheld = await judged(tested, ToolFinished, lambda _: Veto("it is a secret"))
    assert (ended(masked).outcome, ended(masked).output) == ("ok", "***")
    assert (ended(withheld).outcome, ended(withheld).output) == ("denied", "The result is withheld: it is a secret")


@pytest.mark.parametrize("heard", [ModelRequested, ModelReplied])
async def test_a_vetoed_model_call_or_reply_fails_the_run(heard: type[Event]) -> None:
    """The caller is told why; what the model had said is nowhere."""
    async with house() as tested:
        run = await judged(tested, heard, lambda _: Veto("too expensive"))
        result = await run.outcome()
    assert (result.status, result.error.kind, result.error.message) == ("failed", "Vetoed", "too expensive")
    assert not any(isinstance(event, ModelReplied) for event in run.log)


async def test_a_reply_can_be_changed_also_in_its_calls() -> None:
    """Calls that a policy takes out are not run; those it puts in are, each with an id of its own."""

    def rewrite(event: ModelReplied) -> ModelReplied:
        calls = [block for block in event.content if isinstance(block, ToolCall)]
        if not calls:
            return event
        more = [ToolCall("", "add", {"a": 5, "b": 5}), ToolCall("", "add", {"a": 6, "b": 6}), calls[0], calls[0]]
        return event.model_copy(update={"content": (text("rewritten"), *more)})

    async with house() as tested:
        policy = tested.runtime.bus.intercept(ModelReplied, rewrite)
        script = [call("add", a=1, b=2)] * 2
        run = await tested.start(agent(*script, text("done"), tools=[add]))
        result = await run.result()
        tested.runtime.bus.detach(policy)
    assert [event.output for event in run.log if isinstance(event, ToolFinished)] == ["10", "12", "3", "3"] * 2
    assert result.messages[1].text == "rewritten"


async def test_the_model_can_be_shown_less() -> None:
    """A policy may choose which messages the model is sent, and with what instructions."""
    model = Scripted([text("one"), text("two")])
    async with house() as tested:
        first = await tested.outcome(Agent(model, "Be brief."))

        async def brief(event: ModelRequested, state: RunState) -> ModelRequested:
            assert state.turn == event.turn
            return event.model_copy(update={"first": event.messages - 1, "instructions": "Be very brief."})

        policy = tested.runtime.bus.intercept(ModelRequested, brief)
        result = await tested.outcome(Agent(model, "Be brief."), "again", messages=first.messages)
        tested.runtime.bus.detach(policy)
    assert [message.text for message in model.requests[1].messages] == ["again"]
    assert model.requests[1].instructions == "Be very brief."
    assert len(result.messages) == 4


FAILING: dict[str, Any] = {
    "raises": lambda _: {}["missing"],
    "exits": lambda _: (_ for _ in ()).throw(SystemExit(3)),
    "answers nonsense": lambda _: "yes",
    "changes what it may not": lambda event: event.model_copy(update={"name": "rm"}),
}


async def never(_: Event) -> Event:
    """Think for ever."""
    await asyncio.Event().wait()
    raise AssertionError


async def cancels(_: Event) -> Event:
    """Raise a cancellation that nobody asked for."""
    raise asyncio.CancelledError


@pytest.mark.parametrize("judge", [*FAILING, "passes its deadline", "cancels"])
async def test_a_policy_that_fails_counts_as_it_was_declared(judge: str) -> None:
    """Closed, the call is refused and says which policy failed; open, the call is made as if there were none."""
    policy = {"passes its deadline": never, "cancels": cancels, **FAILING}[judge]
    async with house() as tested:
        heard = Recorder()
        tested.runtime.subscribe(heard)
        closed = await judged(tested, ToolRequested, policy, deadline_s=0.01, name="guard")
        opened = await judged(tested, ToolRequested, policy, deadline_s=0.01, name="guard", on_error="allow")
        failed = await heard.expect(SubscriberFailed)
    assert (closed.status, opened.status) == ("completed", "completed")
    assert (ended(closed).outcome, ended(opened).output) == ("denied", "3")
    assert "policy guard" in ended(closed).output
    assert (failed.subscriber, failed.detached) == ("guard", False)


async def test_ask_about_anything_but_a_call_is_a_refusal() -> None:
    """Only a tool call can wait for a person."""
    async with house() as tested:
        run = await judged(tested, ModelReplied, lambda _: Ask("legal", "look at this first"))
    assert (await run.outcome()).error.message == "look at this first"


async def test_what_is_derived_stands_in_the_log_behind_its_cause() -> None:
    """A derived fact is an event like any other, caused by the one it was made of."""
    async with house() as tested:
        tested.runtime.derive(ToolFinished)(lambda event: Echoed(words=event.output))
        run = await tested.start(agent(call("add", a=1, b=2), text("done"), tools=[add]))
        await run.result()
    (echoed,) = [event for event in run.log if isinstance(event, Echoed)]
    assert (echoed.words, echoed.cause, echoed.seq) == ("3", ended(run).seq, ended(run).seq + 1)


@pytest.mark.parametrize("error", [ValueError, SystemExit])
async def test_a_deriver_that_raises_is_named_and_the_run_goes_on(error: type[BaseException]) -> None:
    """It is called in line, and still cannot hurt the run."""

    def broken(_: Event) -> Event | None:
        raise error("no")

    async with house() as tested:
        heard = Recorder()
        tested.runtime.subscribe(heard)
        tested.runtime.derive(ToolFinished, name="broken")(broken)
        run = await tested.start(agent(call("add", a=1, b=2), text("done"), tools=[add]))
        assert (await run.result()).output == "done"
        failed = await heard.expect(SubscriberFailed)
    assert (failed.subscriber, error.__name__ in failed.error) == ("broken", True)


async def test_a_deriver_cannot_break_the_order_of_a_run() -> None:
    """What may not follow is refused; the log is as it was."""
    async with house() as tested:
        heard = Recorder()
        tested.runtime.subscribe(heard)
        tested.runtime.derive(ModelReplied, name="forger")(lambda _: ToolStarted(call_id="x", name="rm"))
        run = await tested.start(agent(call("add", a=1, b=2), text("done"), tools=[add]))
        assert (await run.result()).output == "done"
        assert "ToolStarted cannot happen while a run is routing" in (await heard.expect(SubscriberFailed)).error
    assert [event.name for event in run.log if isinstance(event, ToolStarted)] == ["add"]
    assert not any(isinstance(event, LoopDetected) for event in run.log)
