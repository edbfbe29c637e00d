"""``loopbus log promote``: a run becomes a test."""

from pathlib import Path

import pytest

from .conftest import Command
from .logs import keep
from .test_replay import record


@pytest.fixture
def recorded(shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run of ``shop:clerk`` in a log; the beginning of its id."""
    events = record("shop:clerk")
    monkeypatch.setenv("LOOPBUS_STORE", keep(shop, events))
    return events[0].run_id[:6]


def test_a_run_becomes_a_test_and_its_recording(loopbus: Command, shop: Path, recorded: str) -> None:
    """In the folder that is named, which is made; the files are named on stdout."""
    done = loopbus("log", "promote", recorded, "--agent", "shop:clerk", "--to", "checks/runs")
    test, recording = map(Path, done.out.splitlines())
    assert (done.code, test.parent, recording.parent) == (0, Path("checks/runs"), Path("checks/runs"))
    assert "from shop import clerk" in (shop / test).read_text("utf-8")
    assert (shop / recording).read_text("utf-8").count("\n") == 14
    names: dict[str, object] = {"__file__": str(shop / test)}
    exec((shop / test).read_text("utf-8"), names)
    (check,) = [value for name, value in names.items() if name.startswith("test_") and callable(value)]
    check()


def test_an_agent_that_goes_another_way_already_makes_no_test(loopbus: Command, shop: Path, recorded: str) -> None:
    """The difference is shown; nothing is written."""
    done = loopbus("log", "promote", recorded, "--agent", "shop:cook")
    assert (done.code, done.out) == (1, "")
    assert "goes another way at event 1" in done.err
    assert not (shop / "tests").exists()
