"""What happens in a run is seen by whoever looks at the terminal."""

import io
import subprocess
import sys

import pytest

from loopbus import Agent, Runtime, tool
from loopbus.backends import Scripted, call, reply, text
from loopbus.bus import BadOption, EventsDropped, Recorder, SubscriberFailed
from loopbus.events import (
    ApprovalRequested,
    ContextCompacted,
    CostCounted,
    Event,
    FallbackChosen,
    Fault,
    LoopDetected,
    MessageInjected,
    ModelFailed,
    ModelReplied,
    RetryScheduled,
    RunFinished,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolProgress,
    TurnStarted,
    Usage,
    user,
)
from loopbus.handlers.observers import TerminalView

from ...story import BEGAN, an_addition, replied, stamped, started
from .terminal import Terminal


@pytest.fixture(autouse=True)
def a_known_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rich asks the environment what the terminal is like."""
    for name, value in (("COLUMNS", "80"), ("LINES", "24"), ("TERM", "xterm-256color")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)


@tool
async def add(a: int, b: int) -> int:
    """Add."""
    return a + b


def adder() -> Agent:
    """An agent whose model calls one tool and answers."""
    model = Scripted([reply("Let me add.", call("add", a=17, b=25), usage=Usage(10, 5)), text("It is 42.")], stream=1)
    return Agent(model, tools=[add], name="adder")


def seen(*events: Event, answers: bool = True) -> str:
    """What a plain view writes about these events."""
    pipe = io.StringIO()
    view = TerminalView(pipe, answers=answers)
    for event in events:
        view(event)
    return pipe.getvalue()


def redraw(view: TerminalView) -> None:
    """Have it draw without waiting for the next tenth of a second: it does before anything is put above."""
    view(MessageInjected(run_id="abc-1", seq=9, at=BEGAN, message=user("show me"), author="test"))


PLAIN = """\
> adder (openai:gpt-5.2): What is 17 + 25?
Let me add.
add(a=17, b=25): ok, 0.25 s
    42
It is 42.
completed (2 turns, 30 tokens, 12.0 s)
"""


def test_a_whole_run_in_plain_lines() -> None:
    """The prompt, what was said, what was called, how it ended and what it took."""
    assert seen(*an_addition()) == PLAIN


def test_the_last_words_can_be_left_to_somebody_else() -> None:
    """What was said before a tool call is still shown; a cut answer is the other's business too."""
    assert seen(*an_addition(), answers=False) == PLAIN.replace("It is 42.\n", "")
    failed = ModelFailed(turn=1, error=Fault("Broken", "cut"), partial=(Text("half"),))
    events = stamped(started(), failed)
    assert "half" in seen(*events)
    assert "half" not in seen(*events, answers=False)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (RunFinished(status="failed", error=Fault("Busy", "no")), "! failed: Busy: no (0 turns, 0 tokens, 1.0 s)"),
        (RunFinished(status="cancelled", reason="left", turns=1), "! cancelled: left (1 turn, 0 tokens, 1.0 s)"),
        (RunFinished(status="limit", reason="50 turns", turns=50), "! limit: 50 turns (50 turns, 0 tokens, 1.0 s)"),
        (ModelReplied(turn=1, content=(Thinking("hm\nhm"),), stop="end"), "~ hm\n~ hm"),
        (MessageInjected(message=user("and 8"), author="bob"), "- bob says: and 8"),
        (
            RetryScheduled(turn=1, model="openai:m", attempt=2, delay_s=1.25),
            "- openai:m failed; attempt 2 follows in 1.2 s",
        ),
        (FallbackChosen(turn=1, failed="openai:m", model="b"), "- openai:m failed; b is asked instead"),
        (
            ContextCompacted(turn=1, model="m", messages=5, first=5),
            "- too long for m; it is shown 5 messages from now on",
        ),
        (LoopDetected(names=("look", "see"), count=3), "- the same calls with the same results 3 times: look, see"),
        (
            ApprovalRequested(call_id="c", name="pay", arguments={"usd": 9}, approver="", reason="much"),
            "- waits for a person to approve pay(usd=9): much",
        ),
        (
            ApprovalRequested(call_id="c", name="pay", arguments={}, approver="bob"),
            "- waits for bob to approve pay()",
        ),
    ],
)  # fmt: skip
def test_whatever_happens_has_its_line(event: Event, line: str) -> None:
    """Ends of every kind, reasoning, people, and a model that goes round in circles."""
    assert seen(*stamped(started("go"), event.model_copy())).splitlines()[1:] == line.splitlines()


