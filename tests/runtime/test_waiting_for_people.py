"""A call that waits for a person in a run, with a store and without: who is late, and what was changed meanwhile."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from loopbus import Agent, Runtime, tool
from loopbus.backends import Scripted, call, text
from loopbus.bus.interception import OnTimeout
from loopbus.events import ApprovalDecided, ApprovalEscalated, ApprovalRequested, Event, ToolFinished
from loopbus.handlers.policies import RequireApproval
from loopbus.runtime import NothingToDecide, Run

from ..faults.house import PATIENCE_S

PAID: list[tuple[str, int]] = []


@pytest.fixture(autouse=True)
def nothing_paid() -> None:
    """Begin with nothing done."""
    PAID.clear()


@tool(name="refund")
async def free(usd: int) -> str:
    """Refund."""
    PAID.append(("free", usd))
    return "refunded"


@tool(name="refund", needs_approval=True)
async def first(usd: int) -> str:
    """Refund."""
    PAID.append(("first", usd))
    return "refunded"


@tool(name="refund", needs_approval=True)
async def wider(usd: int, why: str = "") -> str:
    """Refund, in a later version, which may be told why."""
    PAID.append(("wider", usd))
    return "refunded"


@tool(name="refund", needs_approval=True)
async def other(cents: int) -> str:
    """Refund, in a later version, which counts in cents."""
    PAID.append(("other", cents))
    return "refunded"


def of(run: Run, kind: type[Event]) -> list[Any]:
    """The events of one kind."""
    return [event for event in run.log if isinstance(event, kind)]


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize(("on_timeout", "paid"), [("approve", [("free", 7)]), ("reject", [])])
async def test_who_is_late_is_passed_over(
    kept: bool, on_timeout: OnTimeout, paid: list[tuple[str, int]], tmp_path: Path
) -> None:
    """The next approver is asked, then the question decides; with a store nobody drives the run meanwhile."""
    policy = RequireApproval("refund", approver="kim", timeout_s=0.01, escalate_to=("ann",), on_timeout=on_timeout)
    model = Scripted([[call("refund", usd=7), call("refund", usd="some")], text("done")])
    agent = Agent(model, tools=[free])
    store = f"sqlite:///{tmp_path}/runs.db" if kept else None
    async with Runtime(store=store, subscribers=[policy]) as runtime, asyncio.timeout(PATIENCE_S):
        run = await runtime.start(agent, "go")
        assert (await run.result()).output == "done"
        (question,), (escalated,), (decided,) = (
            of(run, kind) for kind in (ApprovalRequested, ApprovalEscalated, ApprovalDecided)
        )
        assert (question.arguments, question.schema_hash) == ({"usd": 7}, free.schema_hash)
        assert (escalated.approver, decided.author, decided.approve) == ("ann", "timeout", on_timeout == "approve")
        assert paid == PAID
        with pytest.raises(NothingToDecide, match="by 'timeout' at"):
            await run.decide(question.call_id, approve=True)


@pytest.mark.parametrize(
    ("now", "questions", "paid"), [(first, 1, [("first", 7)]), (wider, 2, [("wider", 7)]), (other, 1, [])]
)
async def test_an_approval_is_of_the_tool_as_it_was(
    now: Any, questions: int, paid: list[tuple[str, int]], tmp_path: Path
) -> None:
    """F127: a tool that has changed until the decision is asked about again if the call fits it, and else not run."""
    store = f"sqlite:///{tmp_path}/runs.db"
    async with Runtime(store=store) as runtime:
        agent = Agent(Scripted([call("refund", usd=7)]), tools=[first])
        run = await runtime.start(agent, "go")
        async for event in run.events():
            if isinstance(event, ApprovalRequested):
                break
    later = Agent(Scripted([text("done")]), tools=[now])
    async with Runtime(store=store, agents=[later]) as runtime, asyncio.timeout(PATIENCE_S):
        run = await runtime.get(run.id)
        async for event in run.events():
            waits = run.state.waiting.get(event.call_id) if isinstance(event, ApprovalRequested) else None
            if waits == event and isinstance(event, ApprovalRequested):
                await run.decide(event.call_id, approve=True, author="kim", binding=event.binding)
    assert (len(of(run, ApprovalRequested)), PAID) == (questions, paid)
    (finished,) = of(run, ToolFinished)
    assert (finished.outcome, finished.blame) == (("ok", None) if paid else ("error", "caller"))
