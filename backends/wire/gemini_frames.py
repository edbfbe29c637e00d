"""Gemini's two ways to stream, told apart by the first byte."""

from .json_array import JsonArrayReader
from .sse import Frame, SseReader


class GeminiFrames:
    """Frames of a stream, which is what its first byte says: server-sent events, or JSON, in an array or not.

    Some gateways forget ``alt=sse`` on the way, and some errors come bare.
    """

    def __init__(self) -> None:
        self._reader: SseReader | JsonArrayReader | None = None

    def feed(self, chunk: bytes) -> list[Frame]:
        """The frames that ``chunk`` completes.

        :raises Misunderstood: one of them has no end.
        """
        if self._reader is not None:
            return self._reader.feed(chunk)
        begin = chunk.lstrip()
        if not begin:
            return []
        self._reader = JsonArrayReader() if begin[0] in b"[{" else SseReader()
        return self._reader.feed(begin)

    def close(self) -> list[Frame]:
        """What the end of the stream left unfinished."""
        return [] if self._reader is None else self._reader.close()
