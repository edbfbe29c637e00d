"""A turn with selectools."""
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportUntypedBaseClass=false
# pyright: reportUntypedFunctionDecorator=false

from collections.abc import Awaitable, Callable
from typing import Any

from selectools import Agent, AgentConfig, tool
from selectools.types import Message, Role, ToolCall
from selectools.usage import UsageStats

DISTRIBUTION = "selectools"
NO_USAGE = UsageStats(
    prompt_tokens=0, completion_tokens=0, total_tokens=0, cost_usd=0.0, model="scripted", provider="scripted"
)


@tool(description="Add two whole numbers.")
async def add(a: int, b: int) -> str:
    return str(a + b)


class Scripted:
    name = "scripted"
    supports_streaming = False
    supports_async = True

    def __init__(self, turns: int) -> None:
        self._turns = turns

    async def acomplete(self, *, messages: list[Message], **_: object) -> tuple[Message, UsageStats]:
        turn = len(messages) // 2 + 1
        if turn == self._turns:
            return Message(role=Role.ASSISTANT, content="42"), NO_USAGE
        call = ToolCall(tool_name="add", parameters={"a": 17, "b": turn}, id=f"call_{turn}")
        return Message(role=Role.ASSISTANT, content="", tool_calls=[call]), NO_USAGE

    def complete(self, **_: object) -> Any:
        raise AssertionError("the loop is asynchronous")

    stream = astream = complete


def turn(turns: int) -> Callable[[str], Awaitable[str]]:
    async def run(prompt: str) -> str:
        agent = Agent(tools=[add], provider=Scripted(turns), config=AgentConfig(max_iterations=turns))
        return (await agent.arun(prompt)).content

    return run
