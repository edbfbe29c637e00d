"""A person goes through a run step by step."""

import re
import sys
from pathlib import Path

import anyio
import pytest

from loopbus import Runtime
from loopbus.bus import NotInterceptable, known_events
from loopbus.cli.keyboard import Keyboard
from loopbus.cli.stepping import Stepping, pauses
from loopbus.events import Event, ModelReplied, ModelRequested, ToolFinished, ToolRequested, TurnStarted
from loopbus.events.state import RunState

from ..stores.story import placed
from .conftest import Command, Done

ADDS = ("run", "17 + 25?", "-m", "shop:adds", "-t", "shop:add", "--step")
PAUSED = re.compile(r"paused before event (\d+):\n +(\w+)")


@pytest.fixture
def steps(loopbus: Command, shop: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run the command with a script of answers on stdin."""
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)

    def run(*answers: str, command: tuple[str, ...] = ADDS) -> Done:
        (shop / "answers").write_text("".join(f"{answer}\n" for answer in answers), "utf-8")
        with (shop / "answers").open() as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            return loopbus(*command)

    return run


def paused(done: Done) -> list[tuple[str, str]]:
    """Where the run was paused."""
    return PAUSED.findall(done.err)


async def test_it_pauses_before_whatever_a_policy_is_asked_about() -> None:
    """And at nothing else, for nothing else can be held up."""

    def judge(event: Event) -> Event:
        return event

    ours = {each for each in pauses() if each.__module__.startswith("loopbus.")}
    assert ours == {ModelRequested, ModelReplied, ToolRequested, ToolFinished}
    async with Runtime() as runtime:
        for event_class in known_events():
            if event_class in pauses():
                runtime.intercept(event_class)(judge)
            else:
                with pytest.raises(NotInterceptable):
                    runtime.intercept(event_class)(judge)


def test_each_stage_is_paused_before(steps: Command) -> None:
    """An empty line lets it go on; the answer on stdout is the same."""
    done = steps("", "c", "continue", "", "", "")
    assert (done.code, done.out) == (0, "It is 42 €.\n")
    assert [name for _, name in paused(done)] == [
        "ModelRequested",
        "ModelReplied",
        "ToolRequested",
        "ToolFinished",
        "ModelRequested",
        "ModelReplied",
    ]


def test_what_happened_is_shown_before_what_is_to_come(steps: Command) -> None:
    """Every event has its line, in order, and a pause comes behind all that was before it."""
    err = steps("", "", "", "", "", "").err
    lines = [line.split() for line in err.splitlines()]
    seqs = [int(line[0]) for line in lines if line and line[0].isdigit()]
    assert seqs == list(range(1, len(seqs) + 1))
    for match in PAUSED.finditer(err):
        shown = re.findall(r"^ +(\d+) ", err[: match.start()], re.MULTILINE)
        assert int(match[1]) == int(shown[-1]) + 1


async def test_a_pause_waits_for_what_came_before(capsys: pytest.CaptureFixture[str]) -> None:
    """It is shown by another task, which may be behind."""

    class Typing(Keyboard):
        async def ask(self, question: str, default: str = "") -> str | None:
            return "c"

    stepping, state = Stepping(Typing()), RunState()
    (first,) = placed("run", 1, TurnStarted(turn=1))
    state.add(first)
    async with anyio.create_task_group() as group:
        group.start_soon(stepping.judge, ModelRequested(turn=1, model="m", messages=1), state)
        await anyio.wait_all_tasks_blocked()
        stepping(first)
        stepping.pause()
    shown = capsys.readouterr().err
    assert shown.index("TurnStarted") < shown.index("paused before event 2") < shown.index("ModelRequested")


def test_run_to_the_next(steps: Command) -> None:
    """By a part of the name, or the name; and from there step by step."""
    done = steps("n toolf", "n ModelReplied", "c")
    assert [name for _, name in paused(done)] == ["ModelRequested", "ToolFinished", "ModelReplied"]
    assert done.code == 0


@pytest.mark.parametrize("name", ["TurnFinished", "x", ""])
def test_where_no_pause_is_possible_is_said(steps: Command, name: str) -> None:
    """With the places where one is, and the question is put again."""
    done = steps(f"n {name}", "g")
    assert "but before: ModelRequested, ModelReplied, ToolRequested, ToolFinished" in done.err
    assert (done.code, len(paused(done))) == (0, 1)


def test_go_never_pauses_again(steps: Command) -> None:
    """What is behind it on stdin is nobody's business."""
    done = steps("go", "a")
    assert (done.code, len(paused(done))) == (0, 1)


def test_an_edit_is_what_happens(steps: Command) -> None:
    """The tool gets the arguments that a person has put there; the event is shown as it is now."""
    done = steps("n ToolR", "e", '{"arguments": {"a": 1, "b": 2}}', "n ToolF", "e", '{"output": "four"}', "g")
    assert "3.0: add(a=1, b=2)" in done.err
    assert "add ok: 3\n" in done.err
    assert re.search(r"\d +\d+ .* ToolFinished +3.0: add ok: four", done.err)
    assert done.code == 0


def test_an_edit_that_cannot_be_is_refused(steps: Command) -> None:
    """It says why, and the event is still what it was; an empty one changes nothing."""
    done = steps("n ToolR", "e", '{"name": "refund"}', "e", '{"arguments": 3}', "e", "", "g")
    assert "name may not be changed" in done.err
    assert "nothing is changed" in done.err
    assert (done.code, "add ok: 42" in done.err) == (0, True)


def test_the_whole_event_can_be_seen(steps: Command) -> None:
    """As JSON."""
    assert '"arguments": {\n    "a": 17,' in steps("n ToolR", "show", "g").err


@pytest.mark.parametrize("word", ["h", "help", "?", "xyz"])
def test_help_is_there(steps: Command, word: str) -> None:
    """Also for what means nothing, which does not go on by mistake."""
    done = steps(word, "g")
    assert "run to the next EVENT" in done.err
    assert "nobody can hold them up" in done.err
    assert len(paused(done)) == 1


@pytest.mark.parametrize("answers", [("a",), ("n ToolR", "abort"), (), ("c",)])
def test_abort_stops_the_run(steps: Command, answers: tuple[str, ...]) -> None:
    """So does the end of input, for nobody has agreed to what comes next; the log has its end."""
    done = steps(*answers)
    assert (done.code, done.out) == (130, "")
    assert "cancelled: aborted before " in done.err
    assert "ToolStarted" not in done.err


def test_the_prompt_cannot_be_on_stdin_too(loopbus: Command) -> None:
    """Its commands are there."""
    for prompt in ((), ("-",)):
        done = loopbus("run", *prompt, "-m", "shop:adds", "--step")
        assert (done.code, "--step reads its commands" in done.err) == (2, True)


def test_what_a_model_says_cannot_control_the_terminal(steps: Command) -> None:
    """Neither on the line nor in full."""
    done = steps("n ModelReplied", "s", "g", command=("run", "x", "-m", "shop:evil", "--step"))
    assert "\x1b" not in done.err
    assert "\\x1b[2Jboo" in done.err
