"""The floor of a durable log: what a careful person writes by hand, with no codec, no chain, no leases."""

import json
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

Records = Iterable[dict[str, Any]]


class ByHand(Protocol):
    """Appends what many writers have to say, and syncs it once."""

    def append(self, written: Iterable[Records]) -> None: ...

    def close(self) -> None: ...


class Table:
    """A table of JSON, one transaction for all that is there to be written, synced at each commit."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(
            "CREATE TABLE log (run_id TEXT, seq INTEGER, event TEXT, PRIMARY KEY (run_id, seq)) WITHOUT ROWID"
        )

    def append(self, written: Iterable[Records]) -> None:
        """Write what each of the writers has, and sync."""
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        for records in written:
            rows = [(record["run_id"], record["seq"], json.dumps(record)) for record in records]
            self._connection.executemany("INSERT INTO log VALUES (?, ?, ?)", rows)
        execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


class Lines:
    """A file of JSON lines, synced after each append: it can say neither where a run is nor whether a line is whole."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")

    def append(self, written: Iterable[Records]) -> None:
        """Write what each of the writers has, and sync."""
        for records in written:
            self._file.write("".join([json.dumps(record) + "\n" for record in records]).encode())
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
