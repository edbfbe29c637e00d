"""A person is asked before a tool does what cannot be undone."""

from typing import Any, cast

import pytest

from loopbus import Agent, Runtime, tool
from loopbus.backends.script import call, text
from loopbus.backends.scripted import Scripted
from loopbus.bus import Ask, BadOption, Recorder
from loopbus.events import ApprovalRequested, ToolFinished, ToolRequested
from loopbus.handlers.policies import RequireApproval
from loopbus.handlers.tool_names import Matches

DONE: list[int] = []


@tool
async def refund(usd: int) -> str:
    """Refund."""
    DONE.append(usd)
    return f"refunded {usd}"


def request(name: str = "refund", usd: int = 20) -> ToolRequested:
    """The call that policies are asked about."""
    return ToolRequested(call_id="c1", name=name, arguments={"usd": usd})


def above(usd: int) -> Matches:
    """Picks the calls that are about more money than this."""

    def picks(event: ToolRequested) -> bool:
        given = event.arguments["usd"]
        return isinstance(given, int) and given > usd

    return picks


async def decided(approve: bool) -> ToolFinished:
    """What comes of a call about which a person is asked."""
    DONE.clear()
    recorder = Recorder()
    policy = RequireApproval("refund", approver="support", reason="money leaves")
    async with Runtime(subscribers=[policy, recorder]) as runtime:
        run = await runtime.start(Agent(Scripted([call("refund", usd=20), text("ok")]), tools=[refund]), "refund me")
        asked = await recorder.expect(ApprovalRequested)
        assert (asked.approver, asked.reason, DONE) == ("support", "money leaves", [])
        await run.decide(asked.call_id, approve=approve)
        await run.outcome()
        return await recorder.expect(ToolFinished)


async def test_an_approved_call_runs() -> None:
    """Not before somebody has agreed, and once."""
    assert (await decided(True)).output == "refunded 20"
    assert DONE == [20]


async def test_a_rejected_call_never_runs() -> None:
    """The model is told."""
    assert (await decided(False)).outcome == "denied"
    assert DONE == []


@pytest.mark.parametrize(
    ("picks", "asks"),
    [
        ("refund", True),
        ("ref*", True),
        ("Refund", False),
        ("pay", False),
        (above(10), True),
        (above(100), False),
    ],
)
def test_calls_are_picked_by_name_pattern_or_function(picks: str | Matches, asks: bool) -> None:
    """Any of several is enough; other calls pass as they are."""
    event = request()
    answer = RequireApproval("other", picks)(event)
    assert isinstance(answer, Ask) if asks else answer is event


async def test_a_function_that_raises_lets_nothing_through() -> None:
    """What should have been looked at does not happen by mistake."""
    DONE.clear()

    def broken(event: ToolRequested) -> bool:
        raise KeyError("usd")

    model = Scripted([call("refund", usd=20), text("ok")])
    async with Runtime(subscribers=[RequireApproval(broken)]) as runtime:
        result = await runtime.run(Agent(model, tools=[refund]), "refund me")
    assert DONE == []
    assert "Not allowed" in str(result.messages[2])


def test_a_question_may_have_a_time_and_people_to_turn_to() -> None:
    """As ``Ask`` has it."""
    policy = RequireApproval("refund", approver="kim", timeout_s=60, escalate_to=("ann",), on_timeout="approve")
    assert policy(request()) == Ask("kim", "", 60, ("ann",), "approve")
    with pytest.raises(BadOption, match="timeout_s"):
        RequireApproval("refund", escalate_to=("ann",))


def test_asking_about_nothing_is_refused() -> None:
    """A policy without effect would look like protection."""
    with pytest.raises(BadOption, match="nothing"):
        RequireApproval()


def test_what_is_neither_a_name_nor_a_function_is_refused() -> None:
    """Where it is written, and not by a policy that refuses every call."""
    with pytest.raises(BadOption, match=r"RequireApproval\(3\): name tools, or give a function"):
        RequireApproval(cast("Any", 3))
