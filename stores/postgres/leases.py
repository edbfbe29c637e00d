"""Leases of many runs in one statement: they are columns of a run's row, which is what an append locks too."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..contract import Lease
from ..errors import LeaseHeld
from ..leases import Held, claimed
from .appends import ENTER
from .connection import Database
from .names import name_of, stored

Clock = Callable[[], float]

_LEASES = """
SELECT run_id, holder, token, until, ttl_s FROM runs WHERE run_id = ANY(%s::bytea[]) ORDER BY run_id FOR UPDATE"""
_KEEP = """
UPDATE runs SET holder = new.holder, token = new.token, until = new.until, ttl_s = new.ttl_s
FROM unnest(%s::bytea[], %s::bytea[], %s::bigint[], %s::float8[], %s::float8[])
    AS new (run_id, holder, token, until, ttl_s) WHERE runs.run_id = new.run_id"""
_RENEW = """
WITH own AS (SELECT run_id FROM runs WHERE holder = %s AND holder <> '' ORDER BY run_id FOR UPDATE)
UPDATE runs SET until = %s, ttl_s = %s FROM own WHERE runs.run_id = own.run_id RETURNING runs.run_id"""
_RELEASE = """
WITH given AS (
    SELECT runs.run_id FROM runs JOIN unnest(%s::bytea[], %s::bigint[]) AS old (run_id, token) USING (run_id, token)
    ORDER BY run_id FOR UPDATE OF runs
)
UPDATE runs SET holder = '' FROM given WHERE runs.run_id = given.run_id"""


class Claim(NamedTuple):
    """A lease that is wanted, and by which clock: the server's unless another is given."""

    run_id: str
    holder: str
    ttl_s: float
    clock: Clock | None


async def claim(db: Database, claims: Sequence[Claim]) -> list[Lease | LeaseHeld]:
    """Take the leases that are free."""
    ids = sorted({stored(each.run_id) for each in claims})
    await db.execute(ENTER, ids)
    found = await db.fetch(_LEASES, ids)
    # The clock is read behind the locks: who waited for one may find that the lease has ended since.
    now = await now_of(db, claims[0].clock)
    held = {name_of(run_id): Held(name_of(holder), *rest) for run_id, holder, *rest in found}
    answers: list[Lease | LeaseHeld] = []
    taken: dict[str, Held] = {}
    for run_id, holder, ttl_s, _ in claims:
        try:
            lease, held[run_id] = claimed(run_id, holder, ttl_s, held[run_id], now)
        except LeaseHeld as refused:
            answers.append(refused)
        else:
            answers.append(lease)
            taken[run_id] = held[run_id]
    if taken:
        rows = [(stored(run_id), stored(kept.holder), *kept[1:]) for run_id, kept in taken.items()]
        await db.execute(_KEEP, *(list(column) for column in zip(*rows, strict=True)))
    return answers


async def renew(db: Database, holder: str, ttl_s: float, clock: Clock | None) -> frozenset[str]:
    """Make all leases of a holder last."""
    until = await now_of(db, clock) + ttl_s
    return frozenset(name_of(run_id) for (run_id,) in await db.fetch(_RENEW, stored(holder), until, ttl_s))


async def release(db: Database, leases: Sequence[Lease]) -> list[None]:
    """Give leases back, those that are still these."""
    await db.execute(_RELEASE, [stored(lease.run_id) for lease in leases], [lease.token for lease in leases])
    return [None] * len(leases)


async def now_of(db: Database, clock: Clock | None) -> float:
    """The time, in seconds since the epoch."""
    return await db.now() if clock is None else clock()
