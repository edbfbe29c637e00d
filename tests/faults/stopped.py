"""A process that is stopped in the middle of a tool: ``python -m tests.faults.stopped FILE``.

It says when it is there, waits for a line, and says how its wait for the run ended.
"""

import asyncio
import sys

from loopbus.backends import Scripted, call, text
from loopbus.runtime import Agent, Runtime
from loopbus.tools import ToolContext, tool

HELD = "held"
END = "at last"


@tool
def hold(context: ToolContext[None]) -> str:
    """Say so, and wait to be let go."""
    print(context.run_id, HELD, flush=True)
    sys.stdin.readline()
    return "let go"


AGENT = Agent(Scripted([call("hold"), text(END)], per_run=True), tools=[hold], name="held")


async def main(path: str) -> None:
    """Drive a run until it cannot be driven here."""
    async with Runtime(store=f"sqlite:///{path}") as runtime:
        run = await runtime.start(AGENT, "go")
        try:
            await run.result()
        except Exception as error:
            print(type(error).__name__)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
