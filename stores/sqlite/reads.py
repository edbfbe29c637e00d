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
        place, head = found[0], Head(found[1], found[2])
        _check(run_id, 0, (head.seq, int), (head.digest, bytes))
        before = db.execute(_BEFORE, (place, after)).fetchone() if after else (genesis(run_id),)
        rows = db.execute(_ROWS, (place, after, limit)).fetchall()
        return Page(head, before[0] if before else b"", [_row(db, run_id, row) for row in rows])
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


def _check(run_id: str, seq: int, *values: tuple[object, type]) -> None:
    """A damaged file can have anything in any column."""
    if not all(isinstance(value, kind) for value, kind in values):
        at = seq if isinstance(seq, int) else 0  # pyright: ignore[reportUnnecessaryIsInstance]  # it is one of them
        raise StoreDamaged(f"run {run_id} has a row near event {at} that nobody wrote", run_id=run_id, seq=at)


def _row(db: Database, run_id: str, found: tuple[int, int, bytes, bytes]) -> Row:
    seq, number, body, digest = found
    _check(run_id, seq, (seq, int), (body, bytes), (digest, bytes))
    kind = db.kinds.get(number)
    if kind is None:
        kind = db.execute(_KIND, (number,)).fetchone()
        if kind is None:
            raise StoreDamaged(f"event {seq} of run {run_id} is of a kind without a name", run_id=run_id, seq=seq)
        db.kinds[number] = kind
    return Row(seq, kind[0], kind[1], body, digest)
