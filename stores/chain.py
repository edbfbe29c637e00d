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


def flaw(run_id: str, after: int, page: Page, limit: int) -> StoreDamaged | None:
    """What is wrong with a page, naming the first event that is; ``page.rows`` is cut before that one.

    A page that is what was written has no gap, is linked row by row, and ends where the log does.
    """
    seq, before = after, page.before
    for place, row in enumerate(page.rows):
        seq += 1
        if row.seq != seq or link(before, row.name, row.version, row.body) != row.digest:
            del page.rows[place:]
            return _damaged(run_id, seq, "is not what was written" if row.seq == seq else "is missing")
        before = row.digest
    if len(page.rows) < limit and seq < page.head.seq:
        return _damaged(run_id, seq + 1, "is missing")
    if (seq > page.head.seq and page.rows) or (seq == page.head.seq and before != page.head.digest):
        return _damaged(run_id, page.head.seq, "is not the end that was written")
    return None


def _damaged(run_id: str, seq: int, how: str) -> StoreDamaged:
    return StoreDamaged(f"event {seq} of run {run_id} {how}; the events before it are whole", run_id=run_id, seq=seq)


@lru_cache(maxsize=1024)
def _label(name: str, version: int) -> bytes:
    # A JSON array in front of a JSON value: no name can be made up so that two rows have the same bytes.
    return json.dumps([name, version]).encode()
