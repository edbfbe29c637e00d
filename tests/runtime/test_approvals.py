"""A call waits for a person, for as long as that takes, and what the person decides is done."""

from typing import Any

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.bus import Ask, Veto
from loopbus.events import (
    ApprovalDecided,
    ApprovalEscalated,
    ApprovalRequested,
    Event,
    RunFinished,
    ToolFinished,
    ToolRequested,
)
from loopbus.runtime import Agent, BadInput, Limits, NothingToDecide, Run
from loopbus.runtime.approvals import approver_of, ask, decision, nothing_to_decide
from loopbus.runtime.errors import NotAuthorized, StaleDecision
from loopbus.tools import Tool, Toolset, tool

from ..faults.house import House, add, agent, house, settle
from ..faults.misbehaving import Gate, waiting
from ..handlers.fake_run import FakeRun, calling, one, request

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
    """The call runs with those; who gives wrong ones is told which, and has decided nothing."""
    paid: list[int] = []
    async with house() as tested:
        run, call_id = await asking(tested, agent(*SCRIPT, tools=[refunding(paid)]))
        await run.decide(call_id, approve=True, arguments={"usd": 5})
        await run.result()
        assert paid == [5]
        run, call_id = await asking(tested, agent(*SCRIPT, tools=[refunding(paid)]))
        with pytest.raises(BadInput, match=r"(?s)arguments: .* waits on.*\n- usd: should be a valid integer"):
            await run.decide(call_id, approve=True, arguments={"usd": "some"})
        assert list(run.state.waiting) == [call_id], "the call waits on"
        await run.decide(call_id, approve=True, arguments={"usd": 6})
        await run.result()
    assert paid == [5, 6]


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


async def test_what_policies_refuse_is_refused_to_people_too() -> None:
    """An edited call is a call that they have not seen; one as the model wished for it they have let through."""
    paid: list[int] = []
    async with house() as tested:

        @tested.runtime.intercept(ToolRequested.where(name="refund"))
        def small(event: ToolRequested) -> ToolRequested | Veto:
            usd = event.arguments["usd"]
            return event if isinstance(usd, int) and usd < 100 else Veto("too much for anybody")

        run, call_id = await asking(tested, agent(*SCRIPT, tools=[refunding(paid)]))
        await run.decide(call_id, approve=True, arguments={"usd": 5000})
        assert (await run.result()).output == "done"
    (finished,) = of(run, ToolFinished)
    assert isinstance(finished, ToolFinished)
    assert (finished.outcome, finished.output, paid) == ("denied", "Not allowed: too much for anybody", [])


async def test_a_tool_says_by_its_arguments_who_has_to_agree() -> None:
    """Small calls run at once; a large one waits for whoever the tool names."""
    paid: list[int] = []

    @tool(needs_approval=lambda arguments: Ask("finance", "much") if arguments["usd"] > 10 else False)
    async def refund(usd: int) -> str:
        """Give money back."""
        paid.append(usd)
        return "refunded"

    script = [[call("refund", usd=1), call("refund", usd=20)], text("done")]
    async with house() as tested:
        run, call_id = await asking(tested, agent(*script, tools=[refund]))
        await settle(lambda: paid)
        assert (run.state.waiting[call_id].approver, paid) == ("finance", [1])
        await run.decide(call_id, approve=True)
        await run.result()
    assert paid == [1, 20]


# --- the decision itself ---

ASKED = ApprovalRequested(call_id="c1", name="refund", arguments={"usd": 7}, approver="kim", escalate_to=("ann",))


def undecided() -> FakeRun:
    """A run in which one call waits."""
    run = FakeRun()
    run.take(ASKED.model_copy())
    return run


def test_a_decision_is_an_event_caused_by_its_question() -> None:
    """Nothing is appended; the edited arguments are in it, checked where the tools are known."""
    run = undecided()
    seen = run.state.waiting["c1"].binding
    decided, cause = decision(
        run.state,
        run.log,
        "c1",
        approve=True,
        author="kim",
        reason="why not",
        arguments={"usd": 5},
        binding=seen,
        tools=Toolset([refunding([])]),
    )
    assert (decided.approve, decided.author, decided.reason, decided.arguments) == (True, "kim", "why not", {"usd": 5})
    assert (cause, len(run.log), list(run.state.waiting)) == (1, 1, ["c1"])


