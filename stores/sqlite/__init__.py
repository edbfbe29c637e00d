"""The log in an SQLite file: one thread, one write-ahead log, one sync for all that waits."""

from .store import SqliteRows

__all__ = ["SqliteRows"]
