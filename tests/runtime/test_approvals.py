"""A person's say: a call that needs it waits, is run as decided, and is decided once."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.bus import Ask, Veto
from loopbus.events import ApprovalDecided, ApprovalRequested, ToolFinished, ToolRequested, ToolStarted
from loopbus.runtime import Agent, BadInput, Limits, NothingToDecide, Run
from loopbus.tools import tool

from ..faults.house import PATIENCE_S, add, agent, house, settle

REFUND = call("refund", usd=250)


@tool(needs_approval=True)
async def refund(usd: int) -> str:
    """Give money back."""
    return f"refunded {usd}"


@tool(name="refund")
async def bold_refund(usd: int) -> str:
    """Give money back without being asked."""
    return f"refunded {usd}"


async def asked(run: Run) -> str:
    """The id of the call that waits for a decision."""
    async with asyncio.timeout(PATIENCE_S):
        async for event in run.events():
            if isinstance(event, ApprovalRequested):
                return event.call_id
    raise AssertionError("the run ended without asking")


def ended(run: Run) -> tuple[str, str]:
    """How the refund ended."""
    (event,) = [event for event in run.log if isinstance(event, ToolFinished) and event.name == "refund"]
    return event.outcome, event.output


Decision = Mapping[str, Any]
DECISIONS: dict[str, tuple[Decision, tuple[str, str]]] = {
    "approved": ({"approve": True}, ("ok", "refunded 250")),
    "edited": ({"approve": True, "arguments": {"usd": 50}}, ("ok", "refunded 50")),
    "edited wrongly": ({"approve": True, "arguments": {"dollars": 50}}, ("error", "")),
    "rejected": ({"approve": False}, ("denied", "Not approved.")),
    "rejected, and why": ({"approve": False, "reason": "too much"}, ("denied", "Not approved: too much")),
}


@pytest.mark.parametrize("by_policy", [False, True], ids=["needs_approval", "Ask"])
@pytest.mark.parametrize("decision", DECISIONS)
async def test_a_call_that_needs_a_person_waits_and_does_as_decided(decision: str, by_policy: bool) -> None:
    """Approved, with the person's own arguments, or rejected: the model is told, and the run goes on."""
    said, (outcome, output) = DECISIONS[decision]
    async with house() as tested:
        if by_policy:
            tested.runtime.intercept(ToolRequested.where(name="refund"))(lambda _: Ask("finance", "above 100"))
        run = await tested.start(agent(REFUND, text("done"), tools=[bold_refund if by_policy else refund]))
        call_id = await asked(run)
        assert not any(isinstance(event, ToolStarted) for event in run.log)
        await run.decide(call_id, author="bob", **said)
        assert (await run.result()).output == "done"
    assert ended(run)[0] == outcome
    assert output in ended(run)[1]
    question = next(event for event in run.log if isinstance(event, ApprovalRequested))
    decided = next(event for event in run.log if isinstance(event, ApprovalDecided))
    assert (question.approver, question.arguments) == ("finance" if by_policy else "", {"usd": 250})
    assert (decided.author, decided.cause) == ("bob", question.seq)


async def test_a_second_decision_is_refused() -> None:
    """Whoever comes first decides; the next is told that nothing waits, and what does."""
    async with house() as tested:
        two = [REFUND, call("refund", usd=1)]
        run = await tested.start(agent(two, text("done"), tools=[refund]))
        await asked(run)
        await settle(lambda: len(run.state.waiting) == 2)
        first, second = run.state.waiting
        await run.decide(first, approve=True)
        with pytest.raises(NothingToDecide, match=rf"'{first}' .* does not wait .*waiting: {second}"):
            await run.decide(first, approve=False)
        await run.decide(second, approve=False)
        await run.result()
        with pytest.raises(NothingToDecide, match="waiting: none"):
            await run.decide(second, approve=True)
    outcomes = {event.call_id: event.outcome for event in run.log if isinstance(event, ToolFinished)}
    assert outcomes == {first: "ok", second: "denied"}


async def test_siblings_do_not_wait_for_the_person() -> None:
    """Of two calls the one that needs nobody runs at once; the model is asked when both are answered."""
    model = Scripted([[REFUND, call("add", a=1, b=2)], text("done")])
    async with house() as tested:
        run = await tested.start(Agent(model, tools=[refund, add]))
        call_id = await asked(run)
        await settle(lambda: any(isinstance(event, ToolFinished) for event in run.log))
        assert model.asked == 1
        await run.decide(call_id, approve=True)
        await run.result()
    results = [getattr(block, "output", "") for block in model.requests[1].messages[2].content]
    assert results == ["refunded 250", "3"]


async def test_a_run_that_waits_for_a_person_can_be_cancelled_and_has_limits() -> None:
    """The call was never started, and says so; deciding afterwards is refused."""
    async with house() as tested:
        run = await tested.start(agent(REFUND, tools=[refund]))
        call_id = await asked(run)
        await run.cancel()
        assert ended(run)[0] == "cancelled"
        with pytest.raises(NothingToDecide):
            await run.decide(call_id, approve=True)
        impatient = await tested.outcome(agent(REFUND, tools=[refund], limits=Limits(seconds=0.02)))
        assert impatient.status == "limit"


async def test_a_decision_with_arguments_that_are_none_is_refused_and_the_call_still_waits() -> None:
    """What a person put in the model's place must be a JSON object."""
    async with house() as tested:
        run = await tested.start(agent(REFUND, text("done"), tools=[refund]))
        call_id = await asked(run)
        for wrong in ("usd=1", {"usd": object()}):
            with pytest.raises(BadInput, match="arguments"):
                await run.decide(call_id, approve=True, arguments=wrong)  # pyright: ignore[reportArgumentType]
        await run.decide(call_id, approve=True)
        assert (await run.result()).output == "done"


async def test_a_veto_beats_a_question_and_a_policy_is_asked_first() -> None:
    """Nobody is asked to approve what is refused anyway; ``Ask`` where nothing can wait counts as a refusal."""
    async with house() as tested:
        tested.runtime.intercept(ToolRequested.where(name="refund"), order=1)(lambda _: Ask("finance"))
        tested.runtime.intercept(ToolRequested.where(name="refund"), order=2)(lambda _: Veto("never"))
        run = await tested.start(agent(REFUND, text("done"), tools=[refund]))
        assert (await run.result()).output == "done"
    assert ended(run) == ("denied", "Not allowed: never")
    assert not any(isinstance(event, ApprovalRequested) for event in run.log)
