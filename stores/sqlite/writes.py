"""What is written: each function is one job inside a transaction, and refuses before it writes anything."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from ..admission import admit, key_taken
from ..artifacts import used
from ..contract import Lease
from ..errors import StoreError
from ..leases import Held, claimed
from ..rows import Batch, Head, Opening
from .connection import Database

_HEAD = """
SELECT runs.place, runs.seq, runs.digest, coalesce(leases.token, 0) FROM (SELECT ?1 AS asked)
LEFT JOIN runs ON runs.run_id = asked LEFT JOIN leases ON leases.run_id = asked"""
_KEY = "SELECT run_id FROM runs WHERE key = ?"
_BEGIN = """
INSERT INTO runs (run_id, agent, session, key, started_at, seq, digest) VALUES (?, ?, ?, ?, ?, ?, ?)
RETURNING place"""
_GO_ON = "UPDATE runs SET seq = ?, digest = ? WHERE place = ?"
_END = "UPDATE runs SET status = ?, ended_at = ? WHERE place = ?"
_EVENTS = "INSERT INTO events (run, seq, kind, body, digest) VALUES "
_EVENT = "(?, ?, ?, ?, ?)"
_COLUMNS = 5
_AT_ONCE = 40
"""Events that one statement writes: the way into SQLite and out again costs as much as half an event."""
_KIND = "SELECT kind FROM kinds WHERE name = ? AND version = ?"
_NEW_KIND = "INSERT INTO kinds (name, version) VALUES (?, ?) RETURNING kind"
_ARTIFACT = "INSERT OR IGNORE INTO artifacts (digest, value) VALUES (?, ?)"
_USE = "INSERT INTO uses (digest, run, seq) VALUES (?, ?, ?)"

_LEASE = "SELECT holder, token, until, ttl_s FROM leases WHERE run_id = ?"
_CLAIM = "INSERT OR REPLACE INTO leases (run_id, holder, token, until, ttl_s) VALUES (?, ?, ?, ?, ?)"
_RENEW = "UPDATE leases SET until = ?, ttl_s = ? WHERE holder = ? RETURNING run_id"
_RELEASE = "UPDATE leases SET holder = '' WHERE run_id = ? AND token = ?"


class _Standing(NamedTuple):
    """Where a run stands, with what was admitted so far."""

    place: int | None
    head: Head | None
    token: int


@dataclass(slots=True)
class _Admitted:
    """What was admitted of the batches that are written together, and is not written yet."""

    runs: dict[str, _Standing] = field(default_factory=dict[str, _Standing])
    ends: dict[int, Head] = field(default_factory=dict[int, Head])
    """Where the logs of runs end from now on, by their places."""
    events: list[Any] = field(default_factory=list[Any])
    """The columns of all rows, one after the other."""


def append(db: Database, batches: Sequence[Batch]) -> list[StoreError | None]:
    """Write each batch behind the log of its run, or begin one; the answers are those that were refused."""
    admitted = _Admitted()
    answers = [_admit(db, batch, admitted) for batch in batches]
    db.executemany(_GO_ON, [(*head, place) for place, head in admitted.ends.items()])
    step = _AT_ONCE * _COLUMNS
    for first in range(0, len(admitted.events), step):
        some = admitted.events[first : first + step]
        db.execute(_insertion(len(some) // _COLUMNS), some)
    return answers


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


def _admit(db: Database, batch: Batch, admitted: _Admitted) -> StoreError | None:
    """Take a batch in, or say why not."""
    place, head, token = admitted.runs.get(batch.run_id) or _standing(db, batch.run_id)
    try:
        rows = admit(batch, head, token)
        end = Head(rows[-1].seq, rows[-1].digest)
        if place is None:
            place = _begin(db, batch, end)
        else:
            admitted.ends[place] = end
    except StoreError as refused:
        return refused
    admitted.runs[batch.run_id] = _Standing(place, end, token)
    numbers, events = db.numbers, admitted.events
    for seq, name, version, body, digest in rows:
        events += place, seq, numbers.get((name, version)) or _number(db, name, version), body, digest
    if batch.ending is not None:
        db.execute(_END, (*batch.ending, place))
        db.execute(_RELEASE, (batch.run_id, token))
    if batch.artifacts:
        db.executemany(_ARTIFACT, list(batch.artifacts.items()))
        db.executemany(_USE, [(digest, place, seq) for seq, digest in used(batch.entries)])
    return None


def _standing(db: Database, run_id: str) -> _Standing:
    place, seq, digest, token = db.execute(_HEAD, (run_id,)).fetchone()
    return _Standing(place, None if place is None else Head(seq, digest), token)


@cache
def _insertion(count: int) -> str:
    return _EVENTS + ", ".join([_EVENT] * count)


def _begin(db: Database, batch: Batch, end: Head) -> int:
    opening = batch.opening or Opening("", None, None, 0.0)
    if opening.key is not None:
        taken = db.execute(_KEY, (opening.key,)).fetchone()
        if taken is not None:
            raise key_taken(opening.key, taken[0])
    return db.execute(_BEGIN, (batch.run_id, *opening, *end)).fetchone()[0]


def _number(db: Database, name: str, version: int) -> int:
    found = db.execute(_KIND, (name, version)).fetchone() or db.execute(_NEW_KIND, (name, version)).fetchone()
    number: int = found[0]
    db.numbers[name, version] = number
    return number
