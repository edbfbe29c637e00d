"""``loopbus delete``: for good, and not by mistake."""

from pathlib import Path

import pytest

from loopbus.cli.keyboard import Keyboard

from ..stores.story import whole
from .conftest import Command
from .logs import keep


@pytest.fixture
def url(shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A log with three runs."""
    url = keep(shop, whole("aaaa", session="alice"), whole("bbbb", session="alice"), whole("cccc"))
    monkeypatch.setenv("LOOPBUS_STORE", url)
    return url


def ids(loopbus: Command) -> list[str]:
    """The runs that are left."""
    return [line.split()[0] for line in loopbus("runs").out.splitlines()[1:]]


def test_a_run_is_deleted(loopbus: Command, url: str) -> None:
    """And nothing else."""
    assert loopbus("delete", "aa", "--yes")[:2] == (0, "deleted run aaaa\n")
    assert ids(loopbus) == ["cccc", "bbbb"]


def test_a_session_is_deleted(loopbus: Command, url: str) -> None:
    """All its runs."""
    assert loopbus("delete", "--session", "alice", "-y")[:2] == (0, "deleted 2 runs of session alice\n")
    assert ids(loopbus) == ["cccc"]


def test_nobody_to_ask_is_no_yes(loopbus: Command, url: str) -> None:
    """A script has to say that it means it."""
    done = loopbus("delete", "aaaa")
    assert (done.code, "--yes" in done.err) == (2, True)
    assert len(ids(loopbus)) == 3


@pytest.mark.parametrize(("said", "code"), [("y", 0), (" Yes ", 0), ("n", 1), ("", 1), ("yesterday", 1), (None, 1)])
@pytest.mark.parametrize(("what", "left"), [(("aaaa",), 2), (("--session", "alice"), 1)])
def test_a_person_is_asked(
    loopbus: Command,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    said: str | None,
    code: int,
    what: tuple[str, ...],
    left: int,
) -> None:
    """Anything but yes is no, and leaves everything as it is; the question says what is at stake."""
    asked: list[str] = []

    async def ask(self: Keyboard, question: str, default: str = "") -> str | None:
        asked.append(question)
        return said

    monkeypatch.setattr(Keyboard, "is_attended", True)
    monkeypatch.setattr(Keyboard, "ask", ask)
    assert loopbus("delete", *what).code == code
    assert len(ids(loopbus)) == (3 if code else left)
    assert "run aaaa of 'clerk' (6 events, completed)" in asked[0] or "session 'alice' with 2 runs" in asked[0]


@pytest.mark.parametrize("what", [(), ("aaaa", "--session", "alice"), ("zzz",), ("--session", "bob"), ("",)])
def test_a_slip_deletes_nothing(loopbus: Command, url: str, what: tuple[str, ...]) -> None:
    """Neither, both, and what is not there are wrong usage."""
    assert loopbus("delete", *what, "--yes").code == 2
    assert len(ids(loopbus)) == 3
