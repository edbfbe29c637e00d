"""F125: logs of every released schema load, and say what they said when they were written."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from loopbus.bus import dump
from loopbus.events.state import replay
from loopbus.stores import Log, OpaqueEvent, SqliteRows
from loopbus.stores.sqlite.schema import MIGRATIONS

from .contract import read
from .golden.make import RUN, STRANGE
from .story import finished, started, turn, whole

GOLDEN = Path(__file__).with_name("golden")
RELEASED = sorted(file.stem for file in GOLDEN.glob("*.db"))


@pytest.fixture(params=RELEASED)
def name(request: pytest.FixtureRequest) -> str:
    """A released schema."""
    return request.param


@pytest.fixture
def log(name: str, tmp_path: Path) -> Log:
    """A copy of its golden log."""
    return Log(SqliteRows(shutil.copy(GOLDEN / f"{name}.db", tmp_path / "runs.db")))


def recorded(name: str) -> list[dict[str, Any]]:
    """What its events said."""
    return [json.loads(line) for line in (GOLDEN / f"{name}.jsonl").read_text("utf-8").splitlines()]


def test_every_schema_has_a_golden_log() -> None:
    """Whoever adds a migration keeps a log of the schema before it."""
    assert f"v{len(MIGRATIONS)}" in RELEASED


async def test_every_event_says_what_it_said(log: Log, name: str) -> None:
    """Field by field; a field that came later has its default. Nothing is lost and nothing is made up."""
    async with log:
        *events, strange = await read(log, RUN)
        lines = recorded(name)
        assert len(events) == len(lines)
        for event, line in zip(events, lines, strict=True):
            said = dump(event)
            assert {key: said.get(key) for key in line} == line
        assert isinstance(strange, OpaqueEvent)
        assert (strange.name, strange.version, strange.body) == ("shop.from_the_future", 7, STRANGE)


async def test_a_golden_log_is_proved_and_goes_on(log: Log, name: str) -> None:
    """Its chain holds with today's code, it folds as it did, and a run in it can be written and deleted."""
    async with log:
        assert (await log.verify(RUN)).events == len(recorded(name)) + 1
        story = await read(log, "story")
        assert replay(story).messages == replay(whole("story")).messages
        info = await log.info("story")
        assert (info.agent, info.session, info.key, info.status) == ("clerk", "alice", "req-42", "completed")
        await log.append([*started("new"), *turn("new", 2), *finished("new", 6)])
        assert await log.delete(RUN)
        assert [each.run_id for each in await log.runs()] == ["new", "story"]
