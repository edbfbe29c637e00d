"""One run is followed to its end, however it comes."""

import asyncio
import io
import signal
from typing import Any

import pytest

from loopbus import Agent, Run, RunResult, Runtime
from loopbus.backends import Scripted
from loopbus.cli.approvals import Approvals
from loopbus.cli.errors import ReaderGone
from loopbus.cli.following import Following
from loopbus.cli.interrupts import Interrupts
from loopbus.cli.reports import Report
from loopbus.events import Event, RunFinished, RunStarted
from loopbus.handlers.observers import TerminalView


class Heard(Report):
    """A report that remembers, or fails."""

    def __init__(self, *, fails: bool = False) -> None:
        self.events: list[Event] = []
        self.results: list[RunResult[Any]] = []
        self._fails = fails

    def event(self, event: Event) -> None:
        self.events.append(event)
        if self._fails:
            raise ReaderGone("nobody reads")

    def result(self, result: RunResult[Any]) -> None:
        self.results.append(result)


class Closed(Scripted):
    """A model that counts how often it was closed."""

    closed = 0

    async def aclose(self) -> None:
        self.closed += 1


def following(report: Heard, view: TerminalView | None = None) -> Following:
    """Nobody interrupts, and nobody approves."""
    return Following(report, view, Approvals(yes=False), Interrupts())


async def say_hello(watching: Following, model: Scripted) -> int:
    """Follow a run of an agent with this model."""
    agent = Agent(model)

    async def begin(runtime: Runtime) -> Run:
        return await runtime.start(agent, "hello")

    return await watching.run(agent, begin)


async def test_every_event_is_told_in_order_and_the_result_last() -> None:
    """And the caller's own backend is closed."""
    report, model = Heard(), Closed(["hi"])
    assert await say_hello(following(report), model) == 0
    assert isinstance(report.events[0], RunStarted)
    assert isinstance(report.events[-1], RunFinished)
    assert [result.output for result in report.results] == ["hi"]
    assert model.closed == 1


async def test_a_cancellation_that_is_no_interrupt_is_passed_on() -> None:
    """Whoever cancelled wants it to end, not to answer; the run and the backend are closed."""
    report, model = Heard(), Closed(["hi"], delay_s=3600)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await say_hello(following(report), model)
    assert (report.results, model.closed) == ([], 1)


async def test_a_report_that_cannot_go_on_ends_the_run() -> None:
    """What nobody reads is not paid for."""
    report, model = Heard(fails=True), Closed(["hi"])
    with pytest.raises(ReaderGone):
        await say_hello(following(report), model)
    assert (len(report.events), model.closed) == (1, 1)


async def test_a_view_that_cannot_go_on_does_not() -> None:
    """The run is not its business."""

    class Gone(io.StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError

    report = Heard()
    assert await say_hello(following(report, TerminalView(Gone())), Scripted(["hi"])) == 0
    assert len(report.results) == 1


def test_an_interrupted_run_is_followed_to_its_end() -> None:
    """The interrupt is answered: whatever comes after it is not cancelled any more."""

    class Interrupting(Heard):
        cancelling = -1

        def event(self, event: Event) -> None:
            super().event(event)
            if isinstance(event, RunStarted):
                signal.raise_signal(signal.SIGINT)

        def result(self, result: RunResult[Any]) -> None:
            super().result(result)
            task = asyncio.current_task()
            self.cancelling = task.cancelling() if task is not None else -1

    report, interrupts = Interrupting(), Interrupts()
    watching = Following(report, None, Approvals(yes=False), interrupts)
    assert interrupts.run(say_hello(watching, Scripted(["hi"], delay_s=3600))) == 130
    assert ([result.reason for result in report.results], report.cancelling) == (["interrupted"], 0)
    assert isinstance(report.events[-1], RunFinished)
