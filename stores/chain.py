"""The hash chain of a run: each row's digest covers the row and, through the digest before it, everything before."""

import json
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256

from .errors import StoreDamaged
from .rows import Entry, Page, Row


def genesis(run_id: str) -> bytes:
    """What stands in for the digest before a run's first row, so that no run can pass for another."""
    return sha256(b"loopbus run " + run_id.encode()).digest()


def link(before: bytes, name: str, version: int, body: bytes) -> bytes:
    """The digest of the row that comes behind ``before``."""
    return sha256(before + _label(name, version) + body).digest()


def chained(before: bytes, entries: Iterable[Entry]) -> list[Row]:
    """Entries as rows behind ``before``."""
    rows: list[Row] = []
    for seq, name, version, body in entries:
        before = link(before, name, version, body)
        rows.append(Row(seq, name, version, body, before))
    return rows


def check(run_id: str, after: int, page: Page, limit: int) -> None:
    """See that a page is what was written: without a gap, linked, and no shorter than the log.

    :raises StoreDamaged: it is not; ``seq`` is the first event that is wrong or missing. ``page.rows`` is cut before it.
    """
    expected, before = after, page.before
    for place, row in enumerate(page.rows):
        expected += 1
        if row.seq != expected:
            del page.rows[place:]
            raise missing(run_id, expected)
        if link(before, row.name, row.version, row.body) != row.digest:
            del page.rows[place:]
            raise StoreDamaged(
                f"event {expected} of run {run_id} is not what was written; the events before it are whole",
                run_id=run_id, seq=expected,
            )  # fmt: skip
        before = row.digest
    if len(page.rows) < limit and expected < page.head.seq:
        raise missing(run_id, expected + 1)
    if expected == page.head.seq and before != page.head.digest:
        raise StoreDamaged(
            f"run {run_id} does not end with event {expected} as it was written", run_id=run_id, seq=expected
        )


def missing(run_id: str, seq: int) -> StoreDamaged:
    """An event that was written, and is not there."""
    return StoreDamaged(
        f"event {seq} of run {run_id} is missing, and was written; the events before it are whole",
        run_id=run_id, seq=seq,
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _label(name: str, version: int) -> bytes:
    # A JSON array in front of a JSON value: no name can be made up so that two rows have the same bytes.
    return json.dumps([name, version]).encode()
