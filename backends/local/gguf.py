"""Says whether a file is a whole GGUF, so that the engine, which is native code, never reads a broken one.

The layout is https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; block sizes are ``ggml_type_size`` there.
"""

import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from .errors import BrokenWeights

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAX_ENTRIES = 1_000_000
"""More tensors or metadata entries than any model has."""
MAX_DIMENSIONS = 4
DEFAULT_ALIGNMENT = 32
ALIGNMENT_KEY = b"general.alignment"

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
SCALAR_BYTES: Mapping[int, int] = {
    U8: 1, I8: 1, U16: 2, I16: 2, U32: 4, I32: 4, F32: 4, BOOL: 1, U64: 8, I64: 8, F64: 8,
}  # fmt: skip

BLOCKS: Mapping[int, tuple[int, int]] = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
"""How many weights a block of each tensor type holds, and how many bytes it takes."""


def check(path: Path) -> None:
    """Read the head of a GGUF file and see that all the tensors it promises are there.

    :raises BrokenWeights: it is no GGUF, is cut, or makes no sense; says where.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            _Reader(path, data).check()
    except (OSError, ValueError) as exc:
        # An empty file cannot be mapped.
        raise BrokenWeights(f"{path} cannot be read as a GGUF file ({exc})") from exc


class _Reader:
    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self._path = path
        self._data = data
        self._size = len(data)
        self._at = 0
        self._alignment = DEFAULT_ALIGNMENT

    def check(self) -> None:
        if self._take(4, "the magic") != MAGIC:
            self._refuse("does not begin with GGUF")
        version = self._u32("the version")
        if version not in VERSIONS:
            self._refuse(f"has version {version}, and only {' and '.join(map(str, VERSIONS))} are known")
        tensors, entries = self._count("tensors"), self._count("metadata entries")
        for _ in range(entries):
            self._entry()
        ends = [self._tensor() for _ in range(tensors)]
        start = -(-self._at // self._alignment) * self._alignment
        missing = start + max(ends, default=0) - self._size
        if missing > 0:
            self._refuse(f"is cut: at least {missing:,} bytes are missing at its end")

    def _entry(self) -> None:
        key = self._string("a metadata key")
        kind = self._u32(f"the type of {key!r}")
        if key == ALIGNMENT_KEY and kind == U32:
            self._alignment = self._u32("the alignment")
            if self._alignment < 1 or self._alignment % 8:
                self._refuse(f"has an alignment of {self._alignment}")
        else:
            self._skip(kind, key)

    def _skip(self, kind: int, key: bytes) -> None:
        if kind == STRING:
            self._string(f"the value of {key!r}")
        elif kind == ARRAY:
            inner, length = self._u32(f"the type in {key!r}"), self._u64(f"the length of {key!r}")
            if inner in SCALAR_BYTES:
                self._take(length * SCALAR_BYTES[inner], f"the array {key!r}")
            elif inner == STRING:
                for _ in range(length):
                    self._string(f"a text in {key!r}")
            else:
                self._refuse(f"has an array {key!r} of the unknown type {inner}")
        elif kind in SCALAR_BYTES:
            self._take(SCALAR_BYTES[kind], f"the value of {key!r}")
        else:
            self._refuse(f"has a value {key!r} of the unknown type {kind}")

    def _tensor(self) -> int:
        """Where the tensor ends, counted from the start of the tensors' data."""
        name = self._string("a tensor's name")
        dimensions = self._u32(f"the dimensions of {name!r}")
        if not 1 <= dimensions <= MAX_DIMENSIONS:
            self._refuse(f"has a tensor {name!r} of {dimensions} dimensions")
        weights = 1
        for _ in range(dimensions):
            weights *= self._u64(f"a dimension of {name!r}")
        kind, offset = self._u32(f"the type of {name!r}"), self._u64(f"the offset of {name!r}")
        if offset % self._alignment:
            self._refuse(f"has a tensor {name!r} at the unaligned offset {offset}")
        # The engine may know newer types than we do: of those, the offset is all that can be checked.
        per_block, block_bytes = BLOCKS.get(kind, (1, 0))
        if weights % per_block:
            self._refuse(f"has a tensor {name!r} of {weights} weights, which are no whole blocks of {per_block}")
        return offset + weights // per_block * block_bytes

    def _count(self, what: str) -> int:
        count = self._u64(f"the number of {what}")
        if count > MAX_ENTRIES:
            self._refuse(f"promises {count:,} {what}")
        return count

    def _string(self, what: str) -> bytes:
        return self._take(self._u64(f"the length of {what}"), what)

    def _u32(self, what: str) -> int:
        return struct.unpack("<I", self._take(4, what))[0]

    def _u64(self, what: str) -> int:
        return struct.unpack("<Q", self._take(8, what))[0]

    def _take(self, size: int, what: str) -> bytes:
        start, end = self._at, self._at + size
        if end > self._size:
            self._refuse(f"ends in the middle of {what}")
        self._at = end
        return self._data[start:end]

    def _refuse(self, why: str) -> NoReturn:
        raise BrokenWeights(f"{self._path} is no GGUF file that can be run: it {why}")
