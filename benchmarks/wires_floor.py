"""The floor of a wire: the same chunks read by hand, with bytes and ``json.loads``; no errors, no tools, no usage."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .wire_streams import aws_event, json_line, named_sse, sse

Payloads = Callable[[Iterable[bytes]], Iterator[bytes]]


def read(chunks: Iterable[bytes], payloads: Payloads, text: Callable[[dict[str, Any]], str | None]) -> int:
    """How many characters of text came."""
    characters = 0
    for payload in payloads(chunks):
        characters += len(text(json.loads(payload)) or "")
    return characters


def _of_events(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *events, rest = (rest + chunk).split(b"\n\n")
        for event in events:
            if event.startswith(b"data: "):
                yield event[6:]


def _of_named_events(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *events, rest = (rest + chunk).split(b"\n\n")
        for event in events:
            yield event.partition(b"\ndata: ")[2]


def _of_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines


def _of_messages(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        rest += chunk
        while len(rest) >= 12 and len(rest) >= (total := int.from_bytes(rest[:4], "big")):
            yield rest[12 + int.from_bytes(rest[4:8], "big") : total - 4]
            rest = rest[total:]


PAYLOADS: dict[Callable[..., bytes], Payloads] = {
    sse: _of_events,
    named_sse: _of_named_events,
    json_line: _of_lines,
    aws_event: _of_messages,
}
"""How the JSON of an event is found, by how it was packed."""