def test_the_cost_is_added_up() -> None:
    """Where a ledger is attached; an unknown price adds nothing."""
    counted = [CostCounted(model="m", usage=Usage(), cost_usd=usd) for usd in (0.25, None, 0.5)]
    assert "$0.7500" in seen(*stamped(started(), *counted, RunFinished(status="completed")))


def test_secrets_and_control_characters_stay_off_the_screen() -> None:
    """Of prompts, replies, arguments, results and errors alike."""
    evil = "\x1b]0;owned\x07 password=hunter2"
    log = [
        started(evil),
        TurnStarted(turn=1),
        replied(Text("\x1b[2J")),
        MessageInjected(message=user(evil), author="\x1b"),
        RunFinished(status="failed", error=Fault("E", evil)),
    ]
    shown = seen(*stamped(*log))
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "hunter2" not in shown


def test_a_view_that_joins_late_shows_what_is_left() -> None:
    """It knows the run from its first event on."""
    assert seen(*an_addition()[8:]) == "It is 42.\ncompleted (2 turns, 15 tokens, 4.0 s)\n"


def test_other_events_are_nothing_to_it() -> None:
    """A view may be told of everything."""
    assert seen(RunFinished(status="completed").vetoed("x") or TurnStarted(turn=1)) == ""


async def test_it_is_attached_by_one_line_and_shows_a_live_run() -> None:
    """On a terminal: when it is over, the screen has the story and the cursor is back."""
    terminal = Terminal()
    async with Runtime(subscribers=[TerminalView(terminal)]) as runtime:
        await runtime.run(adder(), "17 + 25?")
    lines = terminal.text.splitlines()
    assert lines[:2] == ["> adder (scripted): 17 + 25?", "Let me add."]
    assert lines[2].startswith("╭─ add(a=17, b=25) ─")
    assert lines[5] == "It is 42."
    assert lines[6].startswith("✓ completed (2 turns, 15 tokens, ")
    assert terminal.cursor_is_visible


async def test_concurrent_runs_do_not_garble_each_other() -> None:
    """Each line of each run is whole and says whose it is."""
    pipe = io.StringIO()
    async with Runtime(subscribers=[TerminalView(pipe)]) as runtime:
        runs = [await runtime.start(adder(), f"question {number}") for number in range(5)]
        for run in runs:
            await run.outcome()
    lines = pipe.getvalue().splitlines()
    for run in runs[1:]:
        tag = run.id[-8:]
        mine = [line.removeprefix(f"[{tag}] ") for line in lines if line.startswith(f"[{tag}] ")]
        assert mine[1:5] == ["Let me add.", mine[2], "    42", "It is 42."]
        assert mine[2].startswith("add(a=17, b=25): ok, ")
    assert len(lines) == 5 * 6


