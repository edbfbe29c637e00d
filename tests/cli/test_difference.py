"""``loopbus log diff``: what happened in only one of two runs."""

import sys
from pathlib import Path

import pytest

from ..stores.story import finished, started, turn, whole
from .conftest import Command
from .logs import keep


@pytest.fixture
def url(shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A log with two runs that are alike, and one that goes another way."""
    other = [*started("cccc"), *turn("cccc", 2, said="\x1b[2Jgo away"), *finished("cccc", 6)]
    url = keep(shop, whole("aaaa"), whole("bbbb"), other)
    monkeypatch.setenv("LOOPBUS_STORE", url)
    return url


def test_runs_that_are_alike_differ_in_nothing(loopbus: Command, url: str) -> None:
    """Their ids and times do not count; exit code 0."""
    done = loopbus("log", "diff", "aa", "bb")
    assert (done.code, done.out) == (0, "--- aaaa\n+++ bbbb\n@@ the first 6 events alike @@\n")


def test_what_differs_is_shown(loopbus: Command, url: str) -> None:
    """From the first event on that does; exit code 1, as of diff."""
    done = loopbus("log", "diff", "aa", "cc")
    _, _, shared, *lines = done.out.splitlines()
    assert (done.code, shared) == (1, "@@ the first 3 events alike @@")
    assert lines[0].startswith("-    4 ModelReplied ")
    assert "hello to you" in lines[0]
    assert lines[1].startswith("+    4 ModelReplied ")
    assert "\\u001b[2Jgo away" in lines[1]
    assert "\x1b" not in done.out


def test_on_a_terminal_it_has_colours(loopbus: Command, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red went, green came."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    lines = loopbus("log", "diff", "aa", "cc").out.splitlines()
    assert [line[:6] for line in lines if "ModelReplied" in line] == ["\x1b[31m-", "\x1b[32m+"]
    assert "\x1b[2J" not in "".join(lines)
