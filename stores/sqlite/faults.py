"""What SQLite raises, as errors of ours: one table."""

import sqlite3

from ...bus.words import describe
from ..errors import StoreBroken, StoreBusy, StoreDamaged, StoreError, StoreFull, StoreMisused

_MEANS: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (StoreBusy, "another process keeps it locked; nothing was written, try again later"),
    sqlite3.SQLITE_LOCKED: (StoreBusy, "another connection keeps it locked; nothing was written, try again later"),
    sqlite3.SQLITE_FULL: (StoreFull, "there is no space left; nothing was written, make room and try again"),
    sqlite3.SQLITE_CORRUPT: (StoreDamaged, "the file is damaged; restore it, or save what `verify` finds whole"),
    sqlite3.SQLITE_NOTADB: (
        StoreDamaged,
        "the file is no database, or its head is damaged; name another one, or restore it",
    ),
    sqlite3.SQLITE_READONLY: (StoreBroken, "it may only be read; allow this process to write it"),
    sqlite3.SQLITE_CANTOPEN: (StoreBroken, "it cannot be opened; the folder must exist and be writable"),
    sqlite3.SQLITE_TOOBIG: (StoreMisused, "one event is larger than SQLite can keep"),
}
_OTHER = (StoreBroken, "reading or writing it failed; nothing was acknowledged")

SPOILT = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""After these, a connection is of no more use."""


def code_of(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 for what Python's module raises by itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def translated(error: Exception, path: str) -> Exception:
    """The error of ours for one of SQLite's, or of Python's on the way to it; what is nobody's fault passes."""
    if isinstance(error, OverflowError | UnicodeError):
        return StoreMisused(f"{path} cannot keep a value: {describe(error)}")
    if not isinstance(error, sqlite3.Error):
        return error
    kind, meaning = _MEANS.get(code_of(error), _OTHER)
    return kind(f"{path}: {meaning} ({error})")
