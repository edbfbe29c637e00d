"""Many runs of one agent at once, in one runtime, with a model that takes its time."""

from loopbus import Runtime

from .turn import agent


async def crowd(runs: int, turns: int, delay_s: float) -> object:
    """Start ``runs`` runs, wait for all, and return them with their logs."""
    shared = agent(turns, delay_s)
    async with Runtime() as runtime:
        started = [await runtime.start(shared, "What is 17 + 25?") for _ in range(runs)]
        results = [await run.result() for run in started]
    assert all(result.output == "42" for result in results)
    return started, results
