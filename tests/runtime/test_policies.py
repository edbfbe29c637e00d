"""A policy is asked before an event becomes a fact: it may let through, change, refuse, and never hang a run."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from loopbus.backends import Scripted, call, reply, text
from loopbus.bus import Ask, BadOption, NotInterceptable, Recorder, SubscriberFailed, Veto
from loopbus.events import (
    Event,
    ModelFailed,
    ModelReplied,
    ModelRequested,
    RunFinished,
    RunState,
    Text,
    ToolCall,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    Usage,
)
from loopbus.runtime import Agent, Run, RunFailed

from ..bus.clock import Clock
from ..faults.house import House, add, agent, house
from ..faults.misbehaving import Gate

MINE = "judged"
"""The name of the agent whose events are judged; the canary's are let alone."""


def adder(**options: Any) -> Agent:
    """An agent that adds once."""
    return agent(call("add", a=17, b=25), text("done"), tools=[add], name=MINE, **options)


def judge(tested: House, heard: type[Event], answer: Callable[[Any], Any], **options: Any) -> None:
    """Set a policy on the events of the agent under test."""

    def mine(event: Event, state: RunState) -> Any:
        run = next(run for run in tested.runtime.runs if run.id == state.run_id)
        return answer(event) if run.agent == MINE else event

    tested.runtime.intercept(heard, name="the policy", **options)(mine)


def unchanged(event: Event) -> Event:
    """Let everything through."""
    return event


def one(run: Run, kind: type[Event]) -> Any:
    """The one event of a kind."""
    (event,) = [event for event in run.log if isinstance(event, kind)]
    return event


# --- a wish of the model's: ToolRequested ---


async def test_a_vetoed_call_is_answered_with_the_reason_and_never_starts() -> None:
    """The wish stays in the log with its refusal behind it, and the run goes on."""
    async with house() as tested:
        judge(tested, ToolRequested, lambda _: Veto("not on a Sunday"))
        run = await tested.start(adder())
        assert (await run.result()).output == "done"
    finished = one(run, ToolFinished)
    assert (finished.outcome, finished.blame, finished.output) == ("denied", "policy", "Not allowed: not on a Sunday")
    assert finished.cause == one(run, ToolRequested).seq
    assert not [event for event in run.log if isinstance(event, ToolStarted)]


async def test_a_call_runs_with_the_arguments_that_a_policy_left() -> None:
    """The log has what was run; the reply, what the model had said."""
    async with house() as tested:
        judge(tested, ToolRequested, lambda event: event.model_copy(update={"arguments": {"a": 1, "b": 2}}))
        run = await tested.start(adder())
        await run.result()
    assert one(run, ToolRequested).arguments == {"a": 1, "b": 2}
    assert one(run, ToolFinished).output == "3"


@pytest.mark.parametrize("change", [{"call_id": "other"}, {"name": "rm"}, {"arguments": "all of them"}])
async def test_what_a_policy_may_not_change_it_does_not_change(change: dict[str, object]) -> None:
    """Nor to what it may not be: the answer counts as none, so the call is refused, and the policy is named."""
    recorder = Recorder()
    async with house(subscribers=[recorder]) as tested:
        judge(tested, ToolRequested, lambda event: event.model_copy(update=change))
        run = await tested.start(adder())
        await run.result()
        failed = await recorder.expect(SubscriberFailed)
    assert (failed.subscriber, failed.heard) == ("the policy", "ToolRequested")
    assert f"changed {next(iter(change))}" in failed.error
    assert one(run, ToolFinished).outcome == "denied"
    assert one(run, ToolRequested).name == "add"


async def test_policies_are_asked_in_order_and_see_each_others_changes() -> None:
    """By their number, then by their registration; after a veto nobody is asked."""
    asked: list[tuple[str, object]] = []

    def policy(name: str, **change: int) -> Callable[[ToolRequested], ToolRequested]:
        def answer(event: ToolRequested) -> ToolRequested:
            asked.append((name, event.arguments["a"]))
            return event.model_copy(update={"arguments": {**event.arguments, **change}})

        return answer

    async with house() as tested:
        judge(tested, ToolRequested, policy("third"), order=7)
        judge(tested, ToolRequested, policy("first", a=1), order=-1)
        judge(tested, ToolRequested, policy("second", a=2))
        judge(tested, ToolRequested, lambda _: Veto("no"), order=8)
        judge(tested, ToolRequested, policy("never"), order=9)
        await tested.outcome(adder())
    assert asked == [("first", 17), ("second", 1), ("third", 2)]


# --- a policy that goes wrong ---


async def fails(_: Event) -> Event:
    """Go wrong."""
    raise ZeroDivisionError("no idea")


def exits(_: Event) -> Event:
    """Go wrong in a way that would stop the process."""
    raise SystemExit(3)


