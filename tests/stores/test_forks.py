"""Forks share events, and none of them notices what becomes of the others."""

import pytest
from hypothesis import given, settings

from loopbus.stores import Log, MemoryRows, SqliteRows
from loopbus.stores.codec import batch_of
from loopbus.stores.forks import Branch, Will, bequeathed

from .forest import LARGE, Forest, Step, large, steps
from .story import turn

EVERY_TEXT = [digest for two in range(7) for digest in batch_of(turn("run", 1, said=large(two)), 0, LARGE).artifacts]
"""The digests of all that a forest keeps apart."""


@settings(max_examples=40)
@given(steps=steps)
async def test_every_run_of_a_forest_is_what_was_written(
    steps: list[Step], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever is forked from what and deleted when; of a large text, nothing is left behind its last run."""
    path = tmp_path_factory.mktemp("forest") / "runs.db"
    for rows in (MemoryRows(), SqliteRows(path, survives="process-crash")):
        async with Log(rows, large_bytes=LARGE) as log:
            forest = Forest(log)
            await forest.take(steps)
            await forest.check()
            expected = {digest for events in forest.runs.values() for digest in batch_of(events, 0, LARGE).artifacts}
            assert set(await rows.artifacts(EVERY_TEXT)) == expected


def test_the_fork_that_has_most_inherits() -> None:
    """Of a root: the heir is a root then, and the others are its forks."""
    will = bequeathed(Branch("gone", None, 0), [Branch("a", "gone", 3), Branch("b", "gone", 9), Branch("c", "gone", 9)])
    assert will == Will("b", 9, [Branch("b", None, 0), Branch("a", "b", 3), Branch("c", "b", 9)])


def test_a_fork_of_what_was_forked_along_is_one_of_the_run_before() -> None:
    """It has nothing of what the deleted run had as its own."""
    will = bequeathed(Branch("gone", "root", 5), [Branch("a", "gone", 5), Branch("b", "gone", 7)])
    assert will == Will("b", 7, [Branch("b", "root", 5), Branch("a", "root", 5)])
    assert bequeathed(Branch("gone", "root", 5), [Branch("a", "gone", 2)]) == Will(None, 0, [Branch("a", "root", 2)])
