"""A call waits for a person, for as long as that takes, and what the person decides is done."""

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.bus import Ask, Veto
from loopbus.events import ApprovalDecided, ApprovalRequested, Event, RunFinished, ToolFinished, ToolRequested
from loopbus.runtime import Agent, BadInput, Limits, NothingToDecide, Run
from loopbus.tools import Tool, tool

from ..faults.house import House, add, agent, house, settle
from ..faults.misbehaving import Gate, waiting

SCRIPT = [call("refund", usd=7), text("done")]


def refunding(paid: list[int], *, needs_approval: bool = True) -> Tool[[int], object]:
    """A tool that a person has to agree to; ``paid`` is what it did."""

    @tool(needs_approval=needs_approval)
    async def refund(usd: int) -> str:
        """Give money back."""
        paid.append(usd)
        return f"refunded {usd}"

    return refund  # pyright: ignore[reportReturnType] - a coroutine function's tool


def asks_finance(_: ToolRequested) -> Ask:
    """A policy that puts every call to a person."""
    return Ask("finance")


def refuses(_: ToolRequested) -> Veto:
    """A policy that lets nothing through."""
    return Veto("never")


async def asking(tested: House, called: Agent) -> tuple[Run, str]:
    """A run that waits for a person, and the call that it waits for."""
    run = await tested.start(called)
    await settle(lambda: run.state.waiting)
    (call_id,) = run.state.waiting
    return run, call_id


def of(run: Run, kind: type[Event]) -> list[Event]:
    """The events of one kind."""
    return [event for event in run.log if isinstance(event, kind)]


async def test_nothing_happens_before_somebody_agrees() -> None:
    """Then the call runs once; who agreed and why is in the log, caused by the question."""
    paid: list[int] = []
    async with house() as tested:
        run, call_id = await asking(tested, agent(*SCRIPT, tools=[refunding(paid)]))
        assert paid == []
        await run.decide(call_id, approve=True, author="kim", reason="a good customer")
        assert (await run.result()).output == "done"
    assert paid == [7]
    (asked,), (decided,) = of(run, ApprovalRequested), of(run, ApprovalDecided)
    assert isinstance(decided, ApprovalDecided)
    assert (decided.author, decided.reason, decided.cause) == ("kim", "a good customer", asked.seq)


async def test_a_no_is_told_to_the_model_and_the_run_goes_on() -> None:
    """The call never runs."""
    paid: list[int] = []
    async with house() as tested:
        run, call_id = await asking(tested, agent(*SCRIPT, tools=[refunding(paid)]))
        await run.decide(call_id, approve=False, reason="too much")
        assert (await run.result()).output == "done"
    (finished,) = of(run, ToolFinished)
    assert isinstance(finished, ToolFinished)
    assert (finished.outcome, finished.output, paid) == ("denied", "Not approved: too much", [])


async def test_a_person_may_change_the_arguments() -> None:
    """The call runs with those, and they are checked like a model's: wrong ones never reach the tool."""
    paid: list[int] = []
    async with house() as tested:
        run, call_id = await asking(tested, agent(*SCRIPT, tools=[refunding(paid)]))
        await run.decide(call_id, approve=True, arguments={"usd": 5})
        await run.result()
        assert paid == [5]
        run, call_id = await asking(tested, agent(*SCRIPT, tools=[refunding(paid)]))
        await run.decide(call_id, approve=True, arguments={"usd": "some"})
        await run.result()
    (finished,) = of(run, ToolFinished)
    assert isinstance(finished, ToolFinished)
    assert (finished.outcome, paid) == ("error", [5])


async def test_a_policy_may_put_any_call_to_a_person() -> None:
    """The question says whom it is for; an approved call is not put to the policies again."""
    paid: list[int] = []
    asked: list[ToolRequested] = []
    async with house() as tested:

        @tested.runtime.intercept(ToolRequested.where(name="refund"))
        def careful(event: ToolRequested) -> Ask:
            asked.append(event)
            return Ask("finance", "money leaves the house")

        run, call_id = await asking(tested, agent(*SCRIPT, tools=[refunding(paid, needs_approval=False)]))
        question = run.state.waiting[call_id]
        assert (question.name, question.arguments) == ("refund", {"usd": 7})
        assert (question.approver, question.reason) == ("finance", "money leaves the house")
        await run.decide(call_id, approve=True)
        await run.result()
    assert (paid, len(asked), len(of(run, ApprovalRequested))) == ([7], 1, 1)


