"""The tables, as numbered steps from an empty schema to what this version expects."""

from typing import TYPE_CHECKING, Any, LiteralString

from ..errors import NotOurs, SchemaTooNew

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_FIRST = """
CREATE TABLE kinds ( -- what an event is called, written down once
    kind integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name bytea NOT NULL,
    version bigint NOT NULL,
    UNIQUE (name, version)
);
CREATE SEQUENCE places;
CREATE TABLE runs ( -- names are UTF-8 as bytea: text has no U+0000, and its order may change with the system's library
    run_id bytea PRIMARY KEY,
    place bigint UNIQUE, -- NULL: the run is claimed, and has not begun
    agent bytea,
    session bytea,
    key bytea,
    started_at float8,
    status text,
    ended_at float8,
    seq bigint NOT NULL DEFAULT 0,
    digest bytea,
    source bigint, -- the place of the run that has the events up to "at"; NULL: all are this run's own
    at bigint NOT NULL DEFAULT 0,
    genesis bytea, -- the digest before event 1, of a run that was forked; NULL: the one of its id
    holder bytea NOT NULL DEFAULT '',
    token bigint NOT NULL DEFAULT 0,
    until float8 NOT NULL DEFAULT 0,
    ttl_s float8 NOT NULL DEFAULT 0
) WITH (fillfactor = 70); -- each append changes its run's row: with room beside it, no index hears of that
CREATE UNIQUE INDEX runs_by_key ON runs (key) WHERE key IS NOT NULL;
CREATE INDEX runs_by_session ON runs (session, place) WHERE session IS NOT NULL;
CREATE INDEX runs_unfinished ON runs (place) WHERE status IS NULL;
CREATE INDEX runs_by_end ON runs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX runs_by_source ON runs (source) WHERE source IS NOT NULL;
CREATE INDEX runs_by_holder ON runs (holder) WHERE holder <> '';
CREATE TABLE events (
    run bigint NOT NULL,
    seq bigint NOT NULL,
    kind integer NOT NULL,
    body bytea NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (run, seq)
);
CREATE TABLE artifacts (
    digest bytea PRIMARY KEY,
    value bytea NOT NULL
);
CREATE TABLE uses ( -- which events refer to an artifact; the last one takes it along
    digest bytea NOT NULL,
    run bigint NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (digest, run, seq)
);
CREATE INDEX uses_by_run ON uses (run, seq);
"""

MIGRATIONS: tuple[LiteralString, ...] = (_FIRST,)
"""Step ``n`` leads from version ``n`` to ``n + 1``. A step that was released never changes."""

_LOCK = "SELECT pg_advisory_xact_lock(1818391923, hashtext(%s))"
# Read from the catalogs, and not by to_regclass: that may remember how things stood before the wait for the lock.
_TABLES = """
SELECT count(relname), coalesce(bool_or(relname = 'loopbus_version'), false)
FROM pg_namespace LEFT JOIN pg_class ON relnamespace = pg_namespace.oid WHERE nspname = %s GROUP BY nspname"""
_VERSION = "SELECT version FROM loopbus_version"
_MARK = """
CREATE TABLE loopbus_version (version integer NOT NULL); -- that this table is here marks the schema as ours
INSERT INTO loopbus_version VALUES (0)"""


async def migrate(connection: "AsyncConnection[Any]", name: str, place: str) -> None:
    """Bring the tables of the schema ``name`` up to date, in one transaction that one process at a time can do.

    A process that dies on the way has changed nothing. ``place`` is what errors call the database.

    :raises SchemaTooNew: a newer loopbus was here.
    :raises NotOurs: the schema is somebody else's.
    """
    if await _version(connection, name, place) == len(MIGRATIONS):
        return
    async with connection.transaction():
        await connection.execute(_LOCK, (name,))
        # Another process may have done it while this one waited.
        done = await _version(connection, name, place)
        if done is None:
            done = await _mark(connection, name)
        for step in MIGRATIONS[done:]:
            await connection.execute(step)
        await connection.execute("UPDATE loopbus_version SET version = %s", (len(MIGRATIONS),))


async def _version(connection: "AsyncConnection[Any]", name: str, place: str) -> int | None:
    """Up to where the steps were done; None for a schema that is empty, or not there."""
    tables, marked = await _row(connection, _TABLES, name) or (0, False)
    if not marked and tables:
        raise NotOurs(f"schema {name!r} of {place} is no log of loopbus: it is left alone; name another schema")
    if not marked:
        return None
    (version,) = await _row(connection, _VERSION) or (0,)
    if version > len(MIGRATIONS):
        raise SchemaTooNew(
            f"{place} has schema {version}, and this loopbus knows schemas up to {len(MIGRATIONS)}: "
            "upgrade loopbus, or name another database"
        )
    return version


async def _mark(connection: "AsyncConnection[Any]", name: str) -> int:
    from psycopg.sql import SQL, Identifier

    if await _row(connection, _TABLES, name) is None:
        await connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)))
    await connection.execute(_MARK)
    return 0


async def _row(connection: "AsyncConnection[Any]", query: LiteralString, *values: str) -> tuple[Any, ...] | None:
    return await (await connection.execute(query, values)).fetchone()
