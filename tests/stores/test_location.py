"""A URL names a log."""

from pathlib import Path

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
    ("options", "words"), [({"large_bytes": 0}, "text of no bytes"), ({"poll_s": 0}, "longer than nothing")]
)
def test_an_option_that_cannot_be_is_refused(options: dict[str, int], words: str) -> None:
    """Where the log is made."""
    with pytest.raises(StoreMisused, match=words):
        Log(MemoryRows(), **options)


def test_what_a_url_cannot_say_an_object_can(tmp_path: Path) -> None:
    """The same log, with options."""
    assert Log(SqliteRows(tmp_path / "runs.db", survives="process-crash")).survives == "process-crash"
