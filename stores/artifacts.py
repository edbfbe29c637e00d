"""Large values cut out of an event's JSON, and put back, byte for byte.

What is left of the JSON has empty texts in their places. In front of it stands one line that says what belongs where:
``[[place, size, digest], ...]``, with places and sizes in bytes and the SHA-256 in hexadecimal. Artifacts are the bytes
between the quotes, so the same text or picture is the same artifact in every event of every run.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

from pydantic_core import from_json, to_json

from .rows import Entry

LARGE = 65_536
"""Bytes from which on a text is an artifact, unless the log is told otherwise."""

_TEXT = re.compile(rb'"((?:[^"\\]|\\.)*+)"')


class Hole(NamedTuple):
    """Where an artifact belongs."""

    place: int
    size: int
    digest: bytes


def cut(body: bytes, large: int) -> tuple[bytes, dict[bytes, bytes]]:
    """An event's JSON without its texts of ``large`` bytes or more, and those by their digests."""
    artifacts: dict[bytes, bytes] = {}
    holes: list[tuple[int, int, str]] = []
    kept: list[bytes] = []
    end = place = 0
    for text in _TEXT.finditer(body):
        start, stop = text.span(1)
        if stop - start < large:
            continue
        value = body[start:stop]
        digest = sha256(value)
        artifacts[digest.digest()] = value
        kept.append(body[end:start])
        place += start - end
        holes.append((place, stop - start, digest.hexdigest()))
        end = stop
    if not holes and is_whole(body):
        return body, artifacts
    return b"\n".join((to_json(holes), b"".join((*kept, body[end:])))), artifacts


def is_whole(body: bytes) -> bool:
    """Whether a stored body is an event's JSON as it is. No event is a list, so what begins like one has holes."""
    return not body.startswith(b"[")


def holes(body: bytes) -> list[Hole]:
    """What is missing in a stored body, in order."""
    if is_whole(body):
        return []
    line, _, _ = body.partition(b"\n")
    return [Hole(place, size, bytes.fromhex(digest)) for place, size, digest in from_json(line)]


def used(entries: Iterable[Entry]) -> list[tuple[int, bytes]]:
    """Which entry has which artifact, as seq and digest, each pair once."""
    return list(dict.fromkeys((entry.seq, hole.digest) for entry in entries for hole in holes(entry.body)))


def fill(body: bytes, holes: list[Hole], artifacts: Mapping[bytes, bytes]) -> bytes:
    """The whole JSON again."""
    _, _, rest = body.partition(b"\n")
    parts: list[bytes] = []
    end = 0
    for hole in holes:
        parts += rest[end : hole.place], artifacts[hole.digest]
        end = hole.place
    return b"".join((*parts, rest[end:]))


def intact(hole: Hole, artifacts: Mapping[bytes, bytes]) -> bool:
    """Whether the artifact is there, and is what was written."""
    value = artifacts.get(hole.digest)
    return value is not None and sha256(value).digest() == hole.digest
