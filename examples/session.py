"""Go on with a conversation: by a session's name, or by handing an earlier result's messages over.

Run it with ``python examples/session.py``.
"""

import asyncio

from loopbus import Agent, LimitReached, Limits, Runtime, tool
from loopbus.backends import Request, Scripted, call
from loopbus.events import ToolCall


def answer(request: Request) -> str | ToolCall:
    """Stand in for a model: this one goes by what was said before."""
    said = [message.text for message in request.messages if message.role == "user"]
    if "count" in said[-1] and request.tools:
        return call("tick")
    return f"You have told me {len(said)} things; the first was {said[0]!r}."


@tool
async def tick() -> str:
    """Count on."""
    return "one more"


agent = Agent(Scripted(answer), instructions="Remember what you are told.", tools=[tick])


async def main() -> None:
    """Talk to two people at once, then continue a run that was stopped by a limit."""
    async with Runtime() as runtime:
        # Two people talk at the same time; each has a conversation of their own.
        for prompt in ("I am Ada.", "Who am I?"):
            async with asyncio.TaskGroup() as people:
                ada = people.create_task(runtime.run(agent, prompt, session="ada"))
                people.create_task(runtime.run(agent, f"Hello. {prompt}", session="bob"))
        print("ada:", ada.result().output)

        # A run that is stopped leaves a whole conversation: every tool call in it is answered, so it can go on.
        try:
            await runtime.run(agent, "Please count for ever.", limits=Limits(turns=2))
        except LimitReached as stopped:
            print(f"stopped: {stopped}")
            result = await runtime.run(agent, "Enough.", messages=stopped.result.messages)
            print("then:", result.output)


if __name__ == "__main__":
    asyncio.run(main())
