"""A fork's rows lie with several runs: which of them has which, and how a fork begins."""

from typing import NamedTuple

from ..admission import admit_fork
from ..chain import genesis
from ..errors import NoSuchRun, StoreDamaged
from ..rows import Fork
from .connection import Database

# A damaged file can have anything in any column: cast, it is at least something to compare and to hash.
_SOURCE = "SELECT source, cast(at AS INTEGER) FROM runs WHERE place = ?"
_FORKED = """
SELECT place, agent, cast(seq AS INTEGER), status, ended_at, source, cast(at AS INTEGER), cast(genesis AS BLOB)
FROM runs WHERE run_id = ?"""
_TAKEN = "SELECT (SELECT seq FROM runs WHERE run_id = ?1), (SELECT token FROM leases WHERE run_id = ?1)"
_DIGEST = "SELECT cast(digest AS BLOB) FROM events WHERE run = ? AND seq = ?"
_BEGIN = """
INSERT INTO runs (run_id, agent, session, started_at, status, ended_at, seq, digest, source, at, genesis)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

_NO_END = 2**63 - 1


class Stretch(NamedTuple):
    """The rows behind one seq and up to another that lie with one run, named by its place."""

    run: int
    behind: int
    last: int


def stretches(db: Database, place: int, source: int | None, at: int, after: int) -> list[Stretch]:
    """Where the rows of a run lie, in order, from the row ``after`` on.

    :raises StoreDamaged: the run goes on from one that is not there, or from itself.
    """
    found = [Stretch(place, at, _NO_END)]
    last, seen = _NO_END, {place}
    while source is not None and at >= after:
        step = db.execute(_SOURCE, (source,)).fetchone()
        if step is None or source in seen:
            raise StoreDamaged(f"the run at place {place} shares events with one at place {source}, and that cannot be")
        seen.add(source)
        last = min(last, at)
        if step[1] < last:
            found.append(Stretch(source, step[1], last))
        source, at = step
    return found[::-1]


def digest_of(db: Database, found: list[Stretch], seq: int) -> bytes:
    """The digest of a row, in the first of some stretches; empty where the row is missing."""
    row = db.execute(_DIGEST, (found[0].run, seq)).fetchone()
    return row[0] if row else b""


def fork(db: Database, fork: Fork, now: float) -> None:
    """Write down that a run begins with rows of another, and where its own will go on."""
    found = db.execute(_FORKED, (fork.source,)).fetchone()
    if found is None:
        raise no_such_run(fork.source)
    place, agent, end, status, ended_at, source, at, start = found
    taken, token = db.execute(_TAKEN, (fork.run_id,)).fetchone()
    admit_fork(fork, end, taken, token or 0)
    digest = digest_of(db, stretches(db, place, source, at, fork.at), fork.at)
    ending = (status, ended_at) if fork.at == end else (None, None)
    values = fork.run_id, fork.agent or agent, fork.session, now, *ending, fork.at, digest, place, fork.at
    db.execute(_BEGIN, (*values, start or genesis(fork.source)))


def no_such_run(run_id: str) -> NoSuchRun:
    """What is wrong with a run that is not there."""
    return NoSuchRun(f"this store has no run {run_id}: it never began here, or was deleted", run_id=run_id)
