"""The scan of a write-ahead log agrees with SQLite's own recovery."""

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.stores.sqlite.wal import lost_commits, scan

from .files import crashed, flip


def commits(folder: Path, count: int, page_size: int) -> tuple[bytes, int]:
    """A write-ahead log with some commits, and how many frames SQLite says that it has."""
    path = folder / "plain.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        plain.execute(f"PRAGMA page_size = {page_size}")
        plain.execute("PRAGMA journal_mode = WAL")
        plain.execute("CREATE TABLE words (word TEXT)")
        for number in range(count):
            plain.execute("INSERT INTO words VALUES (?)", (f"word {number} " * 300,))
        data = Path(f"{path}-wal").read_bytes()
        return data, plain.execute("PRAGMA wal_checkpoint").fetchone()[1]


@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_every_frame_that_sqlite_wrote_is_whole(tmp_path: Path, page_size: int) -> None:
    """For every size of pages; what was left of an earlier use of the file does not count."""
    data, frames = commits(tmp_path, 5, page_size)
    found = scan(data)
    assert found is not None
    assert (found.whole, found.broken_commits) == (frames, 0)
    earlier = scan(data + b"\x00" * 8 + b"another salt....." + bytes(24 + page_size))
    assert earlier == found


@given(
    magic=st.sampled_from([b"", b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"]), data=st.binary(min_size=30, max_size=200)
)
def test_any_bytes_can_be_scanned(magic: bytes, data: bytes) -> None:
    """What is no write-ahead log says nothing."""
    found = scan(magic + data)
    assert found is None or found.whole == 0


def summed(sums: tuple[int, int], data: bytes | bytearray) -> tuple[int, int]:
    """The checksum of the format's description, with words whose big end comes first."""
    for place in range(0, len(data), 8):
        one = (sums[0] + int.from_bytes(data[place : place + 4], "big") + sums[1]) % 2**32
        sums = one, (sums[1] + int.from_bytes(data[place + 4 : place + 8], "big") + one) % 2**32
    return sums


def test_words_may_be_written_big_end_first(tmp_path: Path) -> None:
    """As a machine of the other kind does: the same pages with other checksums."""
    data, frames = commits(tmp_path, 2, 512)
    other = bytearray(data)
    other[3] |= 1
    sums = summed((0, 0), other[:24])
    other[24:32] = struct.pack(">II", *sums)
    for start in range(32, len(other), 24 + 512):
        sums = summed(summed(sums, other[start : start + 8]), other[start + 24 : start + 24 + 512])
        other[start + 16 : start + 24] = struct.pack(">II", *sums)
    found = scan(bytes(other))
    assert found is not None
    assert (found.whole, found.broken_commits) == (frames, 0)
    other[24] ^= 1
    found = scan(bytes(other))
    assert found is not None
    assert (found.whole, found.broken_commits) == (0, 3)


async def test_an_index_of_another_log_says_nothing(tmp_path: Path) -> None:
    """Nor does one that was being written, or none."""
    files = await crashed(tmp_path)
    assert lost_commits(str(files.path)) == ""
    files.cut(len(files.frames) - 5_000)
    assert lost_commits(str(files.path)) != ""
    for place in (16, 32, 80):
        files.restore()
        files.cut(len(files.frames) - 5_000)
        flip(files.index, place)
        assert lost_commits(str(files.path)) == ""
    assert lost_commits(str(tmp_path / "nowhere.db")) == ""
