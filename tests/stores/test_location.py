"""A URL names a log."""

from pathlib import Path
from typing import Any

import pytest

from loopbus.stores import Log, MemoryRows, SqliteRows, StoreMisused, open_log

from .story import started


def files(folder: Path) -> set[str]:
    """What stands in a folder."""
    return {file.name for file in folder.iterdir()}


async def test_a_url_names_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the program with three slashes, anywhere with four; nothing is made before it is used."""
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite:///here.db", f"sqlite:///{tmp_path}/a%20b.db"):
        async with open_log(url):
            assert files(tmp_path) == set()
    async with open_log("sqlite:///here.db") as near, open_log(f"sqlite:///{tmp_path}/a%20b.db") as far:
        await near.append(started("near"))
        await far.append(started("far"))
    assert files(tmp_path) == {"here.db", "a b.db"}


async def test_a_url_names_memory() -> None:
    """Each time a new one."""
    async with open_log("memory://") as one, open_log("memory://") as other:
        await one.append(started("run"))
        assert await other.runs() == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("runs.db", "names no store: use one of sqlite:///runs.db, postgresql://user@host/database, memory://"),
        ("mysql://host/runs", "names no store"),
        ("sqlite://runs.db", "names no file: write sqlite:///runs.db"),
        ("sqlite:///", "names no file"),
        ("sqlite:///runs.db?mode=ro", "names no file"),
        ("memory://runs", "memory has no names"),
        ("", "names no store"),
    ],
)
def test_another_url_is_refused(url: str, words: str) -> None:
    """With one that would do."""
    with pytest.raises(StoreMisused, match=words):
        open_log(url)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://secret@x",
        "sqlite:///runs.db?key=secret",
        "memory://u:secret@x",
        "mysql://u:secret@host/runs",
        "mysql://u:a/secret@host/runs",
        "mysql://host/runs?password=secret",
        "host=db password=secret",
        "postgresql://u:a/secret@host/runs",
        "postgresql://u:a%secret@host/runs",
        "postgresql://u:secret@host/runs?nonsense=secret",
    ],
)
def test_what_is_wrong_with_a_url_is_said_without_its_secrets(url: str) -> None:
    """Nobody knows which part of a wrong one was meant to be the password."""
    with pytest.raises(StoreMisused) as caught:
        open_log(url)
    error = caught.value
    assert "secret" not in f"{error} {error!r} {error.__cause__!r} {error.__context__!r}"


def test_a_log_shows_no_password() -> None:
    """However it is looked at, down to what it opens connections with."""
    log = open_log("postgresql://u:secret@127.0.0.1:1/runs")
    rows: Any = log._rows  # pyright: ignore[reportPrivateUsage]
    settings = rows._links[0]._settings
    assert "secret" in settings.conninfo
    for shown in (log, rows, settings, rows.name):
        assert "secret" not in f"{shown!r} {shown}"


@pytest.mark.parametrize(
    ("options", "words"), [({"large_bytes": 0}, "text of no bytes"), ({"poll_s": 0}, "longer than nothing")]
)
def test_an_option_that_cannot_be_is_refused(options: dict[str, int], words: str) -> None:
    """Where the log is made."""
    with pytest.raises(StoreMisused, match=words):
        Log(MemoryRows(), **options)


def test_what_a_url_cannot_say_an_object_can(tmp_path: Path) -> None:
    """The same log, with options."""
    assert Log(SqliteRows(tmp_path / "runs.db", survives="process-crash")).survives == "process-crash"