def test_a_second_decision_is_told_who_has_decided_and_when() -> None:
    """As the log has it; and which calls do wait."""
    run = undecided()
    for approve, author, words in (True, "kim", "approved by 'kim'"), (False, "", "rejected by 'somebody'"):
        run.take(ApprovalDecided(call_id="c1", approve=approve, author=author), 1)
        with pytest.raises(NothingToDecide) as caught:
            decision(run.state, run.log, "c1", approve=True)
        place = len(run.log)
        assert f"call 'c1' of run  was {words} at 1970-01-01T00:00:00+00:00, in event {place};" in str(caught.value)
    assert "'x' of run  does not wait for a decision (waiting: none)" in str(nothing_to_decide(run.state, run.log, "x"))


def test_a_decision_about_another_question_is_refused() -> None:
    """Whoever saw other arguments, or another schema, has not agreed to what waits now."""
    run = undecided()
    for other in ASKED.model_copy(update={"arguments": {"usd": 8}}), ASKED.model_copy(update={"schema_hash": "new"}):
        with pytest.raises(StaleDecision, match="look at the question that waits now"):
            decision(run.state, run.log, "c1", approve=True, binding=other.binding)


def test_who_may_decide_is_the_applications_word() -> None:
    """It is told who wants to, who is asked by now, and what."""
    run = undecided()

    def only_who_is_asked(author: str, approver: str, question: ApprovalRequested) -> bool:
        assert question == run.log[0]
        return author == approver

    with pytest.raises(NotAuthorized, match="waits for 'kim', and 'ann' may not"):
        decision(run.state, run.log, "c1", approve=True, author="ann", may_decide=only_who_is_asked)
    run.take(ApprovalEscalated(call_id="c1", approver="ann", step=1))
    assert approver_of(run.state, "c1") == "ann"
    decision(run.state, run.log, "c1", approve=True, author="ann", may_decide=only_who_is_asked)


@pytest.mark.parametrize("answer", [False, None, "yes", RuntimeError("no directory")])
async def test_a_runtime_asks_who_may_decide(answer: object) -> None:
    """Anything but a plain yes is a no, also where it cannot be told; the call waits on."""
    answers: list[object] = [answer, True]

    def may_decide(author: str, approver: str, question: ApprovalRequested) -> Any:
        said = answers.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    paid: list[int] = []
    async with house(may_decide=may_decide) as tested:
        run, call_id = await asking(tested, agent(*SCRIPT, tools=[refunding(paid)]))
        with pytest.raises(NotAuthorized, match="'ann'"):
            await run.decide(call_id, approve=True, author="ann")
        assert list(run.state.waiting) == [call_id]
        await run.decide(call_id, approve=True, author="kim")
        await run.result()
    assert paid == [7]


def test_a_decision_that_could_not_be_done_is_refused() -> None:
    """Arguments that do not fit are told to the person, unless they say no anyway; nobody is called ``timeout``."""
    run, tools = undecided(), Toolset([refunding([])])
    with pytest.raises(BadInput, match=r"(?s)arguments: .*usd"):
        decision(run.state, run.log, "c1", approve=True, arguments={"usd": "some"}, tools=tools)
    with pytest.raises(BadInput, match="nobody made"):
        decision(run.state, run.log, "c1", approve=True, author="timeout")
    decision(run.state, run.log, "c1", approve=False, arguments={"usd": "some"}, tools=tools)
    decision(run.state, run.log, "c1", approve=True, arguments={"usd": "some"}, tools=Toolset())


def test_a_policys_question_is_put_by_the_stage_of_tool_calls() -> None:
    """It knows the tool's schema; where there is no such stage, the question is put without."""
    called = one("refund", usd=7)
    run = calling(called)
    wish = request(run, called)

    class Stage:
        def ask(self, event: ToolRequested, question: Ask, run: object) -> Event:
            return ASKED

    assert ask(wish, Ask("kim"), Stage(), run) is ASKED
    plain = ask(wish, Ask("kim", timeout_s=60), None, run)
    assert isinstance(plain, ApprovalRequested)
    assert (plain.approver, plain.timeout_s, plain.schema_hash) == ("kim", 60, "")
