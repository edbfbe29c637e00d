"""A turn with agno."""
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportUntypedBaseClass=false
# pyright: reportUntypedFunctionDecorator=false

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from agno.agent import Agent
from agno.models.base import Model
from agno.models.response import ModelResponse

DISTRIBUTION = "agno"


async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


@dataclass
class Scripted(Model):
    id: str = "scripted"
    turns: int = 0

    async def ainvoke(self, messages: list[Any], *_: object, **__: object) -> ModelResponse:
        turn = sum(1 for message in messages if message.role == "tool") + 1
        if turn == self.turns:
            return ModelResponse(role="assistant", content="42")
        function = {"name": "add", "arguments": f'{{"a": 17, "b": {turn}}}'}
        call = {"id": f"call_{turn}", "type": "function", "function": function}
        return ModelResponse(role="assistant", tool_calls=[call])

    def invoke(self, *_: object, **__: object) -> Any:
        raise AssertionError("the loop is asynchronous and does not stream")

    invoke_stream = ainvoke_stream = invoke

    def _parse_provider_response(self, response: ModelResponse, **_: object) -> ModelResponse:
        return response

    def _parse_provider_response_delta(self, response: ModelResponse) -> ModelResponse:
        return response


def turn(turns: int) -> Callable[[str], Awaitable[str]]:
    agent = Agent(model=Scripted(turns=turns), tools=[add], telemetry=False)

    async def run(prompt: str) -> str:
        return (await agent.arun(prompt)).content

    return run
