"""Stream a run to several readers: one types the answer out as it is written, one only wants the facts.

Run it with ``python examples/streaming.py``.
"""

import asyncio
from collections.abc import AsyncIterator

from loopbus import Agent, Run, Runtime, tool
from loopbus.backends import Scripted, call, text
from loopbus.events import RunFinished, TextDelta, ToolFinished, ToolProgress


@tool
async def count_words(title: str) -> AsyncIterator[str | int]:
    """Count the words of a book. What it yields is progress; the last item is the result."""
    for page in (1, 2, 3):
        yield f"page {page} of 3 of {title}"
    yield 1_234


# Another model is another name: Agent("local", ...), Agent("openai:gpt-5.2", ...), Agent("ollama:qwen3", ...).
model = Scripted(
    [call("count_words", title="Walden"), text("Walden has 1,234 words. That is a short book, or a long page.")],
    stream="words",
    piece_delay_s=0.01,
)
agent = Agent(model, tools=[count_words])


async def typewriter(run: Run) -> None:
    """Print what is written while it is written; with ``ephemeral`` the pieces come between the facts."""
    async for event in run.events(ephemeral=True):
        match event:
            case ToolProgress():
                print(f"  [{event.name}: {event.message}]")
            case ToolFinished():
                print(f"  [{event.name}: {event.output}]")
            case TextDelta():
                print(event.text, end="", flush=True)
            case RunFinished():
                print(f"\n{event.status} after {event.turns} turns")
            case _:
                pass


async def facts(run: Run) -> list[str]:
    """Collect the durable events: each reader sees every one of them once, in order, whenever it came."""
    return [f"{event.seq} {event.event_name}" async for event in run.events()]


async def main() -> None:
    """Start a run and read it twice at once, then once more when it is over."""
    async with Runtime() as runtime:
        run = await runtime.start(agent, "How long is Walden?")
        async with asyncio.TaskGroup() as readers:
            early = readers.create_task(facts(run))
            readers.create_task(typewriter(run))
        late = await facts(run)
    print(f"early and late reader saw the same {len(late)} events: {early.result() == late}")


if __name__ == "__main__":
    asyncio.run(main())