async def test_one_question_is_enough_for_a_call() -> None:
    """Where a policy asks and the tool needs approval too, a person decides once."""
    paid: list[int] = []
    async with house() as tested:
        tested.runtime.intercept(ToolRequested.where(name="refund"))(asks_finance)
        run, call_id = await asking(tested, agent(*SCRIPT, tools=[refunding(paid)]))
        await run.decide(call_id, approve=True)
        await run.result()
    assert (paid, len(of(run, ApprovalRequested))) == ([7], 1)


async def test_a_veto_beats_a_question() -> None:
    """Nobody is asked to approve what is refused anyway."""
    paid: list[int] = []
    async with house() as tested:
        refund = ToolRequested.where(name="refund")
        tested.runtime.intercept(refund, order=1)(asks_finance)
        tested.runtime.intercept(refund, order=2)(refuses)
        run = await tested.start(agent(*SCRIPT, tools=[refunding(paid)]))
        assert (await run.result()).output == "done"
    assert (paid, of(run, ApprovalRequested)) == ([], [])


async def test_a_person_who_never_comes_does_not_stop_the_clock() -> None:
    """Wall time counts on while a call waits."""
    async with house() as tested:
        outcome = await tested.outcome(agent(*SCRIPT, tools=[refunding([])], limits=Limits(seconds=0.01)))
    assert (outcome.status, outcome.reason) == ("limit", "0.01 seconds")


async def test_other_calls_of_the_reply_do_not_wait() -> None:
    """Each is decided by itself, in any order."""
    paid: list[int] = []
    script = [[call("refund", usd=1), call("add", a=1, b=2), call("refund", usd=2)], text("done")]
    async with house() as tested:
        run = await tested.start(agent(*script, tools=[refunding(paid), add]))
        await settle(lambda: len(run.state.waiting) == 2 and run.state.transcript.results)
        first, second = run.state.waiting
        await run.decide(second, approve=True)
        await settle(lambda: paid)
        assert run.status is None
        await run.decide(first, approve=True)
        await run.result()
    assert paid == [2, 1]


async def test_a_decision_is_made_once() -> None:
    """Nor is there one about a call that never asked, or in a run that is over; the error says what waits."""
    gate, paid = Gate(), list[int]()
    script = [[call("refund", usd=7), call("wait")], text("done")]
    async with house() as tested:
        run, call_id = await asking(tested, agent(*script, tools=[refunding(paid), waiting(gate)]))
        with pytest.raises(NothingToDecide, match=rf"call 'x' of run {run.id} .* \(waiting: {call_id}\)"):
            await run.decide("x", approve=True)
        await run.decide(call_id, approve=True)
        with pytest.raises(NothingToDecide, match=r"\(waiting: none\)"):
            await run.decide(call_id, approve=False)
        gate.open.set()
        await run.result()
        with pytest.raises(NothingToDecide):
            await run.decide(call_id, approve=True)
    assert (paid, len(of(run, ApprovalDecided))) == ([7], 1)


async def test_a_decision_that_is_none_is_refused_and_the_call_waits_on() -> None:
    """Arguments that are no JSON object, or an answer that is no yes or no."""
    paid: list[int] = []
    async with house() as tested:
        run, call_id = await asking(tested, agent(*SCRIPT, tools=[refunding(paid)]))
        with pytest.raises(BadInput, match="arguments"):
            await run.decide(call_id, approve=True, arguments=[7])  # pyright: ignore[reportArgumentType] - the point
        with pytest.raises(BadInput, match="approve"):
            await run.decide(call_id, approve="perhaps")  # pyright: ignore[reportArgumentType] - the point
        assert set(run.state.waiting) == {call_id}
        await run.decide(call_id, approve=True)
        await run.result()


async def test_a_run_that_waits_can_be_cancelled() -> None:
    """The call was never started, so nothing was done; who decides later is told."""
    paid: list[int] = []
    async with house() as tested:
        run, call_id = await asking(tested, Agent(Scripted(SCRIPT), tools=[refunding(paid)]))
        await run.cancel("nobody there")
        with pytest.raises(NothingToDecide):
            await run.decide(call_id, approve=True)
    (finished,) = of(run, ToolFinished)
    assert isinstance(finished, ToolFinished)
    assert (finished.outcome, paid, run.state.waiting) == ("cancelled", [], {})
    assert isinstance(run.log[-1], RunFinished)
