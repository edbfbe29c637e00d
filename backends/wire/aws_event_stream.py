"""Messages out of an AWS event stream: binary frames with typed headers and two checksums each.

Source of the format: https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html#streaming-event-stream
and the smithy specification, ``application/vnd.amazon.eventstream``. Parsing needs no botocore, which only signs.

::

    total length | headers length | CRC of these two | headers | payload | CRC of all before it
       4 bytes          4                  4                                     4
"""

import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple
from uuid import UUID
from zlib import crc32

from pydantic_core import from_json

from ..errors import BackendError, Misunderstood
from .account import Account
from .failure import failure, with_kind

MAX_MESSAGE_BYTES = 32 * 1024 * 1024
"""AWS itself stops at 24 MB of payload and 128 kB of headers."""

AWS_EVENT_STREAM = "application/vnd.amazon.eventstream"

Header = bool | int | bytes | str

_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_AROUND = _PRELUDE.size + _CRC.size
_KNOWN_HEADERS = 32


class AwsMessage(NamedTuple):
    """One message: its payload, and its headers by name, such as ``:event-type``."""

    data: bytes
    headers: Mapping[str, Header]


class AwsEventReader:
    """Messages out of one stream of bytes, wherever the chunks are cut.

    A stream repeats the same few blocks of headers, so each is parsed once.
    """

    def __init__(self, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._max = max_message_bytes
        self._rest = bytearray()
        self._needed = 0
        self._known: dict[bytes, Mapping[str, Header]] = {}
        self._fault: Misunderstood | None = None

    def feed(self, chunk: bytes) -> list[AwsMessage]:
        """The messages that ``chunk`` completes. What is whole before a fault comes out before the fault does.

        :raises Misunderstood: a length or a checksum is wrong, or a header is of no known type.
        """
        if self._fault is not None:
            raise self._fault
        rest = self._rest
        if rest:
            rest += chunk
            if len(rest) < self._needed:
                return []
            chunk = bytes(rest)
            rest.clear()
        messages: list[AwsMessage] = []
        try:
            start = self._cut(chunk, messages)
        except Misunderstood as fault:
            self._fault = fault
            if not messages:
                raise
            return messages
        if start < len(chunk):
            rest += chunk[start:] if start else chunk
        return messages

    def close(self) -> list[AwsMessage]:
        """Nothing: a message that the end of the stream cut is never whole.

        :raises Misunderstood: the bytes after the last message were none.
        """
        self._rest.clear()
        if self._fault is not None:
            raise self._fault
        return []

    def _cut(self, chunk: bytes, messages: list[AwsMessage]) -> int:
        """Add the messages in ``chunk`` that are whole; where the rest begins."""
        known, longest = self._known, self._max
        start, size = 0, len(chunk)
        while start + _AROUND <= size:
            total, headers_size, _ = _PRELUDE.unpack_from(chunk, start)
            end = start + total
            # The last checksum covers the head with its own, which is looked at apart only where something is wrong.
            if (
                end > size
                or not _AROUND + headers_size <= total <= longest
                or crc32(chunk[start : end - 4]) != _CRC.unpack_from(chunk, end - 4)[0]
            ):
                break
            body = start + _PRELUDE.size + headers_size
            block = chunk[start + _PRELUDE.size : body]
            headers = known.get(block)
            messages.append(AwsMessage(chunk[body : end - 4], self._read(block) if headers is None else headers))
            start = end
        self._needed = self._size(chunk[start:]) if start < size else 0
        return start

    def _read(self, block: bytes) -> Mapping[str, Header]:
        headers = read_headers(block)
        if len(self._known) < _KNOWN_HEADERS:
            self._known[block] = headers
        return headers

    def _size(self, rest: bytes) -> int:
        """How long the message is that ``rest`` begins, as far as one can tell: at least as long as its head."""
        if len(rest) < _PRELUDE.size:
            return _PRELUDE.size
        total, headers_size, crc = _PRELUDE.unpack_from(rest)
        if crc32(rest[:8]) != crc or headers_size + _AROUND > total:
            raise Misunderstood("expected the head of an AWS event stream message", frame=rest)
        if total > self._max:
            raise Misunderstood(f"a message of the stream is longer than {self._max:,} bytes", frame=rest)
        if total <= len(rest):
            raise Misunderstood("the checksum of an AWS event stream message is wrong", frame=rest[:total])
        return total


def read_headers(block: bytes) -> dict[str, Header]:
    """The headers in ``block``; a time is its milliseconds since 1970.

    :raises Misunderstood: a header is cut, is no UTF-8, or is of no known type.
    """
    headers: dict[str, Header] = {}
    at = 0
    try:
        while at < len(block):
            name_end = at + 1 + block[at]
            name, kind = block[at + 1 : name_end].decode(), block[name_end]
            headers[name], at = _VALUES[kind](block, name_end + 1)
    except (IndexError, KeyError, ValueError, struct.error) as exc:
        raise Misunderstood(f"expected the headers of an AWS event stream message ({exc})", frame=block) from exc
    return headers


def failure_in(message: AwsMessage, account: Account) -> BackendError:
    """The error that ``message``, which is no event, tells in the middle of a stream."""
    headers = message.headers
    kind = headers.get(":message-type")
    if kind == "exception":
        try:
            payload: object = from_json(message.data)
        except ValueError:
            payload = message.data.decode(errors="replace")
        return failure(account, with_kind(payload, str(headers.get(":exception-type", ""))))
    if kind == "error":
        return failure(account, with_kind(headers.get(":error-message"), str(headers.get(":error-code", ""))))
    return Misunderstood(f"expected an event, not {kind!r:.50}", frame=message.data, provider=account.provider)


def _fixed(layout: str) -> Callable[[bytes, int], tuple[Header, int]]:
    value = struct.Struct(layout)
    return lambda block, at: (value.unpack_from(block, at)[0], at + value.size)


def _bytes(block: bytes, at: int) -> tuple[bytes, int]:
    (size,) = struct.unpack_from(">H", block, at)
    end = at + 2 + size
    if end > len(block):
        raise ValueError("a value is cut")
    return block[at + 2 : end], end


def _text(block: bytes, at: int) -> tuple[str, int]:
    value, end = _bytes(block, at)
    return value.decode(), end


_VALUES: Mapping[int, Callable[[bytes, int], tuple[Header, int]]] = {
    0: lambda block, at: (True, at),
    1: lambda block, at: (False, at),
    2: _fixed(">b"),
    3: _fixed(">h"),
    4: _fixed(">i"),
    5: _fixed(">q"),
    6: _bytes,
    7: _text,
    8: _fixed(">q"),
    9: lambda block, at: (str(UUID(bytes=block[at : at + 16])), at + 16),
}
