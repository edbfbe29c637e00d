"""A line from a person, or from a pipe."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from loopbus.cli.keyboard import Keyboard, is_yes


class Pipe:
    """A pipe as stdin, and what is written into it."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()

    def fileno(self) -> int:
        """The end that is read."""
        return self.reader

    def isatty(self) -> bool:
        """It is none."""
        return False

    def type(self, text: bytes) -> None:
        """Write to it."""
        os.write(self.writer, text)

    def close(self) -> None:
        """The end of input."""
        os.close(self.writer)
        self.writer = -1


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipe]:
    """Stdin is a pipe."""
    pipe = Pipe()
    monkeypatch.setattr(sys, "stdin", pipe)
    yield pipe
    os.close(pipe.reader)
    if pipe.writer >= 0:
        pipe.close()


async def test_lines_come_one_by_one(pipe: Pipe, capsys: pytest.CaptureFixture[str]) -> None:
    """However they are cut; the last one needs no line end, and then there is an end."""
    keyboard = Keyboard()
    pipe.type("one\r\ntwo\nthré".encode()[:-1])
    assert [await keyboard.ask("? "), await keyboard.ask("? ")] == ["one", "two"]
    pipe.type("é".encode()[1:])
    pipe.close()
    assert [await keyboard.ask("? ") for _ in range(3)] == ["thré", None, None]
    assert capsys.readouterr().err == "? one\n? two\n? thré\n? (end of input)\n? (end of input)\n"


async def test_questions_take_turns(pipe: Pipe) -> None:
    """Two that are asked at once get a line each."""
    keyboard = Keyboard()
    answers: list[str | None] = []

    async def ask() -> None:
        answers.append(await keyboard.ask("? "))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        group.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        pipe.type(b"one\n")
        pipe.type(b"two\n")
    assert answers == ["one", "two"]


async def test_waiting_can_be_cancelled(pipe: Pipe) -> None:
    """No thread is left behind that would keep the process, and nothing that comes later is lost."""
    keyboard = Keyboard()
    with anyio.move_on_after(0.01) as scope:
        await keyboard.ask("? ")
    assert scope.cancelled_caught
    pipe.type(b"late\n")
    assert await keyboard.ask("? ") == "late"


async def test_a_file_can_be_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event loop cannot wait for one, and need not."""
    (tmp_path / "answers").write_text("one\n\xff\n", "latin-1")
    with (tmp_path / "answers").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        keyboard = Keyboard()
        assert [await keyboard.ask("? ") for _ in range(3)] == ["one", "\ufffd", None]


async def test_a_question_cannot_control_the_terminal(pipe: Pipe, capsys: pytest.CaptureFixture[str]) -> None:
    """It has a model's words in it."""
    pipe.type(b"\x1b[2J\n")
    assert await Keyboard().ask("\x1b[2J? ") == "\x1b[2J"
    assert capsys.readouterr().err == "\\x1b[2J? \\x1b[2J\n"


@pytest.mark.parametrize(
    ("answer", "agreed"), [("y", True), (" YES", True), ("yep", False), ("", False), (None, False)]
)
def test_anything_but_yes_is_no(answer: str | None, agreed: bool) -> None:
    """The end of input too."""
    assert is_yes(answer) is agreed