async def hangs(_: Event) -> Event:
    """Never answer."""
    return await asyncio.Event().wait()  # pyright: ignore[reportReturnType] - it does not return


async def cancels(_: Event) -> Event:
    """Cancel nobody but itself."""
    raise asyncio.CancelledError


def answers_nonsense(_: Event) -> Any:
    """Answer something else."""
    return "yes"


@pytest.mark.parametrize("closed", [True, False], ids=["fail-closed", "fail-open"])
@pytest.mark.parametrize("wrong", [fails, exits, hangs, cancels, answers_nonsense])
async def test_a_policy_that_goes_wrong_fails_as_it_was_declared(
    wrong: Callable[[Event], Any], closed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed unless said otherwise; either way it is said once which policy it was, and the run goes on."""
    recorder, clock = Recorder(), Clock(monkeypatch)
    async with house(subscribers=[recorder]) as tested:
        judge(tested, ToolRequested, wrong, deadline_s=2, **({} if closed else {"on_error": "allow"}))
        run = await tested.start(adder())
        await clock.forward(0)
        await clock.forward(2)
        await run.result()
        failed = await recorder.expect(SubscriberFailed)
    assert (failed.subscriber, failed.run_id) == ("the policy", run.id)
    assert not failed.detached
    finished = one(run, ToolFinished)
    assert finished.outcome == ("denied" if closed else "ok")
    if closed:
        assert finished.output == f"Not allowed: policy the policy {failed.error}"


async def test_a_deadline_is_named_and_not_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds, of each policy by itself; one that answers in time counts."""
    clock, gate = Clock(monkeypatch), Gate()

    async def ponders(event: Event) -> Event:
        await gate.wait()
        return event

    async with house() as tested:
        judge(tested, ToolRequested, ponders, deadline_s=2)
        run = await tested.start(adder())
        await gate.reached.wait()
        await clock.forward(1.9)
        gate.open.set()
        await run.result()
        gate.open.clear()
        late = await tested.start(adder())
        await clock.forward(0)
        await clock.forward(2)
        await late.result()
    assert one(run, ToolFinished).outcome == "ok"
    assert "passed its deadline of 2 s" in one(late, ToolFinished).output


async def test_options_that_mean_nothing_are_refused_where_they_are_made() -> None:
    """Not at the first event."""
    async with house() as tested:
        with pytest.raises(BadOption, match="on_error='ignore' is none of"):
            tested.runtime.intercept(ToolRequested, on_error="ignore")(unchanged)  # pyright: ignore[reportArgumentType] - the point
        with pytest.raises(BadOption, match="deadline_s=0"):
            tested.runtime.intercept(ToolRequested, deadline_s=0)(unchanged)


@pytest.mark.parametrize("fact", [ToolStarted, RunFinished, ModelFailed])
async def test_what_has_happened_cannot_be_refused(fact: type[Event]) -> None:
    """Only what its class lets be changed or vetoed."""
    async with house() as tested:
        with pytest.raises(NotInterceptable, match=f"{fact.__name__} states what has happened"):
            tested.runtime.intercept(fact)(unchanged)


# --- the request to the model: ModelRequested ---


async def test_a_vetoed_request_costs_nothing_and_ends_the_run() -> None:
    """The model is never asked."""
    model = Scripted(["never said"])
    async with house() as tested:
        judge(tested, ModelRequested, lambda _: Veto("the budget is spent"))
        run = await tested.start(Agent(model, name=MINE))
        with pytest.raises(RunFailed, match="the budget is spent") as caught:
            await run.result()
    assert model.asked == 0
    assert caught.value.result.error is not None
    assert caught.value.result.error.kind == "Vetoed"
    assert one(run, ModelFailed).cause == one(run, ModelRequested).seq


async def test_a_policy_may_change_what_the_model_is_shown_and_told() -> None:
    """Which messages, and the instructions; the state tells later turns what they were."""
    model = Scripted([call("add", a=1, b=1), text("done")])
    async with house() as tested:
        told = {"instructions": "Whisper.", "first": 1, "pinned": (0,)}
        judge(tested, ModelRequested, lambda event: event.model_copy(update=told) if event.turn == 2 else event)
        run = await tested.start(Agent(model, "Shout.", tools=[add], name=MINE), "go")
        await run.result()
    assert [request.instructions for request in model.requests] == ["Shout.", "Whisper."]
    assert [message.role for message in model.requests[1].messages] == ["user", "assistant", "tool"]
    assert run.state.instructions == "Whisper."


@pytest.mark.parametrize("kind", [ModelRequested, ModelReplied, ToolFinished])
async def test_a_question_where_no_call_can_wait_is_a_refusal(kind: type[Event]) -> None:
    """Only a tool call can be put to a person; whatever else is asked about ends as a veto, and nothing hangs."""
    async with house() as tested:
        judge(tested, kind, lambda _: Ask("kim", "may I?"))
        run = await tested.start(adder())
        outcome = await run.outcome()
    assert not run.state.waiting
    if kind is ToolFinished:
        assert one(run, ToolFinished).output == "The result is withheld: may I?"
    else:
        assert (outcome.status, outcome.reason) == ("failed", "may I?")


# --- what came back: ModelReplied ---


async def test_a_vetoed_reply_is_nowhere_in_the_log_and_still_paid_for() -> None:
    """Nobody sees what it said, and no tool of it runs; its cost is counted all the same."""
    secret = reply("the password is hunter2", call("add", a=1, b=1), usage=Usage(10, 5))
    async with house() as tested:
        judge(tested, ModelReplied, lambda _: Veto("it told a secret"))
        run = await tested.start(agent(secret, tools=[add], name=MINE))
        outcome = await run.outcome()
    assert (outcome.status, outcome.reason, outcome.usage) == ("failed", "it told a secret", Usage(10, 5))
    assert "hunter2" not in str(run.log)
    assert not [event for event in run.log if isinstance(event, ToolRequested)]


async def test_a_policy_may_change_what_the_model_said() -> None:
    """The changed reply is the fact; what the run answers is that."""
    async with house() as tested:
        judge(tested, ModelReplied, lambda event: event.model_copy(update={"content": (Text("[hidden]"),)}))
        run = await tested.start(agent(text("the password is hunter2"), name=MINE))
        assert (await run.result()).output == "[hidden]"
    assert "hunter2" not in str(run.log)


async def test_calls_that_a_policy_puts_into_a_reply_get_ids_of_their_own() -> None:
    """Two calls with one id could never both be answered; those that were there keep theirs."""

    def doubled(event: ModelReplied) -> ModelReplied:
        (first, *_) = event.content
        assert isinstance(first, ToolCall)
        stranger = replace(first, call_id="stranger")
        return event.model_copy(update={"content": (first, first, stranger, Text("three"))})

    async with house() as tested:
        judge(tested, ModelReplied, lambda event: doubled(event) if event.turn == 1 else event)
        run = await tested.start(adder())
        assert (await run.result()).output == "done"
    requested = [event.call_id for event in run.log if isinstance(event, ToolRequested)]
    assert requested[1:] == ["turn1.policy.1", "turn1.policy.2"]
    assert len(set(requested)) == 3
    assert [event.outcome for event in run.log if isinstance(event, ToolFinished)] == ["ok"] * 3


# --- what came back: ToolFinished ---


async def test_a_withheld_result_is_nowhere_in_the_log() -> None:
    """The call has run, and the model is told that it may not know what came of it."""
    async with house() as tested:
        judge(tested, ToolFinished, lambda _: Veto("private"))
        run = await tested.start(adder())
        await run.result()
    finished = one(run, ToolFinished)
    assert (finished.outcome, finished.output) == ("denied", "The result is withheld: private")
    assert one(run, ToolStarted).call_id == finished.call_id


async def test_a_policy_may_change_a_result() -> None:
    """Its words, but not how the call ended."""
    async with house() as tested:
        judge(tested, ToolFinished, lambda event: event.model_copy(update={"output": "about 40"}))
        run = await tested.start(adder())
        await run.result()
    assert (one(run, ToolFinished).output, one(run, ToolFinished).outcome) == ("about 40", "ok")
    assert "42" not in str(run.state.messages)


class Sealed(ToolFinished, name="tests.policies.sealed"):
    """An event that may be changed and cannot be refused. Published by nobody."""

    def vetoed(self, reason: str) -> Any:
        return None


async def test_a_refusal_that_nothing_could_stand_in_for_is_not_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event stays a fact, and it is said that the policy asked for what cannot be."""
    monkeypatch.setattr(ToolFinished, "vetoed", Sealed.vetoed)
    recorder = Recorder()
    async with house(subscribers=[recorder]) as tested:
        judge(tested, ToolFinished, lambda _: Veto("private"))
        run = await tested.start(adder())
        await run.result()
        failed = await recorder.expect(SubscriberFailed)
    assert "refused a ToolFinished, which can only be changed" in failed.error
    assert one(run, ToolFinished).output == "42"


async def test_a_policy_is_shown_the_state_before_the_event() -> None:
    """So it can decide by what has happened, and not by what has not."""
    seen: list[int] = []
    async with house() as tested:

        @tested.runtime.intercept(ToolFinished)
        def look(event: ToolFinished, state: RunState) -> ToolFinished:
            seen.append(state.seq)
            return event

        run = await tested.start(adder())
        await run.result()
        assert seen == [one(run, ToolFinished).seq - 1]
