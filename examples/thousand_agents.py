"""Run a thousand agents at once in one process, on one event loop, and say what that costs.

Run it with ``python examples/thousand_agents.py``.
"""

import asyncio
import resource
import time

from loopbus import Agent, Runtime, tool
from loopbus.backends import Scripted, call, text
from loopbus.events import RunFinished

AGENTS, TURNS, MODEL_S = 1_000, 5, 0.05


@tool
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


# Every run begins the script anew. The model thinks for 50 ms, so that is what each turn should take.
model = Scripted(
    [call("add", a=turn, b=1) for turn in range(TURNS - 1)] + [text("done")], per_run=True, delay_s=MODEL_S
)
agent = Agent(model, tools=[add])


async def main() -> None:
    """Start them all, wait for them all; one observer watches every run."""
    finished = 0
    async with Runtime() as runtime:

        @runtime.observe(RunFinished.where(status="completed"))
        def count(event: RunFinished) -> None:
            nonlocal finished
            finished += 1

        began, cpu = time.perf_counter(), time.process_time()
        runs = [await runtime.start(agent, f"question {number}") for number in range(AGENTS)]
        for run in runs:
            await run.result()
        wall_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    print(f"{finished} of {AGENTS} runs completed, {sum(len(run.log) for run in runs)} events")
    print(
        f"wall {wall_s:.2f} s, of which the model took {TURNS * MODEL_S:.2f} s; CPU {cpu_s / AGENTS * 1e3:.2f} ms a run"
    )
    print(f"peak memory of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    asyncio.run(main())
