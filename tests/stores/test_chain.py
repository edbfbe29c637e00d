"""The hash chain: whatever is done to a log, the first event that is not as it was written is named."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.stores.chain import chained, flaw, genesis, link
from loopbus.stores.rows import Entry, Head, Page, Row


def log(size: int = 6) -> list[Row]:
    """Rows as they were written."""
    return chained(genesis("run"), [Entry(seq, "Said", 1, b'{"n":%d}' % seq) for seq in range(1, size + 1)])


def page(rows: list[Row], head: Row | None = None) -> Page:
    """All of them as one page; the log says that it ends with ``head``."""
    end = head or log()[-1]
    return Page(Head(end.seq, end.digest), genesis("run"), rows)


def forged(rows: list[Row]) -> list[Row]:
    """The same events with digests that fit: what somebody writes who knows how."""
    return chained(genesis("run"), [Entry(*row[:4]) for row in rows])


EDITS: dict[str, tuple[Callable[[list[Row]], object], int]] = {
    "body": (lambda rows: rows.__setitem__(2, rows[2]._replace(body=b'{"n":4}')), 3),
    "name": (lambda rows: rows.__setitem__(2, rows[2]._replace(name="Meant")), 3),
    "version": (lambda rows: rows.__setitem__(2, rows[2]._replace(version=2)), 3),
    "digest": (lambda rows: rows.__setitem__(2, rows[2]._replace(digest=bytes(32))), 3),
    "taken out": (lambda rows: rows.pop(2), 3),
    "taken out, numbered anew": (lambda rows: rows.__setitem__(slice(2, 4), [rows[3]._replace(seq=3)]), 3),
    "first taken out": (lambda rows: rows.pop(0), 1),
    "last taken out": (lambda rows: rows.pop(), 6),
    "put in": (lambda rows: rows.insert(2, rows[2]), 4),
    "put behind": (lambda rows: rows.append(Row(7, "Said", 1, b"{}", link(rows[-1].digest, "Said", 1, b"{}"))), 6),
    "moved": (lambda rows: rows.__setitem__(slice(2, 4), [rows[3]._replace(seq=3), rows[2]._replace(seq=4)]), 3),
    "all of it": (list[Row].clear, 1),
    "written anew": (lambda rows: rows.__setitem__(slice(None), forged([*rows[:5], rows[5]._replace(body=b"{}")])), 6),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_found_where_it_was_made(edit: str) -> None:
    """The events before it are left in the page, and nothing behind it."""
    rows = log()
    change, seq = EDITS[edit]
    change(rows)
    found = page(rows)
    wrong = flaw("run", 0, found, 100)
    assert wrong is not None
    assert (wrong.run_id, wrong.seq) == ("run", seq)
    if "put behind" not in edit and "written anew" not in edit:
        assert found.rows == log()[: seq - 1]


@given(after=st.integers(0, 6), limit=st.integers(1, 8))
def test_a_log_as_it_was_written_has_no_flaw(after: int, limit: int) -> None:
    """From any place, in pages of any size."""
    rows = log()
    before = rows[after - 1].digest if after else genesis("run")
    assert flaw("run", after, Page(Head(6, rows[-1].digest), before, rows[after : after + limit]), limit) is None


@given(
    before=st.binary(min_size=32, max_size=32), one=st.tuples(st.text(), st.integers(1), st.binary()), data=st.data()
)
def test_different_rows_have_different_digests(before: bytes, one: tuple[str, int, bytes], data: st.DataObject) -> None:
    """No name or body can be made up that passes for another, not even one with brackets and quotes in it."""
    other = data.draw(st.tuples(st.text(), st.integers(1), st.binary()))
    assert (link(before, *one) == link(before, *other)) == (one == other)


def test_a_run_cannot_pass_for_another() -> None:
    """The same events under another id have other digests from the first on."""
    assert genesis("run") != genesis("other")
