"""How the events of many runs are appended in one transaction: three trips to the server, however many there are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from ..admission import admit, key_taken
from ..artifacts import used
from ..chain import chained, genesis
from ..errors import StoreError
from ..rows import Batch, Head, Opening, Row
from .connection import Database
from .names import name_of, stored, stored_if

if TYPE_CHECKING:
    from psycopg import AsyncCursor

ENTER = """
INSERT INTO runs (run_id) SELECT unnest(%s::bytea[]) ON CONFLICT DO NOTHING"""
"""Make rows that can be locked. Whoever else does so just now is waited for; all do it in one order."""
LEAVE = "DELETE FROM runs WHERE run_id = ANY(%s::bytea[]) AND place IS NULL AND token = 0"
"""Take rows away that were made for nothing."""
PLACES = "SELECT nextval('places') FROM generate_series(1, %s)"

_HEADS = "SELECT run_id, place, seq, digest, token FROM runs WHERE run_id = ANY(%s::bytea[]) ORDER BY run_id FOR UPDATE"
_KEYS = "SELECT key, run_id FROM runs WHERE key = ANY(%s::bytea[])"
_SENT = """
SELECT run_id, events.seq, events.digest
FROM unnest(%s::bytea[], %s::bigint[], %s::bigint[]) AS sent (run_id, behind, last) JOIN runs USING (run_id)
JOIN events ON events.run = runs.place AND events.seq > sent.behind AND events.seq <= sent.last"""
_BEGIN = """
UPDATE runs SET place = new.place, agent = new.agent, session = new.session, key = new.key, started_at = new.started_at
FROM unnest(%s::bytea[], %s::bigint[], %s::bytea[], %s::bytea[], %s::bytea[], %s::float8[])
    AS new (run_id, place, agent, session, key, started_at) WHERE runs.run_id = new.run_id"""
_GO_ON = """
UPDATE runs SET seq = new.seq, digest = new.digest
FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[]) AS new (place, seq, digest) WHERE runs.place = new.place"""
_END = """
UPDATE runs SET status = new.status, ended_at = new.ended_at, holder = ''
FROM unnest(%s::bigint[], %s::text[], %s::float8[]) AS new (place, status, ended_at) WHERE runs.place = new.place"""
_EVENTS = """
INSERT INTO events (run, seq, kind, body, digest)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::integer[], %s::bytea[], %s::bytea[])"""
# Changing the row to what it is locks it against a deletion that does not yet know of the new use.
_ARTIFACTS = """
INSERT INTO artifacts (digest, value) SELECT * FROM unnest(%s::bytea[], %s::bytea[])
ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest"""
_USES = """
INSERT INTO uses (digest, run, seq)
SELECT * FROM unnest(%s::bytea[], %s::bigint[], %s::bigint[]) ON CONFLICT DO NOTHING"""
_NEW_KINDS = """
INSERT INTO kinds (name, version)
SELECT * FROM unnest(%s::bytea[], %s::bigint[]) ORDER BY 1, 2 ON CONFLICT DO NOTHING"""
_KINDS = """
SELECT kind, name, version FROM kinds WHERE (name, version) IN (SELECT * FROM unnest(%s::bytea[], %s::bigint[]))"""


@dataclass(slots=True)
class Attempt:
    """A batch that is to be appended, perhaps for the second time: nobody may know what became of the first."""

    batch: Batch
    behind: Head | None = None
    """Where the log ended when this batch was last sent to be written."""


class Standing(NamedTuple):
    """A run as its row says: locked, so nobody else changes it."""

    place: int | None
    head: Head | None
    token: int


class Found(NamedTuple):
    """What an append depends on."""

    runs: dict[str, Standing]
    keys: dict[str, str]
    """Which run has which idempotency key."""
    places: list[int]
    """For runs that begin; the first of them is the last."""
    sent: set[tuple[str, int, bytes]]
    """Rows that may be of an attempt before: run, seq and digest."""


class Admitted(NamedTuple):
    """What an attempt writes. There may be nothing left to write, if it was written before."""

    attempt: Attempt
    place: int
    rows: Sequence[Row]


async def append(db: Database, attempts: Sequence[Attempt]) -> list[StoreError | None]:
    """Write each batch behind the log of its run, or begin one; the answers are those that were refused."""
    openings = [attempt.batch for attempt in attempts if attempt.batch.opening is not None]
    found = await _look_up(db, attempts, openings)
    admitted: list[Admitted] = []
    answers: list[StoreError | None] = []
    for attempt in attempts:
        try:
            admitted.append(_admitted(attempt, found))
        except StoreError as refused:
            answers.append(refused)
        else:
            answers.append(None)
    await _write(db, [each for each in admitted if each.rows])
    if found.places:
        await db.execute(LEAVE, _ids(openings))
    return answers


async def _look_up(db: Database, attempts: Sequence[Attempt], openings: Sequence[Batch]) -> Found:
    """Lock the runs, and see how they stand. All of it is asked before any of it is answered."""
    wanted = [opening.key for batch in openings if (opening := batch.opening) and opening.key is not None]
    again = [
        (stored(each.batch.run_id), each.behind.seq, each.batch.entries[-1].seq) for each in attempts if each.behind
    ]
    if openings:
        await db.execute(ENTER, _ids(openings))
    heads = await db.execute(_HEADS, _ids(attempt.batch for attempt in attempts))
    keys = await db.execute(_KEYS, [stored(key) for key in wanted]) if wanted else None
    sent = await _put(db, _SENT, again)
    places = await db.execute(PLACES, len(openings)) if openings else None
    return Found(
        {name_of(run_id): _standing(*row) for run_id, *row in await heads.fetchall()},
        {name_of(key): name_of(run_id) for key, run_id in (await keys.fetchall() if keys else ())},
        [place for (place,) in (await places.fetchall() if places else ())][::-1],
        {(name_of(run_id), seq, digest) for run_id, seq, digest in (await sent.fetchall() if sent else ())},
    )


def _standing(place: int | None, seq: int, digest: bytes, token: int) -> Standing:
    return Standing(place, None if place is None else Head(seq, digest), token)


def _admitted(attempt: Attempt, found: Found) -> Admitted:
    """Let a batch pass, and put down where its run stands then.

    :raises StoreError: it is refused.
    """
    batch = attempt.batch
    place, head, token = found.runs.get(batch.run_id, Standing(None, None, 0))
    rest = _unwritten(attempt, found.sent)
    if not rest.entries:
        return Admitted(attempt, 0, ())
    rows = admit(rest, head, token)
    key = rest.opening.key if rest.opening else None
    if key is not None and found.keys.setdefault(key, batch.run_id) != batch.run_id:
        raise key_taken(key, found.keys[key])
    if rest is batch:
        attempt.behind = head or Head(0, genesis(batch.run_id))
    place = place or found.places.pop()
    found.runs[batch.run_id] = Standing(place, Head(rows[-1].seq, rows[-1].digest), token)
    return Admitted(attempt, place, rows)


def _unwritten(attempt: Attempt, sent: set[tuple[str, int, bytes]]) -> Batch:
    """What of a batch is not yet in the log. The digests tell, for they cover all that is before.

    When the connection is lost over a commit, nobody knows what came of it. So the same batch again is no repeated call
    if it was sent before, and finds its own rows.
    """
    batch, behind = attempt.batch, attempt.behind
    if behind is None or not sent:
        return batch
    rows = chained(behind.digest, batch.entries)
    there = sum((batch.run_id, row.seq, row.digest) in sent for row in rows)
    return replace(batch, entries=batch.entries[there:])


async def _write(db: Database, admitted: Sequence[Admitted]) -> None:
    rows = [(each.place, row) for each in admitted for row in each.rows]
    await _number(db, {(row.name, row.version) for _, row in rows})
    await _put(db, _BEGIN, _beginnings(admitted))
    ends = {each.place: each.rows[-1] for each in admitted}
    await _put(db, _GO_ON, ((place, row.seq, row.digest) for place, row in ends.items()))
    endings = ((each.place, each.attempt.batch.ending) for each in admitted)
    await _put(db, _END, ((place, *ending) for place, ending in endings if ending))
    artifacts = {digest: value for each in admitted for digest, value in each.attempt.batch.artifacts.items()}
    if artifacts:
        await _put(db, _ARTIFACTS, sorted(artifacts.items()))
        uses = ((digest, each.place, seq) for each in admitted for seq, digest in used(each.attempt.batch.entries))
        await _put(db, _USES, uses)
    numbers = db.numbers
    await _put(
        db, _EVENTS, ((place, row.seq, numbers[row.name, row.version], row.body, row.digest) for place, row in rows)
    )


def _beginnings(admitted: Iterable[Admitted]) -> Iterable[tuple[object, ...]]:
    for each in admitted:
        batch = each.attempt.batch
        if each.rows[0].seq == 1:
            agent, session, key, started_at = batch.opening or Opening("", None, None, 0.0)
            yield stored(batch.run_id), each.place, stored(agent), stored_if(session), stored_if(key), started_at


async def _number(db: Database, kinds: set[tuple[str, int]]) -> None:
    """See to it that these kinds of events have numbers, and that the connection knows them."""
    unknown = [(stored(name), version) for name, version in kinds if (name, version) not in db.numbers]
    await _put(db, _NEW_KINDS, unknown)
    known = await _put(db, _KINDS, unknown)
    if known is not None:
        for kind, name, version in await known.fetchall():
            db.numbers[name_of(name), version] = kind


async def _put(db: Database, statement: LiteralString, rows: Iterable[tuple[object, ...]]) -> "AsyncCursor[Any] | None":
    """Send a statement with what ``unnest`` takes: rows as one array a column. No rows are not worth a word."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return await db.execute(statement, *columns) if columns else None


def _ids(batches: Iterable[Batch]) -> list[bytes]:
    return sorted({stored(batch.run_id) for batch in batches})
