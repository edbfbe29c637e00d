"""The tables, as numbered steps from an empty file to what this version expects."""

import sqlite3
from typing import Any

from ..errors import NotOurs, SchemaTooNew

APPLICATION = 0x6C627573
"""Marks a file as ours in its header: ``lbus``."""

_FIRST = """
CREATE TABLE kinds ( -- what an event is called, written down once
    kind INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (name, version)
);
CREATE TABLE runs (
    place INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again, so a late write cannot hit a later run
    run_id TEXT NOT NULL UNIQUE,
    agent TEXT NOT NULL,
    session TEXT,
    key TEXT,
    started_at REAL NOT NULL,
    status TEXT,
    ended_at REAL,
    seq INTEGER NOT NULL,
    digest BLOB NOT NULL,
    source INTEGER, -- the place of the run that has the events up to `at`; NULL: all are this run's own
    at INTEGER NOT NULL DEFAULT 0,
    genesis BLOB -- the digest before event 1, of a run that was forked; NULL: the one of its id
);
CREATE UNIQUE INDEX runs_by_key ON runs (key) WHERE key IS NOT NULL;
CREATE INDEX runs_by_session ON runs (session, place) WHERE session IS NOT NULL;
CREATE INDEX runs_unfinished ON runs (place) WHERE status IS NULL;
CREATE INDEX runs_by_end ON runs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX runs_by_source ON runs (source) WHERE source IS NOT NULL;
CREATE TABLE events ( -- in the order of writing: many runs that write at once fill the same pages
    place INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    body BLOB NOT NULL,
    digest BLOB NOT NULL
);
CREATE UNIQUE INDEX events_by_seq ON events (run, seq);
CREATE TABLE artifacts (
    digest BLOB PRIMARY KEY,
    value BLOB NOT NULL
);
CREATE TABLE uses ( -- which events refer to an artifact; the last one takes it along
    digest BLOB NOT NULL,
    run INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (digest, run, seq)
) WITHOUT ROWID;
CREATE INDEX uses_by_run ON uses (run, seq);
CREATE TABLE leases (
    run_id TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    token INTEGER NOT NULL,
    until REAL NOT NULL,
    ttl_s REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX leases_by_holder ON leases (holder);
"""

MIGRATIONS = (_FIRST,)
"""Step ``n`` leads from version ``n`` to ``n + 1``. A step that was released never changes."""


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring the tables up to date, in one transaction: a process that dies on the way has changed nothing.

    :raises SchemaTooNew: a newer loopbus was here.
    :raises NotOurs: the file is somebody else's.
    """
    if _pragma(connection, "user_version") == len(MIGRATIONS) and _pragma(connection, "application_id") == APPLICATION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done it while this one waited.
        done = _version(connection, path)
        for step in MIGRATIONS[done:]:
            for statement in step.split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection, path: str) -> int:
    version = _pragma(connection, "user_version")
    strange = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] > 0
    if (version or strange) and _pragma(connection, "application_id") != APPLICATION:
        raise NotOurs(f"{path} is a database, but no log of loopbus: it is left alone; name another file")
    if version > len(MIGRATIONS):
        raise SchemaTooNew(
            f"{path} has schema {version}, and this loopbus knows schemas up to {len(MIGRATIONS)}: "
            "upgrade loopbus, or name another file"
        )
    return version


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]
