"""What is read: each function is one job, and leaves no cursor open behind it."""

from collections.abc import Sequence
from typing import Any

from ..chain import genesis
from ..contract import RunInfo, SessionInfo
from ..errors import StoreDamaged
from ..leases import Held, lasting
from ..rows import Head, Page, Row, RunQuery
from .connection import Database
from .forks import digest_of, no_such_run, stretches

_HEAD = """
SELECT place, seq, digest, source, cast(at AS INTEGER), cast(genesis AS BLOB) FROM runs WHERE run_id = ?"""
_ROWS = "SELECT seq, kind, body, digest FROM events WHERE run = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
_KIND = "SELECT name, version FROM kinds WHERE kind = ?"
_ARTIFACT = "SELECT value FROM artifacts WHERE digest = ?"
_INFO = """
SELECT runs.run_id, runs.place, runs.agent, runs.session, runs.key, runs.started_at, runs.seq, runs.status,
runs.ended_at, sources.run_id, runs.at, leases.holder, leases.token, leases.until, leases.ttl_s
FROM runs LEFT JOIN runs AS sources ON sources.place = runs.source LEFT JOIN leases ON leases.run_id = runs.run_id"""
_CLAUSES = {
    "session": "runs.session = ?",
    "key": "runs.key = ?",
    "agent": "runs.agent = ?",
    "status": "runs.status = ?",
    "before": "runs.place < ?",
}
"""What a query may ask for, as SQL has it."""
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
        place, seq, digest, source, at, start = found
        if not isinstance(seq, int):
            raise StoreDamaged(f"run {run_id} ends with event {seq!r}, and nobody wrote that", run_id=run_id)
        parts = stretches(db, place, source, at, after)
        before = digest_of(db, parts, after) if after else start or genesis(run_id)
        rows: list[Row] = []
        for run, behind, last in parts:
            some = db.execute(_ROWS, (run, max(after, behind), last, limit - len(rows)))
            rows += [_row(db, *row) for row in some.fetchall()]
            if len(rows) == limit:
                break
        return Page(Head(seq, digest), before, rows)
    finally:
        db.execute("COMMIT")


def artifacts(db: Database, digests: Sequence[bytes]) -> dict[bytes, bytes]:
    """Those of the artifacts that there are."""
    found = ((digest, db.execute(_ARTIFACT, (digest,)).fetchone()) for digest in digests)
    return {digest: value[0] for digest, value in found if value is not None}


def info(db: Database, run_id: str, now: float) -> RunInfo:
    """One run."""
    found = db.execute(f"{_INFO} WHERE runs.run_id = ?", (run_id,)).fetchone()
    if found is None:
        raise no_such_run(run_id)
    return _info(found, now)


def runs(db: Database, query: RunQuery, now: float) -> list[RunInfo]:
    """Some runs, the latest first."""
    asked = query._asdict()
    given = {clause: asked[name] for name, clause in _CLAUSES.items() if asked[name] is not None}
    clauses = [*given, *(["runs.status IS NULL"] if query.unfinished else [])]
    where = f" WHERE {' AND '.join(clauses)}" if clauses else ""
    found = db.execute(f"{_INFO}{where} ORDER BY runs.place DESC LIMIT ?", (*given.values(), query.limit))
    return [_info(each, now) for each in found.fetchall()]


def sessions(db: Database) -> list[SessionInfo]:
    """Every session, the one with the latest run first."""
    # Beside max(), SQLite answers a bare column from the row that has the maximum.
    return [SessionInfo(name, count, latest, at) for name, count, latest, at, _ in db.execute(_SESSIONS).fetchall()]


def _info(found: Sequence[Any], now: float) -> RunInfo:
    *told, holder, token, until, ttl_s = found
    held = None if holder is None else Held(holder, token, until, ttl_s)
    return RunInfo(*told, lease=lasting(told[0], held, now))


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
