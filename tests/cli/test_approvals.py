"""A tool that needs a person's consent gets it from one, or does not run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Command

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals on this system")

PAYS = ("run", "pay me", "-m", "shop:pays", "-t", "shop:refund")


def test_without_a_terminal_nothing_is_approved(loopbus: Command) -> None:
    """The model is told, so is whoever reads stderr, and nothing waits for ever."""
    done = loopbus(*PAYS)
    assert (done.code, done.out) == (0, "done\n")
    assert "refund(usd=20): denied" in done.err
    assert "--yes approves every call" in done.err


def test_yes_approves_everything(loopbus: Command) -> None:
    """For scripts whose author has decided."""
    done = loopbus(*PAYS, "--yes")
    assert (done.code, done.out) == (0, "done\n")
    assert "refunded 20" in done.err


class AtTerminal:
    """The command with somebody at the terminal."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.said = b""
        self._ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PROMPT_TOOLKIT_NO_CPR": "1"}
        command = [sys.executable, "-m", "loopbus.cli", *arguments]
        self._process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)

    def wait_for(self, words: bytes) -> None:
        """Read the screen until it says this."""
        while words not in self.said:
            piece = self._read()
            assert piece, f"it ended, having said {self.said!r}"
            self.said += piece

    def type(self, keys: bytes) -> None:
        """Press these keys."""
        os.write(self._ours, keys)

    def end(self) -> int:
        """Read the rest and wait for the exit code."""
        while piece := self._read():
            self.said += piece
        os.close(self._ours)
        return self._process.wait(60)

    def _read(self) -> bytes:
        try:
            return os.read(self._ours, 65536)
        except OSError:
            return b""


@pytest.fixture
def terminal(shop: Path) -> AtTerminal:
    """Somebody starts the command and sees its question."""
    at = AtTerminal(shop, *PAYS)
    at.wait_for(b"Approve refund(usd=20)? [y/N]")
    return at


def test_a_person_says_yes(terminal: AtTerminal) -> None:
    """The call runs, and the view, which did not move while the question stood there, goes on."""
    before = terminal.said[: terminal.said.index(b"\x1b[?12l\x1b[?25h")]
    assert before.rindex(b"\x1b[?25h") > before.rindex(b"\x1b[?25l"), "the view still moves"
    terminal.type(b"y\r")
    assert terminal.end() == 0
    assert b"refunded 20" in terminal.said
    assert b"done" in terminal.said


@pytest.mark.parametrize("keys", [b"what?\r", b"\x04"])
def test_anything_but_yes_is_no(terminal: AtTerminal, keys: bytes) -> None:
    """The end of input too."""
    terminal.type(keys)
    assert terminal.end() == 0
    assert b"refunded" not in terminal.said
    assert b"the user said no" in terminal.said


def test_ctrl_c_at_the_question_interrupts_the_run(terminal: AtTerminal) -> None:
    """The call is not made, the run is closed, and the cursor comes back."""
    terminal.type(b"\x03")
    assert terminal.end() == 130
    assert b"refunded" not in terminal.said
    assert b"cancelled: interrupted" in terminal.said
    assert terminal.said.rindex(b"\x1b[?25h") > terminal.said.rfind(b"\x1b[?25l")


def test_what_a_model_says_cannot_control_the_terminal(shop: Path) -> None:
    """The view moves, the answer is printed, and no escape sequence of the model's gets through."""
    at = AtTerminal(shop, "run", "x", "-m", "shop:evil")
    assert at.end() == 0
    assert b"\\x1b[2Jboo" in at.said
    assert b"\x1b[2J" not in at.said
    assert at.said.rindex(b"\x1b[?25h") > at.said.rfind(b"\x1b[?25l")
