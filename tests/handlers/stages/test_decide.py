"""What a person has decided is done: the call runs, changed or not, or it is answered with a no."""

from collections.abc import Mapping

import pytest
from pydantic import JsonValue

from loopbus.bus import Ask, Instead, Veto
from loopbus.bus.interception import Ruling
from loopbus.events import ApprovalDecided, ApprovalRequested, Event, ToolFinished, ToolRequested
from loopbus.handlers.scope import RunScope
from loopbus.handlers.stages.decide import Decide

from ..fake_run import FakeRun, calling, one, request

REFUND = one("refund", usd=7)


class Calls:
    """Stands for the stage that calls tools: remembers which request it was given."""

    def __init__(self) -> None:
        self.requests: list[ToolRequested] = []
        self.answer = ToolFinished(call_id="c1", name="refund", outcome="ok", output="done")

    async def __call__(self, event: ToolRequested, run: RunScope) -> Event:
        self.requests.append(event)
        return self.answer


def waiting() -> FakeRun:
    """A run in which a call waits for a person."""
    run = calling(REFUND)
    wish = request(run, REFUND)
    run.take(ApprovalRequested(call_id="c1", name="refund", arguments={"usd": 7}, approver="support"), wish.seq)
    return run


def decide(run: FakeRun, *, approve: bool, reason: str = "", arguments: Mapping[str, JsonValue] | None = None):
    """A person decides."""
    decided = ApprovalDecided(call_id="c1", approve=approve, reason=reason, arguments=arguments)
    return run.take(decided, run.log[-1].seq)


async def test_an_approved_call_runs_as_it_was_wished_for() -> None:
    """With its own request, and what comes of that is what the decision causes."""
    run, calls = waiting(), Calls()
    assert await Decide(calls)(decide(run, approve=True), run) is calls.answer
    assert calls.requests == [event for event in run.log if isinstance(event, ToolRequested)]


async def test_a_person_may_put_other_arguments_in_place() -> None:
    """They count; the request in the log stays what the model wanted."""
    run, calls = waiting(), Calls()
    await Decide(calls)(decide(run, approve=True, arguments={"usd": 5}), run)
    (called,) = calls.requests
    (wished,) = [event for event in run.log if isinstance(event, ToolRequested)]
    assert (called.arguments, wished.arguments) == ({"usd": 5}, {"usd": 7})
    assert (called.seq, called.call_id) == (wished.seq, wished.call_id)


@pytest.mark.parametrize(("reason", "words"), [("too much", "Not approved: too much"), ("", "Not approved.")])
async def test_a_rejected_call_is_answered_and_never_runs(reason: str, words: str) -> None:
    """The model is told, with the person's reason where there is one."""
    run, calls = waiting(), Calls()
    finished = await Decide(calls)(decide(run, approve=False, reason=reason), run)
    assert isinstance(finished, ToolFinished)
    assert (finished.call_id, finished.name, finished.outcome, finished.blame) == ("c1", "refund", "denied", "policy")
    assert finished.output == words
    assert calls.requests == []


CACHED = ToolFinished(call_id="c1", name="refund", outcome="ok", output="cached")


@pytest.mark.parametrize(("ruling", "outcome"), [(Veto("too much"), "denied"), (Instead(CACHED), "ok")])
async def test_what_policies_refuse_is_refused_to_people_too(ruling: Ruling, outcome: str) -> None:
    """They have not seen the edited call before; what they answer stands in for it."""
    run, calls = waiting(), Calls()
    seen: list[Event] = []

    def rules(event: Event) -> tuple[Event, Ruling | None]:
        seen.append(event)
        return event, ruling

    run.policy = rules
    finished = await Decide(calls)(decide(run, approve=True, arguments={"usd": 5000}), run)
    assert isinstance(finished, ToolFinished)
    assert (finished.call_id, finished.outcome) == ("c1", outcome)
    assert [vars(event)["arguments"] for event in seen] == [{"usd": 5000}]
    assert calls.requests == []


async def test_a_policys_question_about_an_edited_call_is_answered_already() -> None:
    """Somebody has just looked at it."""
    run, calls = waiting(), Calls()
    run.policy = lambda event: (event, Ask("support"))
    assert await Decide(calls)(decide(run, approve=True, arguments={"usd": 5}), run) is calls.answer
    assert [request.arguments for request in calls.requests] == [{"usd": 5}]


@pytest.mark.parametrize("arguments", [None, {"usd": 7}])
async def test_policies_are_not_asked_twice_about_the_same_call(arguments: Mapping[str, JsonValue] | None) -> None:
    """An edit that changes nothing is none."""
    run, calls = waiting(), Calls()
    run.policy = lambda event: (event, Veto("never again"))
    assert await Decide(calls)(decide(run, approve=True, arguments=arguments), run) is calls.answer


async def test_what_runs_is_what_the_last_question_showed() -> None:
    """Where a person was asked again, with other arguments than the model's; the way there is in the log."""
    run, calls = waiting(), Calls()
    first = decide(run, approve=True, arguments={"usd": 5})
    run.take(ApprovalRequested(call_id="c1", name="refund", arguments={"usd": 6}, approver="support"), first.seq)
    await Decide(calls)(decide(run, approve=True), run)
    (called,) = calls.requests
    (wished,) = [event for event in run.log if isinstance(event, ToolRequested)]
    assert (called.arguments, called.seq) == ({"usd": 6}, wished.seq)
