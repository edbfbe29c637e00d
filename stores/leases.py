"""Who may drive a run: the rules of a lease, apart from the store that keeps it."""

from typing import NamedTuple

from .contract import Lease
from .errors import LeaseHeld


class Held(NamedTuple):
    """A lease as a store keeps it. The holder is empty when it was given back; the token is never used again."""

    holder: str
    token: int
    until: float
    ttl_s: float


def claimed(run_id: str, holder: str, ttl_s: float, held: Held | None, now: float) -> tuple[Lease, Held]:
    """The lease that ``holder`` gets at the time ``now``, to hand out and to keep.

    :raises LeaseHeld: it is somebody else's, and has not ended.
    """
    if held is not None and held.holder not in ("", holder) and _lasts(held, now):
        raise LeaseHeld(
            f"run {run_id} is driven by {held.holder!r} for {held.until - now:.1f} s more, unless it renews its lease",
            run_id=run_id, holder=held.holder, until=held.until,
        )  # fmt: skip
    token = 1 if held is None else held.token + 1
    kept = Held(holder, token, now + ttl_s, ttl_s)
    return Lease(run_id, holder, token, kept.until), kept


def lasting(run_id: str, held: Held | None, now: float) -> Lease | None:
    """The lease that somebody has at the time ``now``; None if nobody has one."""
    if held is None or not held.holder or not _lasts(held, now):
        return None
    return Lease(run_id, held.holder, held.token, held.until)


def _lasts(held: Held, now: float) -> bool:
    # Further away than its whole length: the clock was put back since, and would lock the run for as long.
    return now < held.until <= now + held.ttl_s
