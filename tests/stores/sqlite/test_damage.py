"""F95: a damaged file is never read as if it were whole, and never silently shorter."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from loopbus.events import Event
from loopbus.stores import Log, SqliteRows, StoreDamaged, StoreError

from ..contract import read
from ..story import finished, started, turn
from .files import closed, crashed, flip

WRITTEN: list[Event] = [*started("run"), *turn("run", 2), *turn("run", 6), *finished("run", 10)]


async def found(path: Path, *, accept_loss: bool = False) -> list[Event]:
    """What a log in this file gives."""
    async with Log(SqliteRows(path, accept_loss=accept_loss, patience_s=0)) as log:
        return await read(log, "run")


async def is_noticed(path: Path) -> bool:
    """Whether reading a damaged file fails, with an error of ours; where it does not, all of it must be there."""
    try:
        events = await found(path)
    except StoreError:
        return True
    assert events == WRITTEN
    return False


async def test_a_flipped_bit_is_never_taken_for_an_event(tmp_path: Path) -> None:
    """Anywhere in the file: what is read is what was written, or an error of ours says that it is not."""
    whole = (await closed(tmp_path / "runs.db")).read_bytes()
    dice = random.Random(7)
    noticed = 0
    # Most of a small file is empty space; the bytes that say something are what can be damaged.
    places = [place for place, byte in enumerate(whole) if byte]
    for number, place in enumerate(dice.sample(places, 150)):
        path = tmp_path / f"{number}.db"
        path.write_bytes(whole)
        flip(path, place, dice.randrange(8))
        noticed += await is_noticed(path)
    assert noticed > 50


async def test_a_flipped_bit_in_an_event_is_named(tmp_path: Path) -> None:
    """Which run, which event; those before it are read."""
    path = await closed(tmp_path / "runs.db")
    place = path.read_bytes().index(b'"cause":6')
    flip(path, place + 1)
    async with Log(SqliteRows(path)) as log:
        events = log.read("run")
        before = [await anext(events) for _ in range(6)]
        assert before == WRITTEN[:6]
        with pytest.raises(StoreDamaged, match="event 7 of run run is not what was written") as caught:
            await anext(events)
        assert (caught.value.run_id, caught.value.seq) == ("run", 7)
        with pytest.raises(StoreDamaged) as again:
            await log.verify("run")
        assert again.value.seq == 7
        assert await read(log, "run", 7) == WRITTEN[7:]


@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.6, 0.9])
async def test_a_truncated_file_is_noticed(tmp_path: Path, part: float) -> None:
    """However much is left. Of an empty file, nothing can say that it once had a run; the run is not there."""
    path = await closed(tmp_path / "runs.db")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    assert await is_noticed(path)


async def test_what_is_no_database_is_left_alone(tmp_path: Path) -> None:
    """Somebody named the wrong file."""
    path = tmp_path / "notes.txt"
    path.write_text("dear diary\n" * 100)
    with pytest.raises(StoreDamaged, match="the file is no database"):
        await found(path)
    assert path.read_text() == "dear diary\n" * 100


@pytest.mark.parametrize("index", [True, False])
async def test_a_crash_loses_nothing(tmp_path: Path, index: bool) -> None:
    """What was acknowledged is in the write-ahead log, with or without its index."""
    assert await found((await crashed(tmp_path, index=index)).path) == WRITTEN


async def test_a_flipped_bit_in_the_write_ahead_log_is_noticed(tmp_path: Path) -> None:
    """SQLite by itself would forget everything behind it."""
    dice = random.Random(7)
    files = await crashed(tmp_path)
    for _ in range(60):
        files.restore()
        flip(files.wal, dice.randrange(32, len(files.frames)), dice.randrange(8))
        with pytest.raises(StoreDamaged, match=r"acknowledged events are lost; .* accept_loss=True"):
            await found(files.path)


@pytest.mark.parametrize("part", [0.2, 0.5, 0.99])
async def test_a_truncated_write_ahead_log_is_noticed(tmp_path: Path, part: float) -> None:
    """Its index knows how long it was."""
    files = await crashed(tmp_path)
    files.cut(int(len(files.frames) * part))
    with pytest.raises(StoreDamaged, match="pages were committed"):
        await found(files.path)


async def test_without_an_index_commits_behind_the_damage_give_it_away(tmp_path: Path) -> None:
    """After a cut of the power: each commit is synced before the next begins, so the damage came later."""
    files = await crashed(tmp_path, index=False)
    flip(files.wal, len(files.frames) // 2)
    with pytest.raises(StoreDamaged, match="is damaged, and with it"):
        await found(files.path)


async def test_a_torn_last_commit_is_no_damage(tmp_path: Path) -> None:
    """A cut of the power in the middle of a commit: nobody was told that it was written, and the log goes on."""
    files = await crashed(tmp_path, index=False)
    files.cut(len(files.frames) - 100)
    assert await found(files.path) == WRITTEN[:9]


@pytest.mark.parametrize("index", [True, False])
async def test_who_accepts_the_loss_goes_on_from_before(
    tmp_path: Path, index: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The events before the damage are whole and proved, the log says what is lost, and the run can go on."""
    files = await crashed(tmp_path, index=index)
    flip(files.wal, files.frames.index(b'"cause":6'))
    events = await found(files.path, accept_loss=True)
    assert events == WRITTEN[:5]
    assert "the log goes on from what came before" in caplog.text
    async with Log(SqliteRows(files.path)) as log:
        assert (await log.verify("run")).events == 5
        await log.append(WRITTEN[5:])
        assert await read(log, "run") == WRITTEN


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM kinds WHERE name = 'TurnStarted'",
        "UPDATE events SET body = 'text' WHERE seq = 2",
        "UPDATE events SET digest = 7 WHERE seq = 2",
        "UPDATE events SET kind = 1 WHERE seq = 2",
        "DELETE FROM events WHERE seq = 2",
    ],
)
async def test_a_row_that_nobody_wrote_is_named(tmp_path: Path, statement: str) -> None:
    """Whatever an edit puts where: the first event is read, the second is named, and no bare error gets out."""
    path = await closed(tmp_path / "runs.db")
    with closing(sqlite3.connect(path)) as plain, plain:
        plain.execute(statement)
    async with Log(SqliteRows(path)) as log:
        with pytest.raises(StoreDamaged) as caught:
            await log.verify("run")
        assert (caught.value.run_id, caught.value.seq) == ("run", 2)
        events = log.read("run")
        assert await anext(events) == WRITTEN[0]
        with pytest.raises(StoreDamaged):
            await anext(events)


async def test_a_run_whose_end_nobody_wrote_is_named(tmp_path: Path) -> None:
    """What a run is listed with must fit to its events."""
    path = await closed(tmp_path / "runs.db")
    for statement, seq in (("seq = 12", 11), ("seq = 8", 8), ("seq = 10, digest = zeroblob(32)", 10), ("seq = 'x'", 0)):
        with closing(sqlite3.connect(path)) as plain, plain:
            plain.execute(f"UPDATE runs SET {statement}")
        async with Log(SqliteRows(path)) as log:
            with pytest.raises(StoreDamaged) as caught:
                await log.verify("run")
            assert (caught.value.run_id, caught.value.seq) == ("run", seq)
