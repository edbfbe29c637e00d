"""``loopbus replay``: whether a run would go the same way today."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from loopbus import Runtime
from loopbus.cli.references import load_agent
from loopbus.events import Event

from .conftest import Command
from .logs import keep


def record(reference: str) -> Sequence[Event]:
    """Run an agent, and give the log of it."""

    async def run() -> Sequence[Event]:
        async with Runtime() as runtime:
            running = await runtime.start(load_agent(reference), "17 + 25?")
            await running.outcome()
            return running.log

    return asyncio.run(run())


@pytest.fixture
def recorded(shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run of ``shop:clerk`` in a log; the beginning of its id."""
    events = record("shop:clerk")
    monkeypatch.setenv("LOOPBUS_STORE", keep(shop, events))
    return events[0].run_id[:6]


def test_a_run_goes_the_same_way(loopbus: Command, recorded: str) -> None:
    """With the agent that it had; no model is asked and no tool is called."""
    model, tool = sys.modules["shop"].adds, sys.modules["shop"].add
    asked = len(model.requests)
    done = loopbus("replay", recorded, "--agent", "shop:clerk")
    assert (done.code, done.err) == (0, "")
    assert "goes the same way: 13 events" in done.out
    assert len(model.requests) == asked
    assert loopbus("replay", recorded, "-m", "shop:adds", "-t", "shop:add").code == 1, (
        "its name is not the recorded one"
    )
    assert tool.name == "add"


def test_a_difference_is_shown(loopbus: Command, recorded: str) -> None:
    """The event is named, and what differs; exit code 1."""
    done = loopbus("replay", recorded, "--agent", "shop:clerk", "-t", "shop:plain")
    assert (done.code, done.out) == (1, "")
    assert "goes another way at event 1" in done.err
    assert '-tools: ["add"]' in done.err


def test_only_what_a_policy_is_asked_about_can_have_been_judged(loopbus: Command, recorded: str) -> None:
    """Such a kind of event is named."""
    assert loopbus("replay", recorded, "-a", "shop:clerk", "--judged", "ToolRequested").code == 0
    done = loopbus("replay", recorded, "-a", "shop:clerk", "--judged", "TurnStarted")
    assert (done.code, "no policy is asked about" in done.err) == (2, True)


def test_without_an_agent_nothing_is_guessed(loopbus: Command, recorded: str) -> None:
    """What to give is said."""
    done = loopbus("replay", recorded)
    assert (done.code, "--agent" in done.err) == (2, True)
