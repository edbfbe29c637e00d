"""Events as data, and back: by name and version, never by import, and whole whatever is in them."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, SchemaSerializer, core_schema

from ..bus.data import event_class
from ..bus.errors import AlreadyPublished, BadEvent, UnknownEvent
from ..bus.event import Event, stamp
from ..events.run import RunFinished, RunStarted
from . import artifacts
from .errors import StoreDamaged, UpcastFailed, WrongSeq
from .opaque import OpaqueEvent
from .rows import Batch, Ending, Entry, Opening
from .upcasting import Fields, bring_up_to_date, is_old, newest

_PLACE = {"run_id", "seq"}
"""What a row says by where it stands."""
_PLACES = {"__all__": _PLACE}
_SEVERAL = SchemaSerializer(core_schema.list_schema(core_schema.any_schema()))
_MARK = "the next event"
_BETWEEN = b',"the next event",'
_NO_JSON = (PydanticSerializationError, UnicodeError, ValueError)

Encoded = tuple[str, int, bytes]
"""The name, the version and the JSON of an event."""


def batch_of(events: Sequence[Event], token: int, large: int = artifacts.LARGE) -> Batch:
    """What an append of events of one run writes.

    :raises WrongSeq: they are of several runs, or do not follow each other.
    :raises BadEvent: one is ephemeral, or cannot be written as JSON.
    """
    first, last = events[0], events[-1]
    run_id = first.run_id
    entries: list[Entry] = []
    cut_out: dict[bytes, bytes] = {}
    for seq, event in enumerate(events, first.seq):
        if event.seq != seq or event.run_id != run_id:
            raise _out_of_place(event, first, seq)
    for seq, (name, version, body) in enumerate(encode_all(events), first.seq):
        if len(body) > large or not artifacts.is_whole(body):
            body, cut = artifacts.cut(body, large)
            cut_out.update(cut)
        entries.append(Entry(seq, name, version, body))
    opening = _opening(first) if first.seq == 1 else None
    ending = Ending(last.status, last.at) if isinstance(last, RunFinished) else None
    return Batch(run_id, entries, token, opening, ending, cut_out)


def encode_all(events: Sequence[Event]) -> list[Encoded]:
    """What ``encode`` makes of each, in one call: most of the time that a small event takes is the way in and out.

    :raises BadEvent: what ``encode`` raises.
    """
    labels = [label for event in events if (label := _label(type(event)))]
    bodies = _bodies(events) if len(labels) == len(events) else []
    if len(bodies) == len(events):
        return [(*label, body) for label, body in zip(labels, bodies, strict=True)]
    return [encode(event) for event in events]


@cache
def _label(kind: type[Event]) -> tuple[str, int] | None:
    """The name and version of a class whose events can be written together with others."""
    return (kind.event_name, kind.event_version) if kind.durable and kind is not OpaqueEvent else None


def _bodies(events: Sequence[Event]) -> list[bytes]:
    """The JSON of each event; another number of texts where one is no JSON, or has in it what stands between them."""
    parts = [part for event in events for part in (event, _MARK)]
    try:
        text = _SEVERAL.to_json(parts, exclude=_PLACES, warnings="error")
    except _NO_JSON:
        return []
    return text[1 : -len(_BETWEEN)].split(_BETWEEN)


def encode(event: Event) -> Encoded:
    """The name and the version of an event, and the JSON of its fields without ``run_id`` and ``seq``.

    :raises BadEvent: it is ephemeral, or a field holds what is no JSON.
    """
    if isinstance(event, OpaqueEvent):
        return event.name, event.version, event.body
    kind = type(event)
    if not kind.durable:
        raise BadEvent(f"{kind.event_name} is ephemeral: it is told to whoever listens, and has no place in a log")
    try:
        body = kind.__pydantic_serializer__.to_json(event, exclude=_PLACE, warnings="error")
    except _NO_JSON as error:
        raise BadEvent(f"{kind.event_name} of run {event.run_id!r} cannot be written as JSON: {error}") from error
    return kind.event_name, kind.event_version, body


def decode(run_id: str, seq: int, name: str, version: int, body: bytes) -> Event:
    """The event that these data are, in its newest version; an ``OpaqueEvent`` where that is not known here.

    :raises StoreDamaged: the data are no such event.
    :raises UpcastFailed: an older version could not be brought up to date.
    """
    old = is_old(name, version)
    try:
        kind = event_class(*(newest(name, version) if old else (name, version)))
    except UnknownEvent:
        return _opaque(run_id, seq, name, version, body)
    try:
        if old:
            fields = bring_up_to_date(name, version, _fields(body), run_id=run_id, seq=seq)
            event = kind.model_validate(fields)
        else:
            event = _validated(kind, body)
        at, cause = event.at, event.cause
        stamp(event, run_id, seq, at, cause)
    except UpcastFailed:
        raise
    except (ValueError, AlreadyPublished) as error:
        raise StoreDamaged(
            f"event {seq} of run {run_id} is no {name} version {version}: {_mistake(error)}", run_id=run_id, seq=seq
        ) from error
    return event


def _validated(kind: type[Event], body: bytes) -> Event:
    try:
        return kind.__pydantic_validator__.validate_json(body)
    except ValidationError as error:
        if error.errors(include_url=False, include_input=False)[0]["type"] != "json_invalid":
            raise
    # The fast parser stops at 200 levels and 4,300 digits; an event may have some more of both.
    return kind.model_validate(_fields(body))


def _fields(body: bytes) -> Fields:
    try:
        fields = json.loads(body, parse_int=_whole_number)
    except RecursionError:
        raise ValueError("they are nested too deeply") from None
    if not isinstance(fields, dict):
        raise ValueError("they are no JSON object")
    return cast(Fields, fields)


def _whole_number(digits: str) -> int:
    return int(digits) if len(digits) < 4_000 else int(Decimal(digits))


def _opaque(run_id: str, seq: int, name: str, version: int, body: bytes) -> OpaqueEvent:
    try:
        fields: Mapping[str, Any] = _fields(body)
    except ValueError:
        fields = {}
    at, cause = fields.get("at"), fields.get("cause")
    return OpaqueEvent(
        run_id=run_id,
        seq=seq,
        at=at if isinstance(at, float) else 0.0,
        cause=cause if isinstance(cause, int) else 0,
        name=name,
        version=version,
        body=body,
    )


def _opening(event: Event) -> Opening:
    if isinstance(event, RunStarted):
        return Opening(event.agent, event.session, event.key, event.at)
    return Opening("", None, None, event.at)


def _out_of_place(event: Event, first: Event, seq: int) -> WrongSeq:
    return WrongSeq(
        f"events that are appended together follow each other in one run: event {seq} of run {first.run_id} was due, "
        f"and {type(event).__name__} is event {event.seq} of run {event.run_id}",
        run_id=first.run_id, seq=event.seq, expected=seq,
    )  # fmt: skip


def _mistake(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'event'}: {first['msg']}"
