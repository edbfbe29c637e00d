"""Frames out of a streamed JSON array, as Google's APIs send it to those who do not ask for server-sent events.

Each element is a frame as soon as its last byte is there. Values that stand in no array are frames too: that is how an
error comes in the place of the array.
"""

import re
from typing import cast

from pydantic_core import from_json

from ..errors import Misunderstood
from .sse import MAX_FRAME_BYTES, Frame

_TEXT = rb'[^"\\]*+(?:\\.[^"\\]*+)*+'
_IN_TEXT = re.compile(_TEXT + b'("?)', re.DOTALL)
"""What is left of a text, up to its closing quote; without one, up to the end of the bytes or half an escape there."""

_TO_BRACKET = re.compile(b'(?:[^"{}\\[\\]]++|"' + _TEXT + b'")*+(["{}\\[\\]]?)', re.DOTALL)
"""All that is no bracket, whole texts too; the group is a bracket, the quote of a text that is cut, or empty."""

_BETWEEN = b" \t\r\n,"


class JsonArrayReader:
    """Elements out of one stream of bytes, wherever the chunks are cut. Every byte is looked at once."""

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max = max_frame_bytes
        self._rest = bytearray()
        self._searched = 0
        self._in_text = False
        self._depth = 0
        self._outside = 0
        """The depth between elements: 1 inside the array, 0 where there is none."""

    def feed(self, chunk: bytes) -> list[Frame]:
        """The elements that ``chunk`` completes.

        :raises Misunderstood: an element grows beyond ``max_frame_bytes``, or a bracket closes what was never open.
        """
        if self._outside and not self._rest and _is_object(whole := chunk.strip(_BETWEEN)):
            # What Google sends: one whole element. Trying costs less than to look for its end.
            self._check(len(whole))
            return [Frame(whole)]
        self._rest += chunk
        frames: list[Frame] = []
        while bracket := self._next_bracket():
            if bracket in b"{[":
                self._open(bracket)
            elif self._close():
                self._check(self._searched)
                frames.append(Frame(bytes(self._rest[: self._searched])))
                self._forget()
        if self._depth == self._outside and not self._in_text:
            self._forget()
        self._check(len(self._rest))
        return frames

    def close(self) -> list[Frame]:
        """Nothing: an element without its end is no JSON."""
        return []

    def _next_bracket(self) -> bytes:
        """The next bracket that is not inside a text; empty if the bytes end first."""
        while True:
            if self._in_text and not self._leave_text():
                return b""
            bracket = self._skip(_TO_BRACKET)
            if bracket != b'"':
                return bracket
            self._in_text = True

    def _leave_text(self) -> bool:
        self._in_text = not self._skip(_IN_TEXT)
        return not self._in_text

    def _skip(self, pattern: re.Pattern[bytes]) -> bytes:
        # Both patterns match anything, nothing included.
        found = cast("re.Match[bytes]", pattern.match(self._rest, self._searched))
        self._searched = found.end()
        return found[1]

    def _open(self, bracket: bytes) -> None:
        if self._depth == self._outside:
            del self._rest[: self._searched - 1]
            self._searched = 1
            if not self._depth and bracket == b"[":
                self._outside = 1
        self._depth += 1

    def _close(self) -> bool:
        """Whether the bracket closes an element."""
        self._depth -= 1
        if self._depth < 0:
            raise Misunderstood("a bracket closes what was never open", frame=bytes(self._rest))
        if self._depth < self._outside:
            self._outside = 0
            return False
        return self._depth == self._outside

    def _forget(self) -> None:
        del self._rest[: self._searched]
        self._searched = 0

    def _check(self, size: int) -> None:
        if size > self._max:
            raise Misunderstood(f"an element of the stream is longer than {self._max:,} bytes")


def _is_object(data: bytes) -> bool:
    if not data.startswith(b"{"):
        return False
    try:
        from_json(data)
    except ValueError:
        return False
    return True
