"""What a reader costs does not grow with what it does not read."""

import asyncio
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from loopbus.stores import Log, SqliteRows
from loopbus.stores.rows import Batch, Entry, Fork, Opening
from loopbus.stores.sqlite import reads
from loopbus.stores.sqlite.connection import Settings, open_database

LONG = 100_000
SHORT = 10


class Steps:
    """Counts what SQLite does: the instructions of its own machine, a handful for each row that it looks at."""

    def __init__(self, path: str) -> None:
        self._db = open_database(Settings(path, "process-crash", 0, None, accept_loss=False))
        self._db.connection.set_progress_handler(self._step, 1)
        self._taken = 0

    def of_page(self, run_id: str, after: int, limit: int = 256) -> tuple[list[int], int]:
        """The rows of a page, and the steps to them."""
        self._taken = 0
        page = reads.page(self._db, run_id, after, limit)
        return [row.seq for row in page.rows], self._taken

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _step(self) -> int:
        self._taken += 1
        return 0


async def fill(path: Path) -> None:
    """Write a long run and a short one, and a fork of the long one near its end that goes on for a little."""
    rows = SqliteRows(path, survives="process-crash")
    for run_id, events in (("long", LONG), ("short", SHORT)):
        entries = [Entry(seq, "TurnStarted", 1, b'{"at":1.0,"cause":0,"turn":1}') for seq in range(1, events + 1)]
        await rows.append(Batch(run_id, entries, opening=Opening("clerk", None, None, 0.0)))
    await rows.fork(Fork("long", "fork", at=LONG - 5))
    await rows.append(Batch("fork", [Entry(seq, "TurnStarted", 1, b"{}") for seq in range(LONG - 4, LONG + 1)]))
    await rows.aclose()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is only read."""
    path = tmp_path_factory.mktemp("long") / "runs.db"
    asyncio.run(fill(path))
    return path


@pytest.fixture
def steps(path: Path) -> Generator[Steps, None, None]:
    """A counter that has seen the file before."""
    with closing(Steps(str(path))) as steps:
        steps.of_page("short", 0)
        yield steps


async def test_the_end_of_a_long_log_is_read_without_the_rest(path: Path, steps: Steps) -> None:
    """The first event of a reader that joins at the end of 100,000 costs what it costs at the end of ten."""
    async with Log(SqliteRows(path)) as log:
        assert [event.seq async for event in log.read("long", after=LONG - 1)] == [LONG]
    (_, at_short), (found, at_long) = steps.of_page("short", SHORT - 1), steps.of_page("long", LONG - 1)
    assert found == [LONG]
    assert max(at_long, at_short) < 100
    assert steps.of_page("long", LONG // 2, 1)[1] < 100


async def test_a_fork_is_read_from_where_it_is_asked(steps: Steps) -> None:
    """Its own end, where it was forked, and across the border: never from its beginning."""
    for after, seqs in (
        (LONG - 1, [LONG]),
        (LONG - 5, [LONG - 4, LONG - 3]),
        (LONG - 6, [LONG - 5, LONG - 4]),
        (LONG // 2, [LONG // 2 + 1, LONG // 2 + 2]),
    ):
        found, taken = steps.of_page("fork", after, 2)
        assert found == seqs
        assert taken < 200
