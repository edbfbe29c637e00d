"""AWS event stream messages, written by hand: what the reader under test takes apart again."""

import base64
import struct
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from pydantic_core import to_json


def header(name: str, kind: int, value: bytes) -> bytes:
    """One header; ``value`` holds its length where its type has one."""
    return bytes([len(name)]) + name.encode() + bytes([kind]) + value


def text_header(name: str, value: str) -> bytes:
    """A header that is text."""
    return header(name, 7, struct.pack(">H", len(value.encode())) + value.encode())


def message(headers: bytes, payload: bytes) -> bytes:
    """A whole message, its checksums right."""
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    body = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return body + struct.pack(">I", crc32(body))


def told(payload: bytes, **names: str) -> bytes:
    """A message whose headers are texts: ``event_type`` stands for ``:event-type``."""
    return message(b"".join(text_header(f":{name.replace('_', '-')}", value) for name, value in names.items()), payload)


def event(name: str, value: Mapping[str, Any]) -> bytes:
    """An event, as Converse streams it."""
    return told(to_json(value), event_type=name, content_type="application/json", message_type="event")


def chunk(value: Mapping[str, Any]) -> bytes:
    """An event that holds a chunk of a model's own answer, as InvokeModel streams it."""
    return event("chunk", {"bytes": base64.b64encode(to_json(value)).decode(), "p": "abcd"})


def exception(name: str, value: Mapping[str, Any]) -> bytes:
    """An exception in the middle of a stream."""
    return told(to_json(value), exception_type=name, content_type="application/json", message_type="exception")
