"""What is deleted for good: each function is one transaction, and leaves forks whole."""

from typing import LiteralString

from ..forks import Branch, bequeathed
from .connection import Database
from .forks import ALONE
from .names import stored

_OF_ID = "SELECT run_id, place FROM runs WHERE run_id = %s FOR UPDATE"
_OF_SESSION = "SELECT run_id, place FROM runs WHERE session = %s ORDER BY run_id FOR UPDATE"
_ENDED = """
SELECT run_id, place FROM runs
WHERE run_id IN (SELECT run_id FROM runs WHERE ended_at < %s ORDER BY ended_at LIMIT %s) ORDER BY run_id FOR UPDATE"""

_FORKS = "SELECT place, source, at FROM runs WHERE source = %s ORDER BY place"
_GONE = "SELECT place, source, at FROM runs WHERE place = %s"
_MOVE = "UPDATE runs SET source = %s, at = %s WHERE place = %s"
_HAND_ON = (
    "UPDATE events SET run = %s WHERE run = %s AND seq <= %s",
    "UPDATE uses SET run = %s WHERE run = %s AND seq <= %s",
)

# An append that uses one of these artifacts too has its row locked: it is waited for, and the next statement knows it.
_LOCK_ARTIFACTS = """
SELECT 1 FROM artifacts WHERE digest IN (SELECT digest FROM uses WHERE run = %s) ORDER BY digest FOR UPDATE"""
_ORPHANS = """
WITH gone AS (DELETE FROM uses WHERE run = %s RETURNING digest, run)
DELETE FROM artifacts USING gone WHERE artifacts.digest = gone.digest
AND NOT EXISTS (SELECT 1 FROM uses WHERE uses.digest = gone.digest AND uses.run <> gone.run)"""
_EVENTS = "DELETE FROM events WHERE run = %s"
_RUN = "DELETE FROM runs WHERE run_id = %s"


async def delete(db: Database, run_id: str) -> int:
    """Delete a run; a lease of one that never began goes too, and counts for nothing."""
    return await _delete(db, _OF_ID, stored(run_id))


async def delete_session(db: Database, name: str) -> int:
    """Delete every run of a session."""
    return await _delete(db, _OF_SESSION, stored(name))


async def expire(db: Database, ended_before: float, limit: int) -> int:
    """Delete some of the runs that ended before a time."""
    return await _delete(db, _ENDED, ended_before, limit)


async def _delete(db: Database, which: LiteralString, *values: object) -> int:
    await db.execute(ALONE)
    found = await db.fetch(which, *values)
    # Forks before what they were forked from: so nothing is handed on for nothing.
    for run_id, place in sorted(found, key=lambda each: each[1] or 0, reverse=True):
        if place is not None:
            await _hand_on(db, place)
            for statement in (_LOCK_ARTIFACTS, _ORPHANS, _EVENTS):
                await db.execute(statement, place)
        await db.execute(_RUN, run_id)
    return sum(place is not None for _, place in found)


async def _hand_on(db: Database, place: int) -> None:
    forks = [Branch[int](*each) for each in await db.fetch(_FORKS, place)]
    if not forks:
        return
    gone = Branch[int](*(await db.fetch(_GONE, place))[0])
    will = bequeathed(gone, forks)
    for fork in will.moved:
        await db.execute(_MOVE, fork.source, fork.at, fork.run)
    if will.heir is not None:
        for statement in _HAND_ON:
            await db.execute(statement, will.heir, gone.run, will.kept)
