"""A download that is under way: bytes that may stop at any moment and go on later, checked before they count."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from .catalogue import Weights
from .errors import BrokenWeights

BLOCK_BYTES = 1024 * 1024


class Partial:
    """The first ``written`` bytes of some weights, in a file ``*.part`` beside its target.

    What an earlier attempt left is taken up, and reading it, to hash it, takes a while. The file gets its target's name
    once it is whole and its hash is right, so under that name there is never half a file. A block that is left by
    ``BrokenWeights`` leaves no file at all.
    """

    def __init__(self, target: Path, weights: Weights) -> None:
        self._target = target
        self._weights = weights
        self._path = target.with_name(f"{target.name}.part")
        self._file = self._path.open("ab")
        self.keep(weights.size)

    def __enter__(self) -> "Partial":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if isinstance(error, BrokenWeights) or not self.written:
            self._path.unlink(missing_ok=True)

    @property
    def is_whole(self) -> bool:
        """Whether no byte is missing."""
        return self.written == self._weights.size

    def write(self, data: bytes) -> None:
        """Add ``data``.

        :raises BrokenWeights: that is more than there should be.
        """
        if self.written + len(data) > self._weights.size:
            raise BrokenWeights(f"{self._weights.file} should have {self._weights.size:,} bytes, and more came")
        self._file.write(data)
        self._digest.update(data)
        self.written += len(data)

    def keep(self, size: int) -> None:
        """Drop everything after the first ``size`` bytes; reads the rest, to hash it."""
        self._file.flush()
        if self._path.stat().st_size > size:
            self._file.truncate(size)
        self._digest = hashlib.sha256()
        self.written = 0
        for block in blocks(self._path):
            self._digest.update(block)
            self.written += len(block)

    def finish(self) -> None:
        """Give the whole file its target's name.

        :raises BrokenWeights: the bytes are not the right ones.
        """
        found = self._digest.hexdigest()
        if found != self._weights.sha256:
            raise BrokenWeights(
                f"{self._weights.file} should have the SHA-256 {self._weights.sha256}, and what came has {found}"
            )
        self._file.close()
        self._path.replace(self._target)


def has_the_right_bytes(path: Path, weights: Weights) -> bool:
    """Whether the file is there and is what the catalogue says; reads all of it."""
    if not path.is_file() or path.stat().st_size != weights.size:
        return False
    digest = hashlib.sha256()
    for block in blocks(path):
        digest.update(block)
    return digest.hexdigest() == weights.sha256


def blocks(path: Path) -> Iterator[bytes]:
    """The file's bytes, a block at a time."""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block
