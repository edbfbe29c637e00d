"""Ask a person before money moves: the call waits, the run stays alive, and somebody decides when they like.

Run it with ``python examples/approval.py``.
"""

import asyncio

from loopbus import Agent, Ask, Run, Runtime, intercept, tool
from loopbus.backends import Scripted, call, text
from loopbus.events import ApprovalRequested, ToolRequested


@tool
async def refund(order: int, usd: float) -> str:
    """Pay a customer back."""
    return f"order {order}: {usd:.2f} USD paid back"


@intercept(ToolRequested.where(name="refund"))
def large_refunds(event: ToolRequested) -> ToolRequested | Ask:
    """Let small sums through and ask the finance team about the others."""
    usd = event.arguments.get("usd")
    return event if isinstance(usd, int | float) and usd <= 100 else Ask("finance", "more than 100 USD")


async def finance_team(run: Run) -> None:
    """Decide whatever waits: here at once, in life hours later and from another reader of the same run."""
    async for event in run.events():
        if isinstance(event, ApprovalRequested):
            print(f"{event.approver} is asked for {event.name}({dict(event.arguments)}): {event.reason}")
            # A person may also correct what the model asked for.
            smaller = {**event.arguments, "usd": 150}
            await run.decide(event.call_id, approve=event.arguments["order"] == 7, author="kim", arguments=smaller)


model = Scripted(
    [
        [call("refund", order=6, usd=20), call("refund", order=7, usd=200), call("refund", order=8, usd=9_000)],
        text("Orders 6 and 7 are refunded; order 8 was not approved."),
    ]
)
agent = Agent(model, tools=[refund])


async def main() -> None:
    """Start a run, let the team decide, and read what came of each call, in the model's order."""
    async with Runtime(subscribers=[large_refunds]) as runtime:
        run = await runtime.start(agent, "Refund orders 6, 7 and 8.")
        await finance_team(run)
        result = await run.result()
    for answer in (answer for message in result.messages for answer in message.tool_results):
        print(f"{answer.outcome}: {answer.output}")
    print(result.output)


if __name__ == "__main__":
    asyncio.run(main())
