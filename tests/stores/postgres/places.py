"""Stores at fresh places of the tests' server, and plain connections to look at what they keep there."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import anyio
from psycopg import AsyncConnection

from loopbus.stores import PostgresRows

from .server import fresh_url

Plain = AsyncConnection[Any]


def rows(url: str | None = None, *, server_options: str = "", **options: Any) -> PostgresRows:
    """A store at a URL, or where no log is yet, with options."""
    conninfo, _, schema = (url or fresh_url()).partition("&schema=")
    more = f"&options={quote(server_options)}" if server_options else ""
    return PostgresRows(conninfo + more, schema=schema, **options)


@asynccontextmanager
async def plain(url: str) -> AsyncGenerator[Plain, None]:
    """A connection that knows nothing of logs, in the schema of one."""
    conninfo, _, schema = url.partition("&schema=")
    async with await AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute(f"SET search_path TO {schema}".encode())
        yield connection


async def wait_for_a_lock(looking: Plain) -> None:
    """Until somebody in the schema waits for what another one keeps locked."""
    waiting = """
    SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'loopbus'
    AND pid IN (SELECT pid FROM pg_locks WHERE relation IN (
        SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace))"""
    while not (await values(looking, waiting))[0][0]:  # noqa: ASYNC110 - nothing in the server could set an event
        await anyio.sleep(0.005)


async def values(looking: Plain, query: str) -> list[tuple[Any, ...]]:
    """What a query answers."""
    return await (await looking.execute(query.encode())).fetchall()
