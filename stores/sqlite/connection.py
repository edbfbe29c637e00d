"""One connection to the file of a log: opened with the right pragmas, at a moment when others may do the same."""

import logging
import sqlite3
import time
from collections.abc import Callable
from typing import NamedTuple

from ..contract import Survives
from ..errors import StoreDamaged
from .faults import code_of
from .schema import migrate
from .wal import lost_commits

SYNCHRONOUS: dict[Survives, str] = {"power-loss": "FULL", "process-crash": "NORMAL"}
"""With a write-ahead log, FULL syncs at each commit, and NORMAL only where the log is copied into the database."""

_log = logging.getLogger("loopbus.stores")

_PAUSE_S = 0.02
_LARGEST_WAL = 16 * 1024 * 1024


class Settings(NamedTuple):
    """How to open a file."""

    path: str
    survives: Survives
    patience_s: float
    largest_pages: int | None
    accept_loss: bool


class Database:
    """A connection, and the numbers that this file has for the kinds of events."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.execute = connection.execute
        self.executemany = connection.executemany
        self.numbers: dict[tuple[str, int], int] = {}
        self.kinds: dict[int, tuple[str, int]] = {}

    def forget(self) -> None:
        """Forget numbers that a transaction gave which was taken back."""
        self.numbers.clear()
        self.kinds.clear()

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()


def open_database(settings: Settings, pause: Callable[[float], None] = time.sleep) -> Database:
    """Open the file, make it if need be, and bring its tables up to date.

    Switching a new file to its write-ahead log is the one thing that SQLite's own patience does not cover, so a file
    that many processes open at once is tried again here, for ``patience_s`` seconds in all.

    :raises sqlite3.Error: it cannot be opened.
    :raises SchemaTooNew: a newer loopbus was here.
    :raises NotOurs: it is another program's.
    :raises StoreDamaged: commits that were acknowledged are lost.
    """
    deadline = time.monotonic() + settings.patience_s
    while True:
        try:
            return _open(settings)
        except sqlite3.OperationalError as error:
            if code_of(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
        pause(_PAUSE_S)


def _open(settings: Settings) -> Database:
    _check_wal(settings)
    connection = sqlite3.connect(settings.path, timeout=settings.patience_s, isolation_level=None)
    try:
        # Whose file it is comes first: nothing of another program's may be changed.
        migrate(connection, settings.path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS[settings.survives]}")
        connection.execute(f"PRAGMA journal_size_limit = {_LARGEST_WAL}")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA cell_size_check = ON")
        # A log is data: nothing in a file that somebody else made may call a function.
        connection.execute("PRAGMA trusted_schema = OFF")
        if settings.largest_pages is not None:
            connection.execute(f"PRAGMA max_page_count = {settings.largest_pages}")
    except BaseException:
        connection.close()
        raise
    return Database(connection)


def _check_wal(settings: Settings) -> None:
    """See what would be lost before SQLite opens the file, for it loses it in silence."""
    lost = lost_commits(settings.path)
    if not lost:
        return
    if settings.accept_loss or settings.survives != "power-loss":
        _log.warning("%s: %s; the log goes on from what came before", settings.path, lost)
        return
    raise StoreDamaged(
        f"{settings.path}: {lost}, so acknowledged events are lost; put that file back from a backup, or go on "
        "from what came before with SqliteRows(..., accept_loss=True)"
    )
