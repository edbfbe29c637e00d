"""What is read: each is one statement, so what it answers stood at one moment."""

from collections.abc import Sequence
from typing import Any, LiteralString

from ..chain import genesis
from ..contract import RunInfo, SessionInfo
from ..errors import NoSuchRun
from ..leases import Held, lasting
from ..rows import Head, Page, Row, RunQuery
from .connection import Database
from .leases import Clock
from .names import name_if, name_of, stored

_WITH_PARTS = """
WITH RECURSIVE asked AS (SELECT %s::bytea AS run_id, %s::bigint AS after, %s::bigint AS most),
run AS (SELECT runs.* FROM runs JOIN asked USING (run_id) WHERE place IS NOT NULL),
part (run, behind, last, source) AS ( -- where the rows lie: a fork's with its source, up to where it was forked
    SELECT place, at, 9223372036854775807, source FROM run
    UNION ALL
    SELECT runs.place, runs.at, least(part.last, part.behind), runs.source
    FROM asked, part JOIN runs ON runs.place = part.source WHERE part.behind >= asked.after
) CYCLE run SET looped USING path"""
_PAGE: LiteralString = f"""{_WITH_PARTS}
SELECT run.seq, run.digest, run.genesis, first.digest, page.seq, page.kind, page.body, page.digest
FROM run
LEFT JOIN LATERAL (
    SELECT events.digest FROM asked, part JOIN events USING (run)
    WHERE NOT looped AND events.seq = asked.after AND events.seq > part.behind AND events.seq <= part.last
) AS first ON true
LEFT JOIN LATERAL (
    SELECT lying.* FROM asked, part, LATERAL (
        SELECT events.seq, events.kind, events.body, events.digest FROM events
        WHERE events.run = part.run AND events.seq > greatest(part.behind, asked.after) AND events.seq <= part.last
        ORDER BY events.seq LIMIT asked.most
    ) AS lying WHERE NOT looped ORDER BY lying.seq LIMIT (SELECT most FROM asked)
) AS page ON true
ORDER BY page.seq"""
_KINDS = "SELECT kind, name, version FROM kinds WHERE kind = ANY(%s::integer[])"
_ARTIFACTS = "SELECT digest, value FROM artifacts WHERE digest = ANY(%s::bytea[])"
_INFO = """
SELECT runs.run_id, runs.place, runs.agent, runs.session, runs.key, runs.started_at, runs.seq, runs.status,
    runs.ended_at, sources.run_id, runs.at, runs.holder, runs.token, runs.until, runs.ttl_s,
    extract(epoch FROM clock_timestamp())::float8
FROM runs LEFT JOIN runs AS sources ON sources.place = runs.source WHERE runs.place IS NOT NULL"""
_ONE: LiteralString = f"{_INFO} AND runs.run_id = %s"
_CLAUSES: dict[str, LiteralString] = {
    "session": " AND runs.session = %s",
    "key": " AND runs.key = %s",
    "agent": " AND runs.agent = %s",
    "status": " AND runs.status = %s",
    "before": " AND runs.place < %s",
}
"""What a query may ask for, as SQL has it."""
_NAMES = ("session", "key", "agent")
_SESSIONS = """
SELECT session, runs, latest, started_at FROM (
    SELECT DISTINCT ON (session)
        session, count(*) OVER (PARTITION BY session) AS runs, run_id AS latest, started_at, place
    FROM runs WHERE session IS NOT NULL AND place IS NOT NULL ORDER BY session, place DESC
) AS latest ORDER BY place DESC"""


async def page(db: Database, run_id: str, after: int, limit: int) -> Page:
    """Some rows of a run, and where it ends."""
    found = await db.fetch(_PAGE, stored(run_id), after, limit)
    if not found:
        raise no_such_run(run_id)
    seq, digest, start, before = found[0][:4]
    rows = [each[4:] for each in found if each[4] is not None]
    await _learn(db, {kind for _, kind, _, _ in rows})
    kinds = db.kinds
    return Page(
        Head(seq, digest),
        (before or b"") if after else start or genesis(run_id),
        # A row whose kind nobody wrote down has no right digest, so its reader is told.
        [Row(seq, *kinds.get(kind, ("", 0)), body, digest) for seq, kind, body, digest in rows],
    )


async def artifacts(db: Database, digests: Sequence[bytes]) -> dict[bytes, bytes]:
    """Those of the artifacts that there are."""
    return dict(await db.fetch(_ARTIFACTS, list(digests)))


async def info(db: Database, run_id: str, clock: Clock | None) -> RunInfo:
    """One run."""
    found = await db.fetch(_ONE, stored(run_id))
    if not found:
        raise no_such_run(run_id)
    return _info(found[0], clock)


async def runs(db: Database, query: RunQuery, clock: Clock | None) -> list[RunInfo]:
    """Some runs, the latest first."""
    asked = query._asdict()
    given = {name: value for name, value in asked.items() if name in _CLAUSES and value is not None}
    where: LiteralString = "".join(_CLAUSES[name] for name in given)
    unfinished: LiteralString = " AND runs.status IS NULL" if query.unfinished else ""
    values = [stored(value) if name in _NAMES else value for name, value in given.items()]
    statement: LiteralString = f"{_INFO}{where}{unfinished} ORDER BY runs.place DESC LIMIT %s"
    return [_info(each, clock) for each in await db.fetch(statement, *values, query.limit)]


async def sessions(db: Database) -> list[SessionInfo]:
    """Every session, the one with the latest run first."""
    found = await db.fetch(_SESSIONS)
    return [SessionInfo(name_of(name), count, name_of(latest), at) for name, count, latest, at in found]


def no_such_run(run_id: str) -> NoSuchRun:
    """What is wrong with a run that is not there."""
    return NoSuchRun(f"this store has no run {run_id}: it never began here, or was deleted", run_id=run_id)


def _info(found: Sequence[Any], clock: Clock | None) -> RunInfo:
    run_id, place, agent, session, key, started_at, seq, status, ended_at, source, at, holder, *lease, now = found
    names = name_of(agent), name_if(session), name_if(key)
    run, held = name_of(run_id), Held(name_of(holder), *lease)
    drives = lasting(run, held, now if clock is None else clock())
    return RunInfo(run, place, *names, started_at, seq, status, ended_at, name_if(source), at, drives)


async def _learn(db: Database, kinds: set[int]) -> None:
    unknown = [kind for kind in kinds if kind not in db.kinds]
    if unknown:
        for kind, name, version in await db.fetch(_KINDS, unknown):
            db.kinds[kind] = (name_of(name), version)
