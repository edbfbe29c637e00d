"""Server-sent events out of bytes, by the rules of the WHATWG.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation, but for three things: the
``id`` and ``retry`` fields, which no model provider gives a meaning, are skipped; ``close`` hands out an event that
the stream's end cut short of its blank line, which the standard drops and some servers forget; and a line with a field
``error``, which the standard does not know, is an event of that name: so servers of llama.cpp's kind break off.
"""

from typing import NamedTuple

from ..errors import Misunderstood

MAX_FRAME_BYTES = 32 * 1024 * 1024
"""A picture inside a frame takes megabytes; what is longer than this is no frame."""

_BOM = b"\xef\xbb\xbf"


class Frame(NamedTuple):
    """One event: its data, and its name where it has one."""

    data: bytes
    event: bytes = b""


class SseReader:
    """Frames out of one stream of bytes, wherever the chunks are cut.

    Works on bytes throughout: U+2028 and U+0085 end no line, and a character cut in two is whole again by the time
    its frame is. A chunk of whole events costs one ``split`` and a slice for each.
    """

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max = max_frame_bytes
        self._rest = bytearray()
        self._searched = 0
        self._begun = False
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[Frame]:
        """The frames that ``chunk`` completes.

        :raises Misunderstood: an event grows beyond ``max_frame_bytes``.
        """
        if (
            chunk.endswith(b"\n\n")
            and self._begun
            and not self._rest
            and not self._after_cr
            and b"\r" not in chunk
            and len(chunk) <= self._max
        ):
            # What most servers send: one whole event of one line, or of a name and a line.
            name, found, line = chunk.partition(b"data: ")
            if found and line.find(b"\n") == len(line) - 2:
                if not name:
                    return [Frame(line[:-2])]
                if name.startswith(b"event: ") and name.find(b"\n") == len(name) - 1:
                    return [Frame(line[:-2], name[7:-1])]
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_line_feeds(chunk)
        if self._rest or not self._begun:
            whole = self._joined(chunk)
            if whole is None:
                return []
            chunk = whole
        *blocks, rest = chunk.split(b"\n\n")
        if len(chunk) > self._max:
            self._check(max(map(len, (*blocks, rest))))
        if rest:
            self._rest += rest
            self._searched = len(rest) - 1
        frames: list[Frame] = []
        for block in blocks:
            if block.startswith(b"data: ") and b"\n" not in block:
                frames.append(Frame(block[6:]))
            elif (frame := _frame(block)) is not None:
                frames.append(frame)
        return frames

    def close(self) -> list[Frame]:
        """What the end of the stream left without its blank line: one frame, perhaps cut, or none."""
        frame = _frame(bytes(self._rest))
        self._rest.clear()
        return [] if frame is None else [frame]

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        """``chunk`` with every line end as a single LF; a CRLF may have been cut in two."""
        if self._after_cr and chunk.startswith(b"\n"):
            chunk, self._after_cr = chunk[1:], False
        if chunk:
            self._after_cr = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _joined(self, chunk: bytes) -> bytes | None:
        """What was kept, with ``chunk`` behind it, as soon as that ends an event."""
        rest = self._rest
        rest += chunk
        if not self._begun:
            if len(rest) < len(_BOM) and _BOM.startswith(bytes(rest)):
                return None
            self._begun = True
            if rest.startswith(_BOM):
                del rest[: len(_BOM)]
        if rest.find(b"\n\n", self._searched) < 0:
            self._check(len(rest))
            self._searched = max(0, len(rest) - 1)
            return None
        whole = bytes(rest)
        rest.clear()
        return whole

    def _check(self, size: int) -> None:
        if size > self._max:
            raise Misunderstood(f"an event of the stream is longer than {self._max:,} bytes")


def _frame(block: bytes) -> Frame | None:
    data: list[bytes] = []
    event = b""
    for line in block.split(b"\n"):
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
        elif name == b"event":
            event = value.removeprefix(b" ")
        elif name == b"error":
            data.append(value.removeprefix(b" "))
            event = name
    return Frame(b"\n".join(data), event) if data else None
