"""A run as lines of JSON, each chained to those before it: how a line is written, and how it is checked.

First a header, which says how many lines follow and what the last one's digest is; then a line for each event: its
name, version, digest, and what a log keeps as its JSON, byte for byte, with large texts in their places. What is no
JSON (nobody knows what is in an event that nobody knows), or would not stay on one line, is written as base64.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from ..bus.event import Event
from .chain import link
from .codec import decode
from .errors import BadExport, StoreDamaged
from .rows import Row

FORMAT = 1
"""Of the lines; a program refuses those of a later one."""

_EVENT = re.compile(
    rb'\{"seq":(\d{1,18}),"name":("(?:[^"\\]|\\.)*+"),"version":(-?\d{1,18}),"digest":"([0-9a-f]{64})",'
    rb'"(event|base64)":(.*)\}',
    re.DOTALL,
)
_BODIES: dict[bytes, Callable[[bytes], bytes]] = {
    b"event": bytes,
    b"base64": lambda text: b64decode(text.removeprefix(b'"').removesuffix(b'"'), validate=True),
}
"""How an event's JSON stands in its line."""


class Header(BaseModel):
    """The first line of a run."""

    model_config = ConfigDict(frozen=True, strict=True)

    format: int = Field(alias="loopbus_run")
    run_id: str
    events: int = Field(ge=1)
    digest: str
    """That of the last line."""


class Line(NamedTuple):
    """A line as it came, and which one it is, counted from 1."""

    number: int
    text: bytes


def header_line(run_id: str, events: int, digest: bytes) -> str:
    """A header, with its line end."""
    return _json({"loopbus_run": FORMAT, "run_id": run_id, "events": events, "digest": digest.hex()}) + "\n"


def event_line(row: Row) -> str:
    """An event, with its line end."""
    head = _json({"seq": row.seq, "name": row.name, "version": row.version, "digest": row.digest.hex()})
    return f"{head[:-1]},{_field(row.body)}}}\n"


def read_header(line: Line) -> Header:
    """The header that a line is.

    :raises BadExport: it is none, or one of a later format.
    """
    try:
        header = Header.model_validate_json(line.text)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        what = ": ".join((*map(str, wrong["loc"]), wrong["msg"]))
        raise BadExport(
            f"line {line.number} is no header of a run: {what}; import what `loopbus log export` wrote", line.number
        ) from error
    if header.format > FORMAT:
        raise BadExport(
            f"line {line.number} has format {header.format}, and this loopbus knows formats up to {FORMAT}: "
            "upgrade loopbus", line.number,
        )  # fmt: skip
    return header


def read_event(line: Line, run_id: str, seq: int, before: bytes) -> tuple[Event, bytes]:
    """The event ``seq`` that a line is, and its digest, which follows ``before``.

    :raises BadExport: it is not what was exported, or of an event that this program cannot read.
    """
    found = _EVENT.fullmatch(line.text)
    try:
        if found is None:
            raise ValueError("it does not have the form of an event")
        name: str = json.loads(found[2])
        version, body = int(found[3]), _BODIES[found[5]](found[6])
        digest = link(before, name, version, body)
        if int(found[1]) != seq or digest.hex().encode() != found[4]:
            raise ValueError(f"it does not follow the line before it as event {seq} of run {run_id}")
        return decode(run_id, seq, name, version, body), digest
    except (ValueError, StoreDamaged) as error:
        raise BadExport(f"line {line.number} is not what was exported: {error}", line.number) from error


def _field(body: bytes) -> str:
    return f'"event":{body.decode()}' if _fits(body) else f'"base64":"{b64encode(body).decode()}"'


def _fits(body: bytes) -> bool:
    if b"\n" in body or b"\r" in body:
        return False
    try:
        from_json(body, allow_inf_nan=False)
    except ValueError:
        return False
    return True


def _json(fields: dict[str, object]) -> str:
    return json.dumps(fields, separators=(",", ":"))
