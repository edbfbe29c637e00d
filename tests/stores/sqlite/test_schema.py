"""Numbered steps lead every older file to the tables of today, whole or not at all."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from loopbus.stores import Log, NotOurs, SchemaTooNew, SqliteRows
from loopbus.stores.sqlite import schema

from ..contract import read
from ..story import started, whole
from .files import closed


def connect(path: Path | str) -> sqlite3.Connection:
    """A plain connection."""
    return sqlite3.connect(path, isolation_level=None, uri=True)


async def test_an_older_file_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its runs are still there, and a later process finds the new tables."""
    path = await closed(tmp_path / "runs.db")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "ALTER TABLE runs ADD COLUMN parent TEXT;\n"))
    async with Log(SqliteRows(path)) as log:
        assert len(await read(log, "run")) == 10
    with closing(connect(path)) as plain:
        assert plain.execute("PRAGMA user_version").fetchone() == (2,)
        assert plain.execute("SELECT parent FROM runs").fetchone() == (None,)


async def test_a_migration_that_breaks_off_has_changed_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one transaction, so it begins anew with the next process."""
    path = await closed(tmp_path / "runs.db")
    steps = schema.MIGRATIONS
    broken = "ALTER TABLE runs ADD COLUMN parent TEXT;\nINSERT INTO nowhere VALUES (1);\n"
    monkeypatch.setattr(schema, "MIGRATIONS", (*steps, broken))
    with closing(connect(path)) as plain, pytest.raises(sqlite3.OperationalError, match="nowhere"):
        schema.migrate(plain, str(path))
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    async with Log(SqliteRows(path)) as log:
        assert len(await read(log, "run")) == 10


async def test_an_older_program_refuses_a_newer_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names both numbers, and changes nothing."""
    path = await closed(tmp_path / "runs.db")
    with closing(connect(path)) as plain:
        plain.execute("PRAGMA user_version = 7")
    before = path.read_bytes()
    async with Log(SqliteRows(path)) as log:
        with pytest.raises(SchemaTooNew, match="has schema 7, and this loopbus knows schemas up to 1: upgrade loopbus"):
            await log.append(started("other"))
    assert path.read_bytes() == before


@pytest.mark.parametrize("statement", ["CREATE TABLE songs (title TEXT)", "PRAGMA user_version = 1"])
async def test_a_database_of_another_program_is_left_alone(tmp_path: Path, statement: str) -> None:
    """Whether it has tables or only a number of its own."""
    path = tmp_path / "songs.db"
    with closing(connect(path)) as plain:
        plain.execute(statement)
    before = path.read_bytes()
    async with Log(SqliteRows(path)) as log:
        with pytest.raises(NotOurs, match="no log of loopbus: it is left alone"):
            await log.runs()
    assert path.read_bytes() == before


async def test_a_file_is_migrated_once(tmp_path: Path) -> None:
    """A process that waited for another to do it finds nothing left to do."""
    path = tmp_path / "runs.db"
    async with Log(SqliteRows(path)) as one, Log(SqliteRows(path)) as other:
        await one.append(whole("run"))
        assert await read(other, "run") == whole("run")


@pytest.mark.parametrize("version", range(1, len(schema.MIGRATIONS) + 1))
def test_a_released_step_never_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    """The first steps make the tables that the golden log of that version has, letter by letter."""
    monkeypatch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:version])
    golden = Path(__file__).parent.parent / "golden" / f"v{version}.db"
    with closing(connect(tmp_path / "new.db")) as new, closing(connect(f"file:{golden}?immutable=1")) as old:
        schema.migrate(new, "new.db")
        assert tables(new) == tables(old)


def tables(plain: sqlite3.Connection) -> list[tuple[str, str]]:
    """Every table and index, as it was made."""
    return plain.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
