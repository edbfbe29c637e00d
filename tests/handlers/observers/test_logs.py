"""Every durable event is one line of the log, and no line tells a secret."""

from typing import Any

import pytest
import structlog
from structlog.testing import CapturingLogger
from structlog.typing import FilteringBoundLogger

from loopbus import Agent, Runtime, tool
from loopbus.backends import Scripted, call, reply, text
from loopbus.bus import Event, Recorder, known_events
from loopbus.events import (
    Custom,
    Fault,
    ModelFailed,
    RunFinished,
    TextDelta,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    user,
)
from loopbus.handlers.observers import LogLines
from loopbus.handlers.observers.logs import level_of

from ..story import an_addition, stamped, started


class OrderShipped(Custom, name="test_logs.OrderShipped"):
    order: int
    api_key: str
    event: str


class Lines:
    """A logger of structlog's own making, and what it was told."""

    def __init__(self) -> None:
        self.told = CapturingLogger()
        self.logger: FilteringBoundLogger = structlog.wrap_logger(
            self.told, processors=[], wrapper_class=structlog.make_filtering_bound_logger("debug")
        )

    def fields(self) -> list[dict[str, Any]]:
        """The fields of each line, with its level."""
        return [{**line.kwargs, "level": line.method_name} for line in self.told.calls]


@pytest.fixture
def lines() -> Lines:
    """Nothing is logged yet."""
    return Lines()


def test_each_event_is_one_line_with_its_place_in_the_run(lines: Lines) -> None:
    """Run, seq and cause of every line lead back to the event."""
    log = LogLines(lines.logger)
    events = an_addition()
    for event in events:
        log(event)
    told = lines.fields()
    assert [(line["event"], line["run_id"], line["seq"], line["cause"]) for line in told] == [
        (event.event_name, event.run_id, event.seq, event.cause) for event in events
    ]
    assert told[6] | {"level": ""} == {
        "event": "ToolFinished", "run_id": "abc-1", "seq": 7, "cause": 6, "call_id": "c1", "name": "add",
        "outcome": "ok", "blame": None, "elapsed_s": 0.25, "full_size": None, "level": "",
    }  # fmt: skip


def test_what_was_said_is_logged_only_if_it_is_wanted(lines: Lines) -> None:
    """Prompts, replies, arguments and results are content; with ``content`` they come, cut."""
    for log in (LogLines(lines.logger), LogLines(lines.logger, content=True, characters=12)):
        for event in (*stamped(started("Tell nobody " * 50)), *an_addition()[4:6]):
            log(event)
    quiet, loud = str(lines.fields()[:3]), str(lines.fields()[3:])
    assert "Tell" not in quiet
    assert "17" not in quiet
    assert "Tell nobody ... (600 characters)" in loud
    assert "'arguments': {'a': 17, 'b': 25}" in loud


def test_secrets_are_masked_wherever_they_are(lines: Lines) -> None:
    """In arguments by name, in error texts by shape, in an application's own events by both."""
    log = LogLines(lines.logger, content=True)
    request = ToolRequested(call_id="c", name="login", arguments={"password": "hunter2", "user": "bob"})
    failed = ModelFailed(turn=1, error=Fault("Refused", "bad key sk-abcdefgh12345678"))
    shipped = OrderShipped(order=7, api_key="planted", event="shipped")
    for event in stamped(request, failed, shipped):
        log(event)
    assert not {"hunter2", "sk-abc", "planted"} & {
        word for word in ("hunter2", "sk-abc", "planted") if word in str(lines.fields())
    }
    assert lines.fields()[0]["arguments"] == {"password": "***", "user": "bob"}


def test_an_applications_own_events_are_logged_whole(lines: Lines) -> None:
    """A field that is named like something of structlog's gets another name instead of a crash."""
    LogLines(lines.logger)(*stamped(OrderShipped(order=7, api_key="x", event="shipped")))
    (line,) = lines.fields()
    assert (line["event"], line["event_"], line["order"], line["level"]) == (
        "test_logs.OrderShipped", "shipped", 7, "info",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (started(), "info"),
        (ToolStarted(call_id="c", name="t"), "debug"),
        (ToolFinished(call_id="c", name="t", outcome="ok", output=""), "info"),
        (ToolFinished(call_id="c", name="t", outcome="denied", output=""), "warning"),
        (ModelFailed(turn=1, error=Fault("Busy", "later")), "error"),
        (RunFinished(status="completed"), "info"),
        (RunFinished(status="failed"), "error"),
        (RunFinished(status="limit"), "warning"),
        (RunFinished(status="cancelled"), "warning"),
    ],
)
def test_a_line_is_as_loud_as_what_happened(event: Event, level: str) -> None:
    """Failures are errors, what a run survives is a warning, steps are for debugging."""
    assert level_of(event) == level


def test_deltas_are_not_even_heard() -> None:
    """Nothing is made for a log that would not write it."""
    hears = LogLines().hears
    assert not any(issubclass(TextDelta, heard) for heard in hears)
    durable = [each for each in known_events() if each.durable]
    assert [each for each in durable if not issubclass(each, hears)] == []


async def test_it_is_attached_by_one_line(lines: Lines) -> None:
    """A whole run of a runtime, in order, and nothing is said twice."""

    @tool
    async def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    recorder = Recorder()
    model = Scripted([reply(call("add", a=1, b=2)), text("3")], stream="words")
    async with Runtime(subscribers=[LogLines(lines.logger), recorder]) as runtime:
        await runtime.run(Agent(model, tools=[add]), user("1 + 2?"))
    durable = [event.seq for event in recorder.events if event.durable]
    assert [line["seq"] for line in lines.fields()] == durable == list(range(1, len(durable) + 1))


def test_the_default_logger_is_structlogs() -> None:
    """However the application has configured it."""
    with structlog.testing.capture_logs() as told:
        LogLines()(*stamped(started()))
    assert (told[0]["event"], told[0]["agent"], told[0]["log_level"]) == ("RunStarted", "adder", "info")