async def test_a_stream_that_fails_is_no_runs_business() -> None:
    """The view is switched off, which is said once, and the run completes."""

    class Gone(io.StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError

    recorder = Recorder()
    async with Runtime(subscribers=[TerminalView(Gone()), recorder]) as runtime:
        result = await runtime.run(adder(), "17 + 25?")
        await recorder.expect(SubscriberFailed)
    assert result.status == "completed"


async def test_pieces_are_made_only_for_a_screen_that_moves() -> None:
    """A plain view does not even hear them."""
    assert {TextDelta, ThinkingDelta, ToolProgress} <= set(TerminalView(Terminal()).hears)
    assert not {TextDelta, ThinkingDelta, ToolProgress} & set(TerminalView(io.StringIO()).hears)


def test_pieces_of_reasoning_and_progress_are_shown_while_they_last() -> None:
    """And a pause hides them until something happens again."""
    terminal = Terminal()
    view = TerminalView(terminal, style="live")
    log = an_addition()
    for event in log[:3]:
        view(event)
    view(ThinkingDelta(run_id="abc-1", seq=3, text="hmmm\x1b[2J", at=log[2].at))
    redraw(view)
    assert "hmmm\\x1b[2J" in terminal.text
    view.pause()
    assert terminal.text == "> adder (openai:gpt-5.2): What is 17 + 25?\n• test says: show me"
    for event in log[3:6]:
        view(event)
    view(ToolProgress(run_id="abc-1", seq=6, call_id="c1", name="add", message="half\nway", fraction=0.5, at=log[5].at))
    view(ToolProgress(run_id="abc-1", seq=6, call_id="gone", name="add", message="who?", at=log[5].at))
    redraw(view)
    assert "add(a=17, b=25) half way 50%" in terminal.text
    view.close()
    assert terminal.cursor_is_visible


def test_a_run_whose_events_were_dropped_is_not_shown_for_ever() -> None:
    """Its end may be among them; what is heard of it later is shown again."""
    terminal = Terminal()
    view = TerminalView(terminal, style="live")
    log = an_addition()
    view(log[0])
    assert not terminal.cursor_is_visible
    view(EventsDropped(run_id="abc-1", subscriber="TerminalView", first_seq=2, last_seq=9, count=8))
    assert terminal.cursor_is_visible
    assert "8 events were too fast to be shown" in terminal.text
    for event in log[9:]:
        view(event)
    assert "It is 42." in terminal.text
    assert terminal.cursor_is_visible


def test_the_runs_it_knows_are_bounded() -> None:
    """A view that never hears of an end does not grow for ever."""
    pipe = io.StringIO()
    view = TerminalView(pipe)
    for number in range(1200):
        view(*stamped(started(), run_id=f"r-{number}"))
    assert len(vars(view)["_runs"]) == 1000


@pytest.mark.parametrize(("variable", "value"), [("TERM", "dumb"), ("TERM", "unknown")])
def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if it is one."""
    monkeypatch.setenv(variable, value)
    terminal = Terminal()
    TerminalView(terminal)(*stamped(started("hi")))
    assert terminal.cursor_is_visible


def test_plain_lines_can_be_asked_for() -> None:
    """On a terminal too."""
    terminal = Terminal()
    TerminalView(terminal, style="plain")(*stamped(started("hi")))
    assert (terminal.text, terminal.cursor_is_visible) == ("> adder (openai:gpt-5.2): hi", True)


WITHOUT_RICH = """
import sys
sys.modules["rich"] = sys.modules["rich.console"] = None
from loopbus.handlers.observers import TerminalView

class Terminal(type(sys.stderr)):
    def isatty(self): return True

sys.stderr = Terminal(sys.stderr.buffer, encoding="utf-8")
view = TerminalView()
try:
    TerminalView(style="live")
except Exception as error:
    print(type(error).__name__, error, file=sys.stderr, flush=True)
"""


def test_without_rich_it_is_plain_and_a_live_one_names_the_extra() -> None:
    """Nobody needs the extra for plain lines."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_RICH], capture_output=True, text=True, check=True)
    assert done.stderr.startswith("MissingExtra")
    assert 'pip install "loopbus[cli]"' in done.stderr


def test_a_style_that_is_none_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(BadOption, match="style='pretty' is none of auto, live, plain"):
        TerminalView(style="pretty")  # pyright: ignore[reportArgumentType] - what the test is about
