"""Where replies are kept for requests that come again: in a file, so that they outlive the process."""

import sqlite3
from contextlib import closing
from pathlib import Path

from anyio import to_thread

from .replies import check_entries

_TABLE = """
CREATE TABLE IF NOT EXISTS replies (
    place INTEGER PRIMARY KEY AUTOINCREMENT, -- grows with each write, so the smallest is the oldest
    key TEXT NOT NULL UNIQUE,
    reply TEXT NOT NULL,
    run_id TEXT NOT NULL -- the run that has brought it
)"""
_BY_RUN = "CREATE INDEX IF NOT EXISTS replies_by_run ON replies (run_id)"
_GET = "SELECT reply FROM replies WHERE key = ?"
_PUT = "INSERT OR REPLACE INTO replies (key, reply, run_id) VALUES (?, ?, ?)"
_DROP_OLDEST = """
DELETE FROM replies WHERE place IN (
    SELECT place FROM replies ORDER BY place LIMIT max(0, (SELECT count(*) FROM replies) - ?)
)"""
_FORGET = "DELETE FROM replies WHERE run_id = ?"
_BUSY_S = 5.0
"""How long to wait for another process that writes."""


class SqliteReplies:
    """Keeps the latest ``entries`` replies in an SQLite file; processes may share it.

    The file is opened for each use, in a thread, which takes less than a millisecond: there is nothing to close. What
    SQLite raises passes through: a policy that fails is named and left out, and the model is asked.

    :raises BadOption: ``entries`` is no whole number above 0.
    """

    def __init__(self, path: str | Path, *, entries: int = 100_000) -> None:
        check_entries(entries)
        self._path = Path(path)
        self._entries = entries

    async def get(self, key: str) -> str | None:
        """See ``Replies``."""
        return await to_thread.run_sync(self._get, key)

    async def put(self, key: str, reply: str, run_id: str) -> None:
        """See ``Replies``."""
        await to_thread.run_sync(self._put, key, reply, run_id)

    async def forget(self, run_id: str) -> None:
        """See ``Replies``. The bytes are zeroed in the file."""
        await to_thread.run_sync(self._forget, run_id)

    def _get(self, key: str) -> str | None:
        with closing(self._open()) as database:
            row = database.execute(_GET, (key,)).fetchone()
        return None if row is None else row[0]

    def _put(self, key: str, reply: str, run_id: str) -> None:
        with closing(self._open()) as database, database:
            database.execute(_PUT, (key, reply, run_id))
            database.execute(_DROP_OLDEST, (self._entries,))

    def _forget(self, run_id: str) -> None:
        with closing(self._open()) as database, database:
            database.execute(_FORGET, (run_id,))

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=_BUSY_S)
        database.execute("PRAGMA secure_delete = ON")
        database.execute(_TABLE)
        database.execute(_BY_RUN)
        return database
