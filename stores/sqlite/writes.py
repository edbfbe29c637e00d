"""What is written: each function is one job inside a transaction, and refuses before it writes anything."""

from ..admission import admit, key_taken
from ..contract import Lease
from ..leases import Held, claimed
from ..rows import Batch, Head, Opening
from .connection import Database

_HEAD = """
SELECT runs.place, runs.seq, runs.digest, coalesce(leases.token, 0)
FROM runs LEFT JOIN leases ON leases.run_id = runs.run_id WHERE runs.run_id = ?"""
_TOKEN = "SELECT token FROM leases WHERE run_id = ?"
_KEY = "SELECT run_id FROM runs WHERE key = ?"
_BEGIN = """
INSERT INTO runs (run_id, agent, session, key, started_at, status, seq, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
RETURNING place"""
_GO_ON = "UPDATE runs SET seq = ?, digest = ? WHERE place = ?"
_END = "UPDATE runs SET seq = ?, digest = ?, status = ? WHERE place = ?"
_EVENT = "INSERT INTO events (run, seq, kind, body, digest) VALUES (?, ?, ?, ?, ?)"
_KIND = "SELECT kind FROM kinds WHERE name = ? AND version = ?"
_NEW_KIND = "INSERT INTO kinds (name, version) VALUES (?, ?) RETURNING kind"
_ARTIFACT = "INSERT OR IGNORE INTO artifacts (digest, value) VALUES (?, ?)"
_USE = "INSERT OR IGNORE INTO uses (digest, run) VALUES (?, ?)"

_LEASE = "SELECT holder, token, until, ttl_s FROM leases WHERE run_id = ?"
_CLAIM = "INSERT OR REPLACE INTO leases (run_id, holder, token, until, ttl_s) VALUES (?, ?, ?, ?, ?)"
_RENEW = "UPDATE leases SET until = ?, ttl_s = ? WHERE holder = ? RETURNING run_id"
_RELEASE = "UPDATE leases SET holder = '' WHERE run_id = ? AND token = ?"

_PLACE = "SELECT place FROM runs WHERE run_id = ?"
_PLACES = "SELECT place FROM runs WHERE session = ?"
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


def append(db: Database, batch: Batch) -> None:
    """Write a batch behind the log of its run, or begin one."""
    found = db.execute(_HEAD, (batch.run_id,)).fetchone()
    if found is None:
        token = db.execute(_TOKEN, (batch.run_id,)).fetchone()
        place, head, token = 0, None, token[0] if token else 0
    else:
        place, head, token = found[0], Head(found[1], found[2]), found[3]
    rows = admit(batch, head, token)
    last = rows[-1]
    if head is None:
        place = _begin(db, batch, last.seq, last.digest)
    elif batch.status is None:
        db.execute(_GO_ON, (last.seq, last.digest, place))
    else:
        db.execute(_END, (last.seq, last.digest, batch.status, place))
    numbers = db.numbers
    db.executemany(
        _EVENT,
        [
            (place, seq, numbers.get((name, version)) or _number(db, name, version), body, digest)
            for seq, name, version, body, digest in rows
        ],
    )
    if batch.artifacts:
        db.executemany(_ARTIFACT, list(batch.artifacts.items()))
        db.executemany(_USE, [(digest, place) for digest in batch.artifacts])


def claim(db: Database, run_id: str, holder: str, ttl_s: float, now: float) -> Lease:
    """Take a lease that is free."""
    found = db.execute(_LEASE, (run_id,)).fetchone()
    lease, kept = claimed(run_id, holder, ttl_s, None if found is None else Held(*found), now)
    db.execute(_CLAIM, (run_id, *kept))
    return lease


def renew(db: Database, holder: str, ttl_s: float, now: float) -> frozenset[str]:
    """Make all leases of a holder last."""
    return frozenset(run_id for (run_id,) in db.execute(_RENEW, (now + ttl_s, ttl_s, holder)).fetchall())


def release(db: Database, lease: Lease) -> None:
    """Give a lease back, if it is still this one."""
    db.execute(_RELEASE, (lease.run_id, lease.token))


def delete(db: Database, run_id: str) -> int:
    """Delete a run; a lease of one that never began goes too."""
    db.execute("DELETE FROM leases WHERE run_id = ?", (run_id,))
    return _delete(db, db.execute(_PLACE, (run_id,)).fetchall())


def delete_session(db: Database, name: str) -> int:
    """Delete every run of a session."""
    return _delete(db, db.execute(_PLACES, (name,)).fetchall())


def _delete(db: Database, places: list[tuple[int]]) -> int:
    for place in places:
        for statement in _DELETE:
            db.execute(statement, place)
    return len(places)


def _begin(db: Database, batch: Batch, seq: int, digest: bytes) -> int:
    opening = batch.opening or Opening("", None, None, 0.0)
    if opening.key is not None:
        taken = db.execute(_KEY, (opening.key,)).fetchone()
        if taken is not None:
            raise key_taken(opening.key, taken[0])
    values = (batch.run_id, opening.agent, opening.session, opening.key, opening.started_at, batch.status, seq, digest)
    place: int = db.execute(_BEGIN, values).fetchone()[0]
    return place


def _number(db: Database, name: str, version: int) -> int:
    found = db.execute(_KIND, (name, version)).fetchone() or db.execute(_NEW_KIND, (name, version)).fetchone()
    number: int = found[0]
    db.numbers[name, version] = number
    return number
