"""A loop that stands still is noticed while it stands, with the name of what has it."""

import asyncio
import logging
import threading
import time

import pytest

from loopbus.backends import call, text
from loopbus.bus import Event, LoopBlocked, Recorder
from loopbus.bus.guest import Watch
from loopbus.runtime.watchdog import Watchdog
from loopbus.tools import tool

from ..faults.house import PATIENCE_S, agent, house, settle

SAID = "the event loop has stood still"


class Said(logging.Handler):
    """Sets an event when a log line comes, from whatever thread."""

    def __init__(self) -> None:
        super().__init__()
        self.line = threading.Event()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self.line.set()

    def wait_for(self, words: str, count: int = 1, patience_s: float = PATIENCE_S) -> bool:
        """Block until so many lines end with these words: a busy machine's loop stands still for other reasons too."""
        while sum(line.endswith(words) for line in tuple(self.lines)) < count:
            if not self.line.wait(patience_s):
                return False
            self.line.clear()
        return True


@pytest.fixture
def said() -> "Said":
    """What the runtime logs."""
    return Said()


@pytest.fixture(autouse=True)
def listening(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hear the runtime's log."""
    monkeypatch.setattr(logging.getLogger("loopbus.runtime"), "handlers", [said])


async def test_a_tool_that_blocks_the_loop_is_named_while_it_blocks_it(said: Said) -> None:
    """In the log at once, by a thread of the watchdog's own; as an event when the loop turns again."""

    @tool
    async def block() -> str:
        """Hold the loop until somebody has noticed."""
        for _ in range(100):
            if said.wait_for("it is in tool block", patience_s=0.2):
                return "moved on"
            # It stood still before this tool had it, which was said; when it has turned, it is this tool's doing.
            await asyncio.sleep(0.02)
        raise AssertionError("nobody noticed")

    recorder = Recorder()
    async with house(subscribers=[recorder], blocked_s=0.02) as tested:
        assert (await tested.outcome(agent(call("block"), text("done"), tools=[block]))).output == "done"
        blocked = await recorder.expect(LoopBlocked.where(culprit="tool block"))
    assert blocked.blocked_s > 0.02
    assert all(line.startswith(SAID) for line in said.lines)


async def test_each_time_is_said_once_and_nobody_is_blamed_without_proof(said: Said) -> None:
    """However often it looks while the loop stands; code of the application's own is ``unknown``."""
    published: list[Event] = []
    watchdog = Watchdog(Watch(), published.append, 0.02)
    watchdog.start()
    try:
        for times in (1, 2):
            assert said.wait_for("unknown", times)
            # The loop goes on to stand for as long as the watchdog takes to look several times more.
            time.sleep(0.03)  # noqa: ASYNC251 - to block the loop is the test
            await settle(lambda expected=times: len(published) >= expected)
    finally:
        watchdog.stop()
    assert {event.culprit for event in published if isinstance(event, LoopBlocked)} == {"unknown"}
    # A last one may have been said that the loop had no turn left for.
    assert len(said.lines) - len(published) in (0, 1)


async def test_a_watchdog_that_stops_leaves_nothing() -> None:
    """Its thread has ended when it returns, and its timer beats no more; one that never began may be stopped."""
    before = set(threading.enumerate())
    watchdog = Watchdog(Watch(), lambda _: None, 0.5)
    watchdog.stop()
    watchdog = Watchdog(Watch(), lambda _: None, 0.5)
    watchdog.start()
    assert {thread.name for thread in set(threading.enumerate()) - before} == {"loopbus-watchdog"}
    watchdog.stop()
    assert set(threading.enumerate()) - before == set()
