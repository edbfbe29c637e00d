"""Frames out of JSON lines: one JSON value a line, as ``application/x-ndjson`` and ``application/stream+json`` send it.

Source of the format: https://github.com/ndjson/ndjson-spec. JSON escapes the line feeds of a text, so one always
ends a frame; a carriage return before it is white space to JSON.
"""

from ..errors import Misunderstood
from .sse import MAX_FRAME_BYTES


class JsonLinesReader:
    """Lines out of one stream of bytes, wherever the chunks are cut; blank ones are left out."""

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max = max_frame_bytes
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that ``chunk`` completes.

        :raises Misunderstood: a line grows beyond ``max_frame_bytes``.
        """
        first, *lines = chunk.split(b"\n")
        rest = self._rest
        if not lines:
            rest += first
            self._check(len(rest))
            return []
        if rest:
            rest += first
            first = bytes(rest)
            rest.clear()
        rest += lines.pop()
        lines.insert(0, first)
        if len(first) + len(chunk) > self._max:
            self._check(max(len(rest), *map(len, lines)))
        return [line for line in lines if line and not line.isspace()]

    def close(self) -> list[bytes]:
        """What the end of the stream left without its line feed: one line, perhaps cut, or none."""
        line = bytes(self._rest)
        self._rest.clear()
        return [line] if line.strip() else []

    def _check(self, size: int) -> None:
        if size > self._max:
            raise Misunderstood(f"a line of the stream is longer than {self._max:,} bytes")
