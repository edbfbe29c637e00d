"""What is read: each function is one job, and leaves no cursor open behind it."""

from collections.abc import Sequence
from typing import Any

from ..chain import genesis
from ..contract import RunInfo, SessionInfo
from ..errors import NoSuchRun, StoreDamaged
from ..rows import Head, Page, Row, RunQuery
from .connection import Database

_HEAD = "SELECT place, seq, digest FROM runs WHERE run_id = ?"
_BEFORE = "SELECT digest FROM events WHERE run = ? AND seq = ?"
_ROWS = "SELECT seq, kind, body, digest FROM events WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?"
_KIND = "SELECT name, version FROM kinds WHERE kind = ?"
_ARTIFACT = "SELECT value FROM artifacts WHERE digest = ?"
_INFO = "SELECT run_id, place, agent, session, key, started_at, seq, status FROM runs"
_SESSIONS = """
SELECT session, count(*), run_id, started_at, max(place) FROM runs
WHERE session IS NOT NULL GROUP BY session ORDER BY max(place) DESC"""


def page(db: Database, run_id: str, after: int, limit: int) -> Page:
    """Some rows of a run, and where it ends, as they stood at one moment."""
    db.execute("BEGIN")
    try:
        found = db.execute(_HEAD, (run_id,)).fetchone()
        if found is None:
            raise no_such_run(run_id)
        place, seq, digest = found
        if not isinstance(seq, int):
            raise StoreDamaged(f"run {run_id} ends with event {seq!r}, and nobody wrote that", run_id=run_id)
        before = db.execute(_BEFORE, (place, after)).fetchone() if after else (genesis(run_id),)
        rows = db.execute(_ROWS, (place, after, limit)).fetchall()
        return Page(Head(seq, digest), before[0] if before else b"", [_row(db, *row) for row in rows])
    finally:
        db.execute("COMMIT")


def artifacts(db: Database, digests: Sequence[bytes]) -> dict[bytes, bytes]:
    """Those of the artifacts that there are."""
    found = ((digest, db.execute(_ARTIFACT, (digest,)).fetchone()) for digest in digests)
    return {digest: value[0] for digest, value in found if value is not None}


def info(db: Database, run_id: str) -> RunInfo:
    """One run."""
    found = db.execute(f"{_INFO} WHERE run_id = ?", (run_id,)).fetchone()
    if found is None:
        raise no_such_run(run_id)
    return RunInfo(*found)


def runs(db: Database, query: RunQuery) -> list[RunInfo]:
    """Some runs, the latest first."""
    wanted: dict[str, Any] = {"session = ?": query.session, "key = ?": query.key, "place < ?": query.before}
    given = {clause: value for clause, value in wanted.items() if value is not None}
    clauses = [*given, *(["status IS NULL"] if query.unfinished else [])]
    where = f" WHERE {' AND '.join(clauses)}" if clauses else ""
    found = db.execute(f"{_INFO}{where} ORDER BY place DESC LIMIT ?", (*given.values(), query.limit))
    return [RunInfo(*each) for each in found.fetchall()]


def sessions(db: Database) -> list[SessionInfo]:
    """Every session, the one with the latest run first."""
    # Beside max(), SQLite answers a bare column from the row that has the maximum.
    return [SessionInfo(name, count, latest, at) for name, count, latest, at, _ in db.execute(_SESSIONS).fetchall()]


def no_such_run(run_id: str) -> NoSuchRun:
    """What is wrong with a run that is not there."""
    return NoSuchRun(f"this store has no run {run_id}: it never began here, or was deleted", run_id=run_id)


def _row(db: Database, seq: int, number: int, body: bytes, digest: bytes) -> Row:
    kind = db.kinds.get(number) or _kind(db, number)
    # A damaged file can have anything in any column. A row without words has no right digest, so its reader is told.
    if kind is None or not (isinstance(body, bytes) and isinstance(digest, bytes)):  # pyright: ignore[reportUnnecessaryIsInstance]
        return Row(seq, "", 0, b"", b"")
    return Row(seq, kind[0], kind[1], body, digest)


def _kind(db: Database, number: int) -> tuple[str, int] | None:
    kind = db.execute(_KIND, (number,)).fetchone()
    if kind is not None:
        db.kinds[number] = kind
    return kind
