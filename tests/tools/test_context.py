"""What a tool may do with its context, on the loop and beside it."""

import asyncio
from dataclasses import dataclass

from loopbus.events.custom import Custom
from loopbus.tools import ToolContext


class Shipped(Custom, name="tests.tools.shipped"):
    """Published by the tests of the tool context."""

    order: int


@dataclass
class Shop:
    name: str


class Ear:
    """Keeps what it hears, and says whether it heard it on the loop's thread."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    async def emit(self, event: Custom) -> None:
        self.heard.append(event)

    def emit_nowait(self, event: Custom) -> None:
        asyncio.get_running_loop()
        self.heard.append(event)

    def progress(self, message: str, fraction: float | None) -> None:
        asyncio.get_running_loop()
        self.heard.append((message, fraction))

    def context(self) -> ToolContext[Shop]:
        return ToolContext(
            "run-1", "call-2", Shop("shoes"), emit=self.emit, emit_nowait=self.emit_nowait, progress=self.progress
        )


def test_it_says_which_call_it_is() -> None:
    """The key is the same for every attempt at this call, and another one for any other call."""
    context = ToolContext("run-1", "call-2", Shop("shoes"))
    assert (context.run_id, context.call_id, context.deps.name) == ("run-1", "call-2", "shoes")
    assert context.idempotency_key == "run-1:call-2" == ToolContext("run-1", "call-2", None).idempotency_key


async def test_its_powers_are_the_ones_it_was_given() -> None:
    """``emit``, ``emit_nowait`` and ``progress`` reach whoever gave them, at once and in order."""
    ear = Ear()
    context = ear.context()
    await context.emit(Shipped(order=1))
    context.emit_nowait(Shipped(order=2))
    context.progress("packing", 0.5)
    context.progress("sent")
    assert ear.heard == [Shipped(order=1), Shipped(order=2), ("packing", 0.5), ("sent", None)]


async def test_from_a_thread_they_arrive_on_the_loop() -> None:
    """A sync tool's progress and events are handed over to the loop's own thread, in order."""
    ear = Ear()
    context = ear.context()

    def work() -> None:
        context.progress("packing", 0.5)
        context.emit_nowait(Shipped(order=1))

    await asyncio.to_thread(work)
    await asyncio.sleep(0)
    assert ear.heard == [("packing", 0.5), Shipped(order=1)]


def test_after_the_loop_is_closed_they_do_nothing() -> None:
    """A thread that outlives its run may go on reporting; nobody hears it, and nothing is raised."""
    ear = Ear()

    async def make() -> ToolContext[Shop]:
        return ear.context()

    context = asyncio.run(make())
    asyncio.run(asyncio.to_thread(context.progress, "still here"))
    assert ear.heard == []


def test_without_a_loop_and_without_powers_it_is_quiet() -> None:
    """A tool can be tested by itself, with a context that leads nowhere."""
    context = ToolContext("run", "call", None)
    context.emit_nowait(Shipped(order=1))
    context.progress("packing")
    asyncio.run(context.emit(Shipped(order=1)))
    asyncio.run(asyncio.to_thread(context.progress, "from a thread"))


def test_it_says_when_nobody_waits_any_more() -> None:
    """A sync tool that polls ``cancelled`` sees it turn true."""
    context = ToolContext("run", "call", None)
    assert not context.cancelled
    context.cancel()
    assert context.cancelled
