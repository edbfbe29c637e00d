"""What is written: each function is one job inside a transaction, and refuses before it writes anything."""

from ..admission import admit, key_taken
from ..artifacts import used
from ..contract import Lease
from ..leases import Held, claimed
from ..rows import Batch, Head, Opening
from .connection import Database

_HEAD = """
SELECT runs.place, runs.seq, runs.digest, coalesce(leases.token, 0) FROM (SELECT ?1 AS asked)
LEFT JOIN runs ON runs.run_id = asked LEFT JOIN leases ON leases.run_id = asked"""
_KEY = "SELECT run_id FROM runs WHERE key = ?"
_BEGIN = """
INSERT INTO runs (run_id, agent, session, key, started_at, status, ended_at, seq, digest)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_GO_ON = "UPDATE runs SET seq = ?, digest = ? WHERE place = ?"
_END = "UPDATE runs SET seq = ?, digest = ?, status = ?, ended_at = ? WHERE place = ?"
_EVENT = "INSERT INTO events (run, seq, kind, body, digest) VALUES (?, ?, ?, ?, ?)"
_KIND = "SELECT kind FROM kinds WHERE name = ? AND version = ?"
_NEW_KIND = "INSERT INTO kinds (name, version) VALUES (?, ?) RETURNING kind"
_ARTIFACT = "INSERT OR IGNORE INTO artifacts (digest, value) VALUES (?, ?)"
_USE = "INSERT INTO uses (digest, run, seq) VALUES (?, ?, ?)"

_LEASE = "SELECT holder, token, until, ttl_s FROM leases WHERE run_id = ?"
_CLAIM = "INSERT OR REPLACE INTO leases (run_id, holder, token, until, ttl_s) VALUES (?, ?, ?, ?, ?)"
_RENEW = "UPDATE leases SET until = ?, ttl_s = ? WHERE holder = ? RETURNING run_id"
_RELEASE = "UPDATE leases SET holder = '' WHERE run_id = ? AND token = ?"


def append(db: Database, batch: Batch) -> None:
    """Write a batch behind the log of its run, or begin one."""
    place, seq, digest, token = db.execute(_HEAD, (batch.run_id,)).fetchone()
    head = None if place is None else Head(seq, digest)
    rows = admit(batch, head, token)
    last = rows[-1]
    if head is None:
        place = _begin(db, batch, last.seq, last.digest)
    elif batch.ending is None:
        db.execute(_GO_ON, (last.seq, last.digest, place))
    else:
        db.execute(_END, (last.seq, last.digest, *batch.ending, place))
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
        db.executemany(_USE, [(digest, place, seq) for seq, digest in used(batch.entries)])


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


def _begin(db: Database, batch: Batch, seq: int, digest: bytes) -> int | None:
    opening = batch.opening or Opening("", None, None, 0.0)
    if opening.key is not None:
        taken = db.execute(_KEY, (opening.key,)).fetchone()
        if taken is not None:
            raise key_taken(opening.key, taken[0])
    values = (batch.run_id, *opening, *(batch.ending or (None, None)), seq, digest)
    return db.execute(_BEGIN, values).lastrowid


def _number(db: Database, name: str, version: int) -> int:
    found = db.execute(_KIND, (name, version)).fetchone() or db.execute(_NEW_KIND, (name, version)).fetchone()
    number: int = found[0]
    db.numbers[name, version] = number
    return number
