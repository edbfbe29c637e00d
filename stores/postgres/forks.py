"""How a run begins with events of another."""

from ..admission import admit_fork
from ..chain import genesis
from ..rows import Fork
from . import reads
from .appends import ENTER, PLACES
from .connection import Database
from .leases import Clock, now_of
from .names import stored, stored_if

ALONE = "SELECT pg_advisory_xact_lock(1818391923, hashtext(current_schema() || ' forks'))"
"""Whoever changes which run has which events does so alone: what it reads of others' rows stays true."""

_SOURCE = "SELECT place, agent, seq, status, ended_at, genesis FROM runs WHERE run_id = %s AND place IS NOT NULL"
_TAKEN = "SELECT place, seq, token FROM runs WHERE run_id = %s FOR UPDATE"
_BEGIN = """
UPDATE runs SET place = %s, agent = %s, session = %s, started_at = %s, status = %s, ended_at = %s, seq = %s,
    digest = %s, source = %s, at = %s, genesis = %s WHERE run_id = %s"""


async def fork(db: Database, fork: Fork, clock: Clock | None) -> None:
    """Write down that a run begins with rows of another, and where its own will go on."""
    await db.execute(ALONE)
    run_id = stored(fork.run_id)
    await db.execute(ENTER, [run_id])
    found = await db.fetch(_SOURCE, stored(fork.source))
    if not found:
        raise reads.no_such_run(fork.source)
    place, agent, end, status, ended_at, start = found[0]
    taken, seq, token = (await db.fetch(_TAKEN, run_id))[0]
    admit_fork(fork, end, None if taken is None else seq, token)
    digest = (await reads.page(db, fork.source, fork.at, 1)).before
    ending = (status, ended_at) if fork.at == end else (None, None)
    new = (await db.fetch(PLACES, 1))[0]
    opening = fork.agent or agent, stored_if(fork.session), await now_of(db, clock)
    values = *new, *opening, *ending, fork.at, digest, place, fork.at, start or genesis(fork.source), run_id
    await db.execute(_BEGIN, *values)
