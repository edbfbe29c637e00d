"""The floor of many runs at once: the loop by hand, a task for each run, with a model that takes its time."""

import asyncio
from typing import Any

from .turn_floor import Messages, run, scripted


async def crowd(runs: int, turns: int, delay_s: float) -> object:
    """Run ``runs`` loops at once and return their conversations."""
    reply = scripted(turns)

    async def model(messages: Messages) -> dict[str, Any]:
        await asyncio.sleep(delay_s)
        return await reply(messages)

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(run(model, "What is 17 + 25?")) for _ in range(runs)]
    conversations = [task.result() for task in running]
    assert all(messages[-1]["content"] == "42" for messages in conversations)
    return conversations
