"""``loopbus log verify``: whether a run is what was written."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ..stores.story import whole
from .conftest import Command
from .logs import keep


@pytest.fixture
def url(shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A log with two runs, of which one is edited behind its back."""
    url = keep(shop, whole("aaaa"), whole("bbbb"))
    with closing(sqlite3.connect(shop / "runs.db")) as db, db:
        new = "CAST(replace(CAST(body AS TEXT), 'hello to you', 'hello to me!') AS BLOB)"
        changed = db.execute(f"UPDATE events SET body = {new} WHERE CAST(body AS TEXT) LIKE '%hello to you%'").rowcount
        assert changed
    keep(shop, whole("cccc"))
    monkeypatch.setenv("LOOPBUS_STORE", url)
    return url


def test_a_whole_run_is_proven(loopbus: Command, url: str) -> None:
    """One line with its id, its events and its digest."""
    done = loopbus("log", "verify", "cc")
    run_id, events, digest = done.out.split()
    assert (done.code, run_id, events, len(digest)) == (0, "cccc", "6", 64)


def test_an_edited_run_is_not(loopbus: Command, url: str) -> None:
    """The first broken event is named; exit code 1."""
    done = loopbus("log", "verify", "aaaa")
    assert (done.code, done.out) == (1, "")
    assert "event 4 of run aaaa is not what was written" in done.err
    assert loopbus("log", "aaaa").code == 1


def test_all_of_them_are_looked_at(loopbus: Command, url: str) -> None:
    """One that is broken does not hide the others."""
    done = loopbus("log", "verify", "--all")
    assert (done.code, done.out.split()[0], done.out.count("\n"), done.err.count("\n")) == (1, "cccc", 1, 2)


@pytest.mark.parametrize("arguments", [(), ("aaaa", "--all")])
def test_it_is_one_run_or_all(loopbus: Command, url: str, arguments: tuple[str, ...]) -> None:
    """Neither, or both, is a slip."""
    assert loopbus("log", "verify", *arguments).code == 2
