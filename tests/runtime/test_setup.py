"""Runs that ask in the same way have the same setup in their first event; others have another."""

from types import MappingProxyType
from typing import Any

import pytest

from loopbus.backends import Scripted, Settings
from loopbus.events import RunStarted
from loopbus.runtime import Agent, Limits, Runtime
from loopbus.runtime.setup import setup_of
from loopbus.tools import tool


def made(**options: Any) -> Agent[Any]:
    """An agent."""
    return Agent(Scripted(["yes"]), **options)


@tool
async def look(at: str) -> str:
    """Look at something."""
    return at


@tool(name="look")
async def look_closely(at: str, closely: bool = True) -> str:
    """Look at something."""
    return at


def test_what_is_not_sent_makes_no_difference() -> None:
    """Names, limits, the model itself, and the instructions, which may change with each turn."""
    assert setup_of(made(tools=[look])) == setup_of(
        Agent("local", "Be brief.", [look], name="other", limits=Limits(turns=1))
    )


@pytest.mark.parametrize(
    "options",
    [
        {"tools": [look]},
        {"tools": [look_closely]},
        {"settings": Settings(temperature=0.5)},
        {"settings": Settings(extra_body={"top_a": [1, {"x": None}]})},
        {"settings": Settings(extra_body=MappingProxyType({"top_a": 1}))},
        {"output": int},
        {"output": list[int]},
    ],
)
def test_what_is_sent_makes_one(options: dict[str, Any]) -> None:
    """Each of these another."""
    assert setup_of(made(**options)) != setup_of(made())
    assert setup_of(made(**options)) == setup_of(made(**options))
    assert setup_of(made(tools=[look])) != setup_of(made(tools=[look_closely]))


async def test_it_is_in_the_first_event_and_in_the_state() -> None:
    """Under limits of the run's own too."""
    agent = made(tools=[look])
    async with Runtime() as runtime:
        for limits in (None, Limits(turns=2)):
            run = await runtime.start(agent, "go", limits=limits)
            await run.outcome()
            assert isinstance(run.log[0], RunStarted)
            assert run.log[0].setup == run.state.setup == setup_of(agent)
