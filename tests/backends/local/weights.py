"""Small files in the place of weights, and rows of the catalogue that name them."""

import hashlib
import struct
from pathlib import Path

from loopbus.backends.local.catalogue import Place, Weights

CONTENT = bytes(range(256)) * 40
"""10,240 bytes."""


def row(*places: Place, content: bytes = CONTENT) -> Weights:
    """The catalogue's row for ``content``."""
    digest = hashlib.sha256(content).hexdigest()
    return Weights(name="tiny", file="tiny.gguf", size=len(content), sha256=digest, places=places)


def text(words: bytes) -> bytes:
    """A GGUF string."""
    return struct.pack("<Q", len(words)) + words


def entry(key: bytes, kind: int, value: bytes) -> bytes:
    """A GGUF metadata entry."""
    return text(key) + struct.pack("<I", kind) + value


def tensor(name: bytes, *dimensions: int, kind: int = 0, offset: int = 0) -> bytes:
    """The head of a GGUF tensor; the kind 0 takes four bytes a weight."""
    sizes = struct.pack(f"<{len(dimensions)}Q", *dimensions)
    return text(name) + struct.pack("<I", len(dimensions)) + sizes + struct.pack("<IQ", kind, offset)


ENTRIES = (
    entry(b"general.name", 8, text(b"tiny")),
    entry(b"general.alignment", 4, struct.pack("<I", 64)),
    entry(b"a.float", 6, struct.pack("<f", 1.0)),
    entry(b"a.tokens", 9, struct.pack("<IQ", 8, 2) + text(b"one") + text(b"two")),
    entry(b"a.scores", 9, struct.pack("<IQ", 6, 3) + bytes(12)),
)
TENSORS = (tensor(b"small", 4, 2), tensor(b"blocks", 32, 2, kind=8, offset=64))
DATA = 64 + 2 * 34
"""The second tensor begins at the next multiple of the alignment, and takes two blocks of 34 bytes."""


def gguf(
    entries: tuple[bytes, ...] = ENTRIES,
    tensors: tuple[bytes, ...] = TENSORS,
    *,
    data: int = DATA,
    magic: bytes = b"GGUF",
    version: int = 3,
    alignment: int = 64,
) -> bytes:
    """A GGUF file out of its parts."""
    head = magic + struct.pack("<IQQ", version, len(tensors), len(entries)) + b"".join(entries + tensors)
    return head + bytes(-len(head) % alignment) + bytes(data)


def put(folder: Path, content: bytes, name: str = "model.gguf") -> Path:
    """Write a file, its folder too."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path
