"""What a person has decided is done: the call runs, changed or not, or it is answered with a no."""

from collections.abc import Mapping

import pytest
from pydantic import JsonValue

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
