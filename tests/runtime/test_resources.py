"""What only one tool call at a time may use is used by one at a time, among all runs, first come, first served."""

import asyncio

import pytest

from loopbus.backends import call, text
from loopbus.runtime.resources import Resources
from loopbus.tools import tool

from ..bus.clock import turns
from ..faults.house import agent, house


async def hold(resources: Resources, name: str, who: str, order: list[str], gate: asyncio.Event) -> None:
    """Hold a resource until the gate is open."""
    async with resources.holding(name):
        order.append(f"+{who}")
        await gate.wait()
        order.append(f"-{who}")


async def test_those_who_wait_are_served_in_their_order() -> None:
    """One at a time; another resource is nobody's business here."""
    resources, gate, order = Resources(), asyncio.Event(), list[str]()
    async with asyncio.TaskGroup() as group:
        for who in "abc":
            group.create_task(hold(resources, "printer", who, order, gate))
        group.create_task(hold(resources, "scanner", "x", order, gate))
        await turns()
        assert order == ["+a", "+x"]
        gate.set()
    assert [each for each in order if "x" not in each] == ["+a", "-a", "+b", "-b", "+c", "-c"]


async def test_giving_up_the_wait_leaves_the_queue() -> None:
    """The next one is served in its place."""
    resources, gate, order = Resources(), asyncio.Event(), list[str]()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(hold(resources, "printer", who, order, gate)) for who in "abc"]
        await turns()
        tasks[1].cancel()
        await turns()
        gate.set()
    assert order == ["+a", "-a", "+c", "-c"]


async def test_a_lock_is_kept_only_while_somebody_wants_it() -> None:
    """Names may be made up freely: nothing is left of them, also where the holder failed."""
    resources = Resources()
    for number in range(100):
        with pytest.raises(ZeroDivisionError):
            async with resources.holding(f"order {number}"):
                raise ZeroDivisionError
    assert resources._locks == {}  # pyright: ignore[reportPrivateUsage] - what is not there has no other face


async def test_tools_of_different_runs_take_turns() -> None:
    """The resource is the runtime's, not the run's."""
    inside, most = 0, 0

    @tool(resource="printer")
    async def print_out() -> str:
        """Print."""
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await turns()
        inside -= 1
        return "printed"

    async with house() as tested:
        script = [[call("print_out"), call("print_out")], text("done")]
        printing = agent(*script, tools=[print_out], scripted={"per_run": True})
        runs = [await tested.start(printing) for _ in range(3)]
        for run in runs:
            await run.result()
    assert (inside, most) == (0, 1)
