"""Whether a batch or a fork may be written: the decision, apart from the store that acts on it."""

from .chain import chained, genesis
from .errors import KeyTaken, LeaseLost, StoreMisused, WrongSeq
from .rows import Batch, Fork, Head, Row


def admit(batch: Batch, head: Head | None, token: int) -> list[Row]:
    """The rows to write behind ``head``, which is None for a run that has none; ``token`` is the latest lease's.

    :raises LeaseLost: the batch carries another token.
    :raises WrongSeq: it does not begin where the log ends.
    """
    if batch.token != token:
        raise _lost(batch.run_id, batch.entries[0].seq, batch.token, token)
    last, digest = head or (0, genesis(batch.run_id))
    first = batch.entries[0].seq
    if first != last + 1:
        raise _wrong(batch.run_id, first, last)
    return chained(digest, batch.entries)


def admit_fork(fork: Fork, end: int, taken: int | None, token: int) -> None:
    """Let a fork pass. Its source ends with event ``end``; ``taken`` is where a run of its id ends, if there is one.

    :raises LeaseLost: it carries another token than ``token``, the latest lease's.
    :raises WrongSeq: there is such a run.
    :raises StoreMisused: the source has no event ``fork.at``.
    """
    if fork.token != token:
        raise _lost(fork.run_id, fork.at + 1, fork.token, token)
    if taken is not None:
        raise WrongSeq(
            f"run {fork.run_id} cannot begin as a fork: it is there already, and ends with event {taken}; "
            "fork into a new id",
            run_id=fork.run_id, seq=fork.at + 1, expected=taken + 1,
        )  # fmt: skip
    if not 1 <= fork.at <= end:
        raise StoreMisused(
            f"at={fork.at}: run {fork.source} has the events 1 to {end}, and can be forked at each of them",
            run_id=fork.source, seq=fork.at,
        )  # fmt: skip


def key_taken(key: str, run_id: str) -> KeyTaken:
    """The refusal of a second run with one key."""
    return KeyTaken(f"key {key!r} belongs to run {run_id}; attach to that one, or use another key", run_id=run_id)


def _lost(run_id: str, seq: int, given: int, token: int) -> LeaseLost:
    latest = f"the latest lease has token {token}" if token else "nobody has a lease of it: it was released or deleted"
    return LeaseLost(
        f"run {run_id} was written to with token {given}, but {latest}; stop driving this run",
        run_id=run_id, seq=seq,
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
