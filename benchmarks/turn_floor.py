"""The floor of a turn: an agent's loop by hand, over dicts, with nothing around it.

It does what no loop can leave out: ask the model, validate the arguments of the call with pydantic, await the tool,
write its result as JSON, remember both messages. It has no events, no errors and no limits. Of the ways from JSON text
to keyword arguments it takes the shortest; ``run_plain`` takes the one that most people write.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

Messages = list[dict[str, Any]]
Model = Callable[[Messages], Awaitable[dict[str, Any]]]


class ByHand(NamedTuple):
    """A tool: what checks its arguments, and the function."""

    arguments: type[BaseModel]
    function: Callable[..., Awaitable[object]]


class AddArguments(BaseModel):
    """What ``add`` takes."""

    a: int
    b: int


async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


TOOLS = {"add": ByHand(AddArguments, add)}


def scripted(turns: int) -> Model:
    """A model that asks for ``add`` in every turn but the last and then answers. Any number of runs may share it."""

    async def model(messages: Messages) -> dict[str, Any]:
        turn = len(messages) // 2 + 1
        if turn == turns:
            return {"role": "assistant", "content": "42"}
        function = {"name": "add", "arguments": f'{{"a": 17, "b": {turn}}}'}
        call = {"id": f"call_{turn}", "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}

    return model


async def run(model: Model, prompt: str, tools: Mapping[str, ByHand] = TOOLS) -> Messages:
    """Run to the model's answer and return the conversation."""
    messages: Messages = [{"role": "user", "content": prompt}]
    while True:
        reply = await model(messages)
        messages.append(reply)
        calls = reply.get("tool_calls")
        if not calls:
            return messages
        for call in calls:
            function = call["function"]
            tool = tools[function["name"]]
            arguments = tool.arguments.model_validate_json(function["arguments"])
            result = await tool.function(**arguments.__dict__)
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": json.dumps(result)})


async def run_plain(model: Model, prompt: str, tools: Mapping[str, ByHand] = TOOLS) -> Messages:
    """The same, but the arguments are parsed, then validated, then dumped."""
    messages: Messages = [{"role": "user", "content": prompt}]
    while True:
        reply = await model(messages)
        messages.append(reply)
        calls = reply.get("tool_calls")
        if not calls:
            return messages
        for call in calls:
            function = call["function"]
            tool = tools[function["name"]]
            arguments = tool.arguments.model_validate(json.loads(function["arguments"]))
            result = await tool.function(**arguments.model_dump())
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": json.dumps(result)})
