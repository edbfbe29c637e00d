"""Keep a tool on a leash: a policy refuses some calls, changes others, and the model is told why.

Run it with ``python examples/veto.py``.
"""

import asyncio
from pathlib import PurePosixPath

from loopbus import Agent, Runtime, Veto, intercept, tool
from loopbus.backends import Scripted, call, text
from loopbus.events import ToolRequested

HOME = PurePosixPath("/srv/notes")


@tool
async def delete(path: str) -> str:
    """Delete a file."""
    return f"deleted {path}"


@intercept(ToolRequested.where(name="delete"), deadline_s=2, on_error="deny")
async def inside_home(event: ToolRequested) -> ToolRequested | Veto:
    """Resolve what is relative, refuse what is elsewhere. If this raises or takes too long, the call is refused."""
    path = HOME / str(event.arguments["path"])
    if ".." in path.parts or not path.is_relative_to(HOME):
        return Veto(f"only files below {HOME} may be deleted")
    return event.model_copy(update={"arguments": {"path": str(path)}})


model = Scripted(
    [
        [call("delete", path="/etc/passwd"), call("delete", path="old.txt")],
        text("I deleted the old notes. The other file is none of mine."),
    ]
)
agent = Agent(model, tools=[delete])


async def main() -> None:
    """Run with the policy; a refused call has a result like any other, so nothing waits for it."""
    async with Runtime(subscribers=[inside_home]) as runtime:
        result = await runtime.run(agent, "Tidy up.")
    for answer in (answer for message in result.messages for answer in message.tool_results):
        print(f"{answer.outcome}: {answer.output}")
    print(result.output)


if __name__ == "__main__":
    asyncio.run(main())
