"""A turn with openai-agents."""
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportUntypedBaseClass=false
# pyright: reportUntypedFunctionDecorator=false

from collections.abc import Awaitable, Callable
from typing import Any

from agents import Agent, Runner, function_tool, set_tracing_disabled
from agents.items import ModelResponse
from agents.models.interface import Model
from agents.usage import Usage
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

DISTRIBUTION = "openai-agents"


@function_tool
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


class Scripted(Model):
    def __init__(self, turns: int) -> None:
        self._turns = turns

    async def get_response(self, system_instructions: Any, input: Any, *_: object, **__: object) -> ModelResponse:
        turn = len(input) // 2 + 1
        return ModelResponse(output=[_item(turn, turn == self._turns)], usage=Usage(), response_id=None)

    def stream_response(self, *_: object, **__: object) -> Any:
        raise AssertionError("the run does not stream")


def _item(turn: int, final: bool) -> Any:
    if not final:
        arguments = f'{{"a": 17, "b": {turn}}}'
        return ResponseFunctionToolCall(
            id=f"item_{turn}", call_id=f"call_{turn}", name="add", arguments=arguments, type="function_call"
        )
    text = ResponseOutputText(text="42", type="output_text", annotations=[])
    return ResponseOutputMessage(id="answer", content=[text], role="assistant", status="completed", type="message")


def turn(turns: int) -> Callable[[str], Awaitable[str]]:
    set_tracing_disabled(True)
    agent = Agent(name="agent", model=Scripted(turns), tools=[add])

    async def run(prompt: str) -> str:
        return (await Runner.run(agent, prompt, max_turns=turns)).final_output

    return run
