"""A terminal that moves stays tidy."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from loopbus.events import ToolRequested
from loopbus.handlers.observers.terminal.live import LiveScreen
from loopbus.handlers.observers.terminal.progress import Progress, Result
from loopbus.handlers.printable import printable

from .terminal import Terminal


@pytest.fixture(autouse=True)
def a_known_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rich asks the environment before it asks a terminal that is none."""
    set_size(monkeypatch, 80, 24)


def set_size(monkeypatch: pytest.MonkeyPatch, width: int, height: int) -> None:
    """Say how large the terminal is."""
    for name, value in (("COLUMNS", width), ("LINES", height), ("TERM", "xterm-256color")):
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("NO_COLOR", raising=False)


def a_run(number: int = 1, tail: str = "", calls: int = 0) -> Progress:
    """A run in the middle of its first turn."""
    run = Progress(f"abc-{number}", began=0.0, turn=1, tokens=1290, tail=tail)
    for call in range(calls):
        run.open(ToolRequested(call_id=f"c{call}", name="look", arguments={"at": call}, at=0.0))
    return run


def test_a_message_is_shown_while_it_is_written_and_once_when_it_is_done() -> None:
    """What moved is gone when the whole message is there, and the cursor is back."""
    terminal = Terminal()
    screen = LiveScreen(terminal)
    run = a_run()
    screen.begin({"abc-1": run})
    for word in ("The ", "answer ", "is"):
        run.hear(word, anew=False)
        screen.redraw()
    assert terminal.visible[0] == "The answer is"
    assert "turn 1, 1,290 tokens" in terminal.visible[1]
    assert not terminal.cursor_is_visible
    run.tail = ""
    screen.show(run, "text", "The answer is 42.")
    screen.end()
    assert terminal.text == "The answer is 42."
    assert terminal.cursor_is_visible


def test_a_long_message_leaves_no_gap_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was drawn last is drawn anew before anything is put above it."""
    set_size(monkeypatch, 80, 10)
    terminal = Terminal(height=10)
    screen = LiveScreen(terminal)
    run = a_run(tail="word " * 500)
    screen.begin({"abc-1": run})
    screen.redraw()
    run.tail = ""
    screen.show(run, "text", "done " * 40)
    screen.show(run, "good", "completed")
    screen.end()
    assert terminal.text.splitlines() == [
        "done " * 15 + "done",
        "done " * 15 + "done",
        "done " * 7 + "done",
        "✓ completed",
    ]


@settings(max_examples=40)
@given(
    width=st.integers(20, 120),
    height=st.integers(2, 30),
    tails=st.lists(st.text(alphabet="ab 這🦊\n", max_size=900), min_size=1, max_size=12),
    calls=st.integers(0, 6),
)
def test_never_more_lines_than_the_terminal_has(width: int, height: int, tails: list[str], calls: int) -> None:
    """However many runs, tools and words there are; and no line is wider than the terminal."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        set_size(monkeypatch, width, height)
        terminal = Terminal(width, height)
        screen = LiveScreen(terminal)
        runs = {f"abc-{number}": a_run(number, tail, calls) for number, tail in enumerate(tails)}
        screen.begin(runs)
        try:
            screen.redraw()
            assert len(terminal.lines) <= height
            assert all(cell_len(line) <= width for line in terminal.lines)
            assert "turn 1" in terminal.visible[-1] or "... and" in terminal.visible[-1]
        finally:
            screen.end()
        assert terminal.text == ""


