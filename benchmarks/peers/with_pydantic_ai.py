"""A turn with pydantic-ai."""
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportUntypedBaseClass=false
# pyright: reportUntypedFunctionDecorator=false

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.usage import UsageLimits

DISTRIBUTION = "pydantic-ai-slim"


async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


def turn(turns: int) -> Callable[[str], Awaitable[str]]:
    async def scripted(messages: list[Any], _: object) -> ModelResponse:
        turn = len(messages) // 2 + 1
        part = TextPart("42") if turn == turns else ToolCallPart("add", {"a": 17, "b": turn})
        return ModelResponse(parts=[part])

    agent = Agent(FunctionModel(scripted), tools=[add])
    unlimited = UsageLimits(request_limit=None)

    async def run(prompt: str) -> str:
        return (await agent.run(prompt, usage_limits=unlimited)).output

    return run
