"""A real language model on this machine's CPU answers with a tool's help. This is what ``make demo`` runs.

The first run downloads the model, 0.5 GB, and keeps it. Nothing to sign up for, and no key.
"""

import asyncio

from loopbus import Agent, Runtime, tool
from loopbus.events import ModelRequested, TextDelta, ToolFinished, ToolRequested


@tool
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


@tool
async def order_status(order_id: int) -> str:
    """Tell how far a customer's order is."""
    return {7: "shipped on Monday", 12: "waiting for payment"}.get(order_id, "no such order")


agent = Agent("local", instructions="Use tools.", tools=[add, order_status])


async def ask(runtime: Runtime, prompt: str) -> None:
    """Run the agent and print what happens as it happens: every stage of the loop is an event."""
    print(f"\n> {prompt}")
    run = await runtime.start(agent, prompt)
    async for event in run.events(ephemeral=True):
        match event:
            case ModelRequested():
                print(f"  turn {event.turn}: the model is asked")
            case ToolRequested():
                print(f"  tool {event.name} is called with {dict(event.arguments)}")
            case ToolFinished():
                print(f"  tool {event.name} answers {event.output}")
            case TextDelta():
                print(event.text, end="", flush=True)
            case _:
                pass
    result = await run.result()
    print(f"\n  {result.status} after {result.turns} turns and {result.usage.total_tokens} tokens")


async def main() -> None:
    """Ask twice: the engine starts with the first question and serves the second too."""
    async with Runtime() as runtime:
        await ask(runtime, "What is 17 + 25?")
        await ask(runtime, "Where is order 7?")


if __name__ == "__main__":
    asyncio.run(main())
