"""``loopbus cancel``: what waits for nobody any more ends."""

import json
from pathlib import Path

import anyio
import pytest

from loopbus.stores import open_log

from .conftest import Command

PAYS = ("-m", "shop:pays", "-t", "shop:refund", "-q")


@pytest.fixture(autouse=True)
def url(shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where everything here is kept."""
    url = f"sqlite:///{shop / 'runs.db'}"
    monkeypatch.setenv("LOOPBUS_STORE", url)
    return url


@pytest.fixture
def waiting(loopbus: Command) -> str:
    """A run of the session ``alice`` that waits for a person."""
    assert loopbus("run", "pay me", *PAYS, "--session", "alice").code == 4
    return str(json.loads(loopbus("runs", "--json").out)["run_id"])


def test_a_run_that_waits_is_ended(loopbus: Command, waiting: str) -> None:
    """With every call answered, by whom and why; its session is free again, and a second time changes nothing."""
    assert loopbus("run", "again", *PAYS, "--session", "alice").code == 2
    for _ in range(2):
        done = loopbus("cancel", waiting[:6], "--reason", "no more", "--author", "eve")
        assert done == (0, "", f"loopbus: run {waiting} is over: cancelled\n")
    log = loopbus("log", waiting).out
    assert log.count("by eve: no more") == 1
    assert "3.0: refund cancelled" in log
    assert loopbus("run", "again", *PAYS, "--session", "alice").code == 4


def test_a_run_that_another_process_drives_is_left_to_it(loopbus: Command, waiting: str, url: str) -> None:
    """The error says which one, unless it is to end all the same."""

    async def drive() -> None:
        async with open_log(url) as log:
            await log.claim(waiting, "the-other-host", ttl_s=60)

    anyio.run(drive)
    done = loopbus("cancel", waiting)
    assert (done.code, done.out, "the-other-host" in done.err) == (1, "", True)
    assert loopbus("cancel", waiting, "--force").code == 0
    assert json.loads(loopbus("runs", "--json").out)["status"] == "cancelled"


def test_no_run_is_wrong_usage(loopbus: Command, waiting: str) -> None:
    """And nothing is ended."""
    assert loopbus("cancel", "nope").code == 2
    assert json.loads(loopbus("runs", "--json").out)["status"] is None
