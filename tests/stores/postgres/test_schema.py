"""Numbered steps lead every older schema to the tables of today, whole or not at all."""

import anyio
import pytest
from psycopg.errors import UndefinedTable

from loopbus.stores import Log, NotOurs, SchemaTooNew
from loopbus.stores.postgres import schema

from ..contract import read
from ..story import started, whole
from .places import plain, rows, values
from .server import fresh_url


async def filled() -> str:
    """The place of a log with one run."""
    url = fresh_url()
    async with Log(rows(url)) as log:
        await log.append(whole("run"))
    return url


async def test_an_older_schema_is_brought_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its runs are still there, and a later process finds the new tables."""
    url = await filled()
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "ALTER TABLE runs ADD COLUMN parent bytea"))
    async with Log(rows(url)) as log:
        assert len(await read(log, "run")) == 6
    async with plain(url) as looking:
        assert await values(looking, "SELECT version FROM loopbus_version") == [(len(schema.MIGRATIONS),)]
        assert await values(looking, "SELECT parent FROM runs") == [(None,)]


async def test_a_migration_that_breaks_off_has_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one transaction, so it begins anew with the next process."""
    url = await filled()
    steps = schema.MIGRATIONS
    broken = "ALTER TABLE runs ADD COLUMN parent bytea; INSERT INTO nowhere VALUES (1)"
    monkeypatch.setattr(schema, "MIGRATIONS", (*steps, broken))
    async with plain(url) as connection:
        with pytest.raises(UndefinedTable, match="nowhere"):
            await schema.migrate(connection, url.partition("&schema=")[2], "here")
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    async with Log(rows(url)) as log:
        assert len(await read(log, "run")) == 6


async def test_an_older_program_refuses_a_newer_schema() -> None:
    """It names both numbers, and changes nothing."""
    url = await filled()
    async with plain(url) as connection:
        await connection.execute("UPDATE loopbus_version SET version = 7")
        known = len(schema.MIGRATIONS)
        async with Log(rows(url)) as log:
            with pytest.raises(SchemaTooNew, match=f"has schema 7, and this loopbus knows schemas up to {known}"):
                await log.append(started("other"))
        assert await values(connection, "SELECT count(*) FROM runs") == [(1,)]


async def test_a_schema_of_another_program_is_left_alone() -> None:
    """Not a table is added to it."""
    url = fresh_url()
    name = url.partition("&schema=")[2]
    async with plain(url) as connection:
        await connection.execute(f"CREATE SCHEMA {name} CREATE TABLE songs (title text)".encode())
        async with Log(rows(url)) as log:
            with pytest.raises(NotOurs, match=f"schema '{name}' of .* is no log of loopbus: it is left alone"):
                await log.runs()
        tables = f"SELECT count(*) FROM pg_class WHERE relnamespace = '{name}'::regnamespace AND relkind = 'r'"
        assert await values(connection, tables) == [(1,)]


async def test_an_empty_schema_may_be_there_before() -> None:
    """Somebody with more rights may have made it; nothing is put anywhere else."""
    url = fresh_url()
    name = url.partition("&schema=")[2]
    async with plain(url) as connection:
        await connection.execute(f"CREATE SCHEMA {name}".encode())
        async with Log(rows(url)) as log:
            await log.append(started("run"))
        assert await values(
            connection, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ) == [(0,)]


async def test_many_processes_may_open_a_new_place_at_once() -> None:
    """One of them makes the tables, the others find them."""
    url = fresh_url()

    async def use(number: int) -> None:
        async with Log(rows(url)) as log:
            await log.append(started(f"r{number}"))

    async with anyio.create_task_group() as group:
        for number in range(6):
            group.start_soon(use, number)
    async with Log(rows(url)) as log:
        assert len(await log.runs()) == 6
