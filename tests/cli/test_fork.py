"""A run goes another way from one of its events; the first one stays as it is."""

import json
from pathlib import Path

import pytest

from .conftest import Command

ADDS = ("-m", "shop:adds", "-t", "shop:add")


@pytest.fixture
def source(loopbus: Command, shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run that is kept; its id."""
    monkeypatch.setenv("LOOPBUS_STORE", f"sqlite:///{shop / 'runs.db'}")
    loopbus("run", "17 + 25?", *ADDS, "-q")
    return latest(loopbus)


def latest(loopbus: Command) -> str:
    """The id of the run that began last."""
    return str(json.loads(loopbus("runs", "--json", "-n", "1").out)["run_id"])


def test_a_call_may_have_had_another_result(loopbus: Command, source: str) -> None:
    """The tool is not asked; what is before is the same in both, and the first run is what it was."""
    before = loopbus("log", source, "--json")
    done = loopbus("fork", source[:6], "--at", "6", *ADDS, "--result", "3.0=99=100")
    assert (done.code, done.out) == (0, "It is 42 €.\n")
    assert f"run {latest(loopbus)}, kept in " in done.err
    log = loopbus("log", latest(loopbus)).out
    assert f"from run {source}" in log
    assert "add ok: 99=100" in log
    assert "@@ the first 6 events alike @@" in loopbus("log", "diff", source, latest(loopbus)).out
    assert loopbus("log", source, "--json") == before


def test_another_model_may_be_told_something_else(loopbus: Command, source: str) -> None:
    """From there on; only what is new is shown."""
    done = loopbus("fork", source, "--at", "3", "-m", "shop:echoes", "--message", "say this", "--session", "s")
    assert (done.code, done.out) == (0, "say this\n")
    assert "17 + 25?" not in done.err
    assert loopbus("sessions").out.splitlines()[1].split()[:2] == ["s", "1"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--at", "99", "-m", "shop:adds"), "at=99"),
        (("--at", "6", "-m", "shop:adds", "--result", "9.9=x"), "9.9"),
        (("--at", "6", "-m", "shop:adds", "--result", "sunny"), "CALL=TEXT"),
        (("--at", "6", "-m", "shop:adds", "--result", "=sunny"), "CALL=TEXT"),
        (("--at", "6"), "--agent"),
        (("-m", "shop:adds"), "--at"),
    ],
)
def test_a_slip_begins_no_run(loopbus: Command, source: str, arguments: tuple[str, ...], words: str) -> None:
    """Exit code 2, and what is wrong."""
    done = loopbus("fork", source, *arguments)
    assert (done.code, words in done.err) == (2, True)
    assert latest(loopbus) == source
