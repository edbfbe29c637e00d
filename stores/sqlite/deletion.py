"""What is deleted for good: each function is one job inside a transaction, and leaves forks whole."""

from ..forks import Branch, bequeathed
from .connection import Database

_PLACE = "SELECT place FROM runs WHERE run_id = ?"
_OF_SESSION = "SELECT place FROM runs WHERE session = ? ORDER BY place DESC"
_ENDED = "SELECT place FROM runs WHERE ended_at < ? ORDER BY ended_at LIMIT ?"

_FORKS = "SELECT place, source, at FROM runs WHERE source = ? ORDER BY place"
_GONE = "SELECT place, source, at FROM runs WHERE place = ?"
_MOVE = "UPDATE runs SET source = ?, at = ? WHERE place = ?"
_HAND_ON = (
    "UPDATE events SET run = ?1 WHERE run = ?2 AND seq <= ?3",
    "UPDATE uses SET run = ?1 WHERE run = ?2 AND seq <= ?3",
)

_ORPHANS = """
DELETE FROM artifacts WHERE digest IN (SELECT digest FROM uses WHERE run = ?1)
AND NOT EXISTS (SELECT 1 FROM uses WHERE uses.digest = artifacts.digest AND uses.run <> ?1)"""
_DELETE = (
    _ORPHANS,
    "DELETE FROM uses WHERE run = ?1",
    "DELETE FROM events WHERE run = ?1",
    "DELETE FROM leases WHERE run_id = (SELECT run_id FROM runs WHERE place = ?1)",
    "DELETE FROM runs WHERE place = ?1",
)


def delete(db: Database, run_id: str) -> int:
    """Delete a run; a lease of one that never began goes too."""
    db.execute("DELETE FROM leases WHERE run_id = ?", (run_id,))
    return _delete(db, db.execute(_PLACE, (run_id,)).fetchall())


def delete_session(db: Database, name: str) -> int:
    """Delete every run of a session, forks before what they were forked from: so nothing is handed on for nothing."""
    return _delete(db, db.execute(_OF_SESSION, (name,)).fetchall())


def expire(db: Database, ended_before: float, limit: int) -> int:
    """Delete some of the runs that ended before a time."""
    found = db.execute(_ENDED, (ended_before, limit)).fetchall()
    return _delete(db, sorted(found, reverse=True))


def _delete(db: Database, places: list[tuple[int]]) -> int:
    for place in places:
        _hand_on(db, place)
        for statement in _DELETE:
            db.execute(statement, place)
    return len(places)


def _hand_on(db: Database, place: tuple[int]) -> None:
    forks = [Branch[int](*each) for each in db.execute(_FORKS, place).fetchall()]
    if not forks:
        return
    gone = Branch[int](*db.execute(_GONE, place).fetchone())
    will = bequeathed(gone, forks)
    for fork in will.moved:
        db.execute(_MOVE, (fork.source, fork.at, fork.run))
    if will.heir is not None:
        for statement in _HAND_ON:
            db.execute(statement, (will.heir, gone.run, will.kept))