def test_all_runs_have_their_share_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line that says how far a run is says which; what does not fit is a number."""
    set_size(monkeypatch, 80, 13)
    terminal = Terminal(height=13)
    screen = LiveScreen(terminal)
    screen.begin({f"abc-{number}": a_run(number, tail="some words") for number in range(20)})
    screen.redraw()
    assert [line[:4] for line in terminal.visible if "turn" in line] == [f"[{number}] " for number in range(6)]
    assert terminal.visible[-1] == "... and 14 more runs"
    screen.end()


def test_running_tools_are_shown_with_what_they_say() -> None:
    """One line each, between the message and how far the run is."""
    terminal = Terminal()
    screen = LiveScreen(terminal)
    run = a_run(calls=2)
    run.calls["c0"].doing = "step 3 40%"
    screen.begin({"abc-1": run})
    screen.redraw()
    assert "look(at=0) step 3 40%" in terminal.visible[0]
    assert "look(at=1)" in terminal.visible[1]
    screen.end()


def test_a_result_is_a_panel_with_what_it_took() -> None:
    """A long one is cut and says by how much."""
    terminal = Terminal()
    screen = LiveScreen(terminal)
    screen.show_result(a_run(), Result("add(a=17, b=25)", "ok", 0.25, "42"))
    assert terminal.text.splitlines() == [
        "╭─ add(a=17, b=25) ─╮",
        "│ 42                │",
        "╰────── ok, 0.25 s ─╯",
    ]
    screen.show_result(a_run(), Result("list()", "error", 1, "\n".join(f"line {number}" for number in range(100))))
    assert "line 11 " in terminal.text
    assert "line 12 " not in terminal.text
    assert "... 88 more lines" in terminal.text


def test_a_result_in_wide_characters_keeps_its_frame() -> None:
    """The right border is straight, whatever the script, and a long title does not break it."""
    terminal = Terminal(width=40)
    with pytest.MonkeyPatch.context() as monkeypatch:
        set_size(monkeypatch, 40, 24)
        screen = LiveScreen(terminal)
        screen.show_result(a_run(), Result("search(query=" + "這是一個測試" * 20 + ")", "ok", 1, "🦊 測試 " * 30))
    widths = {cell_len(line.rstrip()) for line in terminal.lines if line.strip()}
    assert widths == {40}


def test_what_a_model_says_is_no_markup_and_no_command() -> None:
    """Brackets, emoji codes and escape sequences are shown as they are written."""
    terminal = Terminal()
    screen = LiveScreen(terminal)
    run = a_run(tail=printable("[red]hi[/red] :smile: \x1b[2J"))
    screen.begin({"abc-1": run})
    screen.redraw()
    screen.show(run, "text", printable("[bold]x[/] :fox: \x1b]0;title\x07"))
    screen.end()
    assert terminal.text == "[bold]x[/] :fox: \\x1b]0;title\\x07"


def test_a_pause_takes_away_what_moves_until_it_begins_again() -> None:
    """Twice is harmless, and nothing is left of it, not even a thread."""
    terminal = Terminal()
    screen = LiveScreen(terminal)
    run = a_run(tail="hm")
    for _ in range(2):
        screen.begin({"abc-1": run})
        screen.redraw()
        assert terminal.text.startswith("hm")
        screen.end()
        screen.end()
        assert terminal.text == ""
    drawing = [thread for thread in threading.enumerate() if "Refresh" in type(thread).__name__]
    for thread in drawing:
        thread.join(5)
    assert not [thread for thread in drawing if thread.is_alive()]


def test_a_run_is_named_as_long_as_there_are_others() -> None:
    """Once there were two, everything says whose it is, until nothing goes on."""
    terminal = Terminal()
    screen = LiveScreen(terminal)
    one, two = a_run(1), a_run(2)
    screen.begin({"abc-1": one})
    screen.show(one, "text", "alone")
    screen.begin({"abc-1": one, "abc-2": two})
    screen.show(two, "note", "hello")
    screen.begin({"abc-1": one})
    screen.show(one, "text", "still tagged")
    screen.end()
    screen.begin({"abc-3": a_run(3)})
    screen.show(a_run(3), "bad", "alone again")
    screen.end()
    assert terminal.text.splitlines() == ["alone", "[2] • hello", "[1] still tagged", "✗ alone again"]
