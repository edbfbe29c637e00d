"""Whether a write-ahead log still has every commit that was acknowledged.

SQLite takes a write-ahead log up to the first frame whose checksum is wrong and forgets the rest without a word: right
for a commit that a cut of the power tore, and wrong for one that was synced and damaged later. Two things tell them
apart: the index beside the log (``-shm``) says how many frames were committed, where it is of this log; and commits
behind the broken one show that it had been synced, as each is synced before the next begins. The formats are described
at https://www.sqlite.org/walformat.html and https://www.sqlite.org/fileformat2.html#walformat.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_MAGIC = 0x377F0682
"""The lowest bit says whether checksums take the words big end first."""
_HEADER = 32
_FRAME_HEADER = 24
_PAGE_SIZES = frozenset(2**power for power in range(9, 17))
_WORD = 0xFFFFFFFF


class Frame(NamedTuple):
    """One page in a write-ahead log."""

    commits: bool
    whole: bool
    """Whether its checksum, and that of each frame before it, is right."""


class Wal(NamedTuple):
    """What is found in a write-ahead log."""

    whole: int
    """Frames up to the first broken one."""
    broken_commits: int
    """Commits that end at the first broken frame or behind it."""
    salt: bytes
    """What all of its frames have in common."""


def lost_commits(path: str) -> str:
    """What was acknowledged and is lost, in words; empty where nothing is.

    Other processes may write while this looks: the index is read first, so it never says more than the log has.
    """
    index, data = _bytes_of(f"{path}-shm"), _bytes_of(f"{path}-wal")
    wal = scan(data)
    if wal is None:
        return ""
    committed = _committed(index, wal.salt)
    if committed > wal.whole:
        return f"{committed} pages were committed to {path}-wal, and only the first {wal.whole} can be read"
    if wal.broken_commits > 1:
        return f"page {wal.whole + 1} of {path}-wal is damaged, and with it {wal.broken_commits} commits"
    return ""


def scan(data: bytes) -> Wal | None:
    """Check every frame of a write-ahead log; None for what is too short, or not of this kind, to say anything."""
    if len(data) < _HEADER:
        return None
    magic, _, page_size = struct.unpack_from(">III", data)
    if magic & ~1 != _MAGIC or page_size not in _PAGE_SIZES:
        return None
    whole = broken_commits = 0
    for frame in _frames(data, page_size, ">" if magic & 1 else "<"):
        whole += frame.whole
        broken_commits += frame.commits and not frame.whole
    return Wal(whole, broken_commits, data[16:24])


def _frames(data: bytes, page_size: int, order: str) -> Iterator[Frame]:
    salt, size, sums, whole = data[16:24], _FRAME_HEADER + page_size, struct.unpack_from(">II", data, 24), True
    words = struct.Struct(f"{order}{page_size // 4}I")
    for start in range(_HEADER, len(data) - size + 1, size):
        if data[start + 8 : start + 16] != salt:
            # What is left of an earlier use of the file, or the salt itself is damaged: the index has the last word.
            return
        if whole:
            sums = _summed(sums, struct.unpack_from(f"{order}2I", data, start))
            sums = _summed(sums, words.unpack_from(data, start + _FRAME_HEADER))
            whole = sums == struct.unpack_from(">II", data, start + 16)
        yield Frame(data[start + 4 : start + 8] != bytes(4), whole)


def _summed(sums: tuple[int, ...], words: tuple[int, ...]) -> tuple[int, int]:
    one, two = sums
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + two) & _WORD
        two = (two + second + one) & _WORD
    return one, two


def _committed(index: bytes, salt: bytes) -> int:
    """How many frames the index knows; 0 where it is of another log, or was being written."""
    if len(index) < 96 or index[:48] != index[48:96] or index[32:40] != salt:
        return 0
    return struct.unpack_from("=I", index, 16)[0]


def _bytes_of(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
