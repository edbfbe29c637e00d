"""Whether a batch may be written: the decision, apart from the store that acts on it."""

from .chain import chained, genesis
from .errors import KeyTaken, LeaseLost, WrongSeq
from .rows import Batch, Head, Row


def admit(batch: Batch, head: Head | None, token: int) -> list[Row]:
    """The rows to write behind ``head``, which is None for a run that has none; ``token`` is the latest lease's.

    :raises LeaseLost: the batch carries another token.
    :raises WrongSeq: it does not begin where the log ends.
    """
    if batch.token != token:
        raise _lost(batch, token)
    last, digest = head or (0, genesis(batch.run_id))
    first = batch.entries[0].seq
    if first != last + 1:
        raise _wrong(batch.run_id, first, last)
    return chained(digest, batch.entries)


def key_taken(key: str, run_id: str) -> KeyTaken:
    """The refusal of a second run with one key."""
    return KeyTaken(f"key {key!r} belongs to run {run_id}; attach to that one, or use another key", run_id=run_id)


def _lost(batch: Batch, token: int) -> LeaseLost:
    latest = f"the latest lease has token {token}" if token else "nobody has a lease of it: it was released or deleted"
    return LeaseLost(
        f"run {batch.run_id} was written to with token {batch.token}, but {latest}; stop driving this run",
        run_id=batch.run_id, seq=batch.entries[0].seq,
    )  # fmt: skip


def _wrong(run_id: str, first: int, last: int) -> WrongSeq:
    if last:
        stands = f"ends with event {last}; read on from there"
    else:
        stands = "has no event: it never began in this store, or was deleted"
    return WrongSeq(
        f"an append to run {run_id} begins with event {first}, but its log {stands}",
        run_id=run_id, seq=first, expected=last + 1,
    )  # fmt: skip
