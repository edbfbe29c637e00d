"""A line for each event, which fits the terminal if there is one."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from loopbus.bus.event import stamp
from loopbus.cli.timeline import HEAD, Timeline, elapsed
from loopbus.events import Event, MessageInjected, RunFinished, ToolFinished, TurnStarted, user

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    """A stream with somebody who looks at it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch) -> int:
    """How wide the terminal is."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return 80


def placed(event: Event, seq: int = 7, at: float = 101.5, cause: int = 3) -> Event:
    """An event with its place in a run that began at 100."""
    stamp(event, "run", seq, at, cause)
    return event


def test_a_line_says_place_cause_time_and_what() -> None:
    """In columns, under their heads."""
    line = Timeline(100.0, io.StringIO()).line(placed(TurnStarted(turn=2)))
    assert f"{HEAD}\n{line}" == (
        " seq cause     time  event             what\n   7     3   +1.500  TurnStarted       turn 2\n"
    )


def test_the_first_event_has_no_cause_and_one_to_come_no_place() -> None:
    """What is not known is left blank."""
    timeline = Timeline(100.0, io.StringIO())
    assert timeline.line(placed(TurnStarted(turn=1), 1, 100.0, 0)).split() == [
        "1",
        "+0.000",
        "TurnStarted",
        "turn",
        "1",
    ]
    assert timeline.line(TurnStarted(turn=1)).startswith(" " * 21 + "TurnStarted ")


def test_in_a_pipe_an_event_is_one_line(columns: int) -> None:
    """However long it is, so that it can be searched; and without colours."""
    line = Timeline(100.0, io.StringIO()).line(placed(RunFinished(status="failed", output="word " * 60)))
    assert (line.count("\n"), "\x1b" in line) == (1, False)
    assert len(line) > 300


@given(st.text(st.characters(codec="utf-8"), max_size=120))
def test_on_a_terminal_every_line_fits(said: str) -> None:
    """Wide characters take two columns, and what is said is all there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        text = ESCAPE.sub("", Timeline(100.0, Terminal()).line(placed(MessageInjected(message=user(said or "x")))))
    first, *others = text.splitlines()
    assert all(cell_len(line) <= 80 for line in (first, *others))
    assert all(line.startswith(" " * HEAD.index("what")) for line in others)


def test_colours_say_how_it_went(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, unless its owner wants none."""
    failed = placed(RunFinished(status="failed"))
    assert Timeline(100.0, Terminal()).line(failed).startswith("\x1b[31m")
    denied = placed(ToolFinished(call_id="1", name="f", outcome="denied", output=""))
    assert Timeline(100.0, Terminal()).line(denied).startswith("\x1b[33m")
    assert "\x1b" not in Timeline(100.0, Terminal()).line(placed(MessageInjected(message=user("x"))))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in Timeline(100.0, Terminal()).line(failed)


@pytest.mark.parametrize("name", ["stdout", "terminal"])
def test_no_terminal_is_too_narrow(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is always some room for what an event says; stdout is what is written to, unless another is named."""
    monkeypatch.setenv("COLUMNS", "10")
    monkeypatch.setattr("sys.stdout", Terminal())
    timeline = Timeline(100.0, Terminal() if name == "terminal" else None)
    assert timeline.line(placed(MessageInjected(message=user("word " * 10)))).count("\n") >= 3


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "+0.000"),
        (-3600.0, "-1h00m"),
        (999.9994, "+999.999"),
        (1000.0, "+16m40s"),
        (3 * 3600 + 62, "+3h01m"),
        (3 * 86400 + 5 * 3600.0, "+3d05h"),
        (-0.25, "-0.250"),
    ],
)
def test_times_are_as_exact_as_there_is_room(seconds: float, words: str) -> None:
    """An approval may take days; a clock may go back."""
    assert elapsed(seconds) == words


@given(st.floats(-8e7, 8e7))
def test_a_time_has_its_column(seconds: float) -> None:
    """For two years at least."""
    assert len(elapsed(seconds)) <= 8
