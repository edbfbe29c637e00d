"""``loopbus runs`` and ``loopbus sessions``: what a log holds."""

import json
import sys
from pathlib import Path

import pytest

from loopbus.events import RunSuspended

from ..stores.story import placed, started, turn, whole
from .conftest import Command
from .logs import keep


@pytest.fixture
def url(shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A log with a run of each kind."""
    url = keep(
        shop,
        whole("aaaaaaaa01", session="alice"),
        [*started("aaaaaaaa02", session="bob"), *turn("aaaaaaaa02", 2)],
        [*started("bbbbbbbbbb"), *placed("bbbbbbbbbb", 2, RunSuspended(reason="people", waiting=("3.0",)))],
        [*started("cccccccccc"), *placed("cccccccccc", 2, RunSuspended(reason="closed"))],
    )
    monkeypatch.setenv("LOOPBUS_STORE", url)
    return url


def test_runs_are_listed_with_where_they_stand(loopbus: Command, url: str) -> None:
    """The latest first; in a pipe with whole ids."""
    head, *lines = loopbus("runs").out.splitlines()
    assert head.split() == ["Run", "Status", "Agent", "Session", "Started", "Events"]
    assert [line.split("  ")[:2] for line in lines] == [
        ["cccccccccc", "suspended"],
        ["bbbbbbbbbb", "waits for 3.0"],
        ["aaaaaaaa02", "unfinished"],
        ["aaaaaaaa01", "completed"],
    ]
    assert [line.split()[-1] for line in lines] == ["2", "2", "5", "6"]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (("--session", "bob"), ["aaaaaaaa02"]),
        (("--unfinished",), ["cccccccccc", "bbbbbbbbbb", "aaaaaaaa02"]),
        (("--limit", "2"), ["cccccccccc", "bbbbbbbbbb"]),
        (("--agent", "clerk", "-n", "1"), ["cccccccccc"]),
        (("--agent", "cook"), []),
    ],
)
def test_runs_can_be_chosen(loopbus: Command, url: str, options: tuple[str, ...], ids: list[str]) -> None:
    """By session, agent, end and number."""
    told = [json.loads(line) for line in loopbus("runs", "--json", *options).out.splitlines()]
    assert [each["run_id"] for each in told] == ids


def test_json_says_all_that_is_known(loopbus: Command, url: str) -> None:
    """A line for each run, and what it waits for."""
    told = [json.loads(line) for line in loopbus("runs", "--json").out.splitlines()]
    assert [(each["status"], each["suspended"], each["waiting"]) for each in told] == [
        (None, True, []),
        (None, True, ["3.0"]),
        (None, False, []),
        ("completed", False, []),
    ]
    assert (told[3]["session"], told[3]["seq"], told[3]["started_at"]) == ("alice", 6, 1_790_000_001.5)


def test_on_a_terminal_ids_are_short_and_lines_fit(loopbus: Command, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As short as tells them apart."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    lines = loopbus("runs").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["cccccccc", "bbbbbbbb", "aaaaaaaa02", "aaaaaaaa01"]
    assert max(map(len, lines)) <= 80


def test_sessions_are_listed(loopbus: Command, url: str) -> None:
    """Named ones only, the one with the latest run first; as data too."""
    head, *lines = loopbus("sessions").out.splitlines()
    assert head.split()[0] == "Session"
    assert [line.split()[:3] for line in lines] == [["bob", "1", "aaaaaaaa02"], ["alice", "1", "aaaaaaaa01"]]
    told = [json.loads(line) for line in loopbus("sessions", "--json").out.splitlines()]
    assert [(each["name"], each["runs"], each["latest"]) for each in told] == [
        ("bob", 1, "aaaaaaaa02"),
        ("alice", 1, "aaaaaaaa01"),
    ]


def test_names_cannot_control_the_terminal(loopbus: Command, shop: Path) -> None:
    """A session is called what its caller likes."""
    url = keep(shop, whole("run", session="\x1b[2Jx"))
    for command in ("runs", "sessions"):
        assert "\\x1b[2Jx" in loopbus(command, "--store", url).out
