"""The log in an SQLite file keeps to the contract."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from loopbus.stores import EventLog, Log, SqliteRows, StoreMisused

from ..contract import Clock, EveryLog


@pytest.fixture
def clock() -> Clock:
    """The time, for leases."""
    return Clock()


@pytest.fixture
async def log(clock: Clock, tmp_path: Path) -> AsyncGenerator[EventLog, None]:
    """An empty log in a new file."""
    log = Log(SqliteRows(tmp_path / "runs.db", clock=clock), poll_s=3600)
    yield log
    await log.aclose()


class TestSqlite(EveryLog):
    async def test_it_says_what_it_survives(self, log: EventLog) -> None:
        """By name; the default is the strongest."""
        assert log.survives == "power-loss"


class TestSqliteForProcesses(EveryLog):
    @pytest.fixture
    async def log(self, clock: Clock, tmp_path: Path) -> AsyncGenerator[EventLog, None]:
        log = Log(SqliteRows(tmp_path / "runs.db", survives="process-crash", clock=clock), poll_s=3600)
        yield log
        await log.aclose()


@pytest.mark.parametrize(
    ("options", "words"),
    [({"survives": "nothing"}, "survives one of power-loss, process-crash"), ({"patience_s": -1}, "no time")],
)
def test_an_argument_that_cannot_be_is_refused(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    """Where the store is made, before any file is."""
    with pytest.raises(StoreMisused, match=words):
        SqliteRows(tmp_path / "runs.db", **options)
    assert not list(tmp_path.iterdir())
