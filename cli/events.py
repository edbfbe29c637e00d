"""``loopbus events``: the vocabulary, generated from the event classes."""

import inspect
from typing import Annotated, Any

import typer

from ..bus.data import known_events
from ..bus.event import Event
from . import tables
from .output import write, write_json

STAMPS = ("run_id", "seq", "at", "cause")
"""Fields that every event has."""


def events(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON array with a JSON schema for each event.")
    ] = False,
) -> None:
    """Show every kind of event: what it means, who publishes it, what is in it."""
    if as_json:
        write_json([describe(each) for each in known_events()], indent=2)
    else:
        write(as_table(known_events()))


def describe(event_class: type[Event]) -> dict[str, Any]:
    """An event class as data; ``durable`` ones are in a run's log."""
    return {
        "event": event_class.event_name,
        "version": event_class.event_version,
        "durable": event_class.durable,
        "description": inspect.getdoc(event_class) or "",
        "schema": event_class.model_json_schema(mode="serialization"),
    }


def as_table(classes: tuple[type[Event], ...]) -> str:
    """The vocabulary as a table."""
    return tables.as_table(("Event", "In the log", "Meaning", "Fields"), (_row(each) for each in classes))


def _row(each: type[Event]) -> tuple[str, str, str, str]:
    meaning = (inspect.getdoc(each) or "").partition("\n")[0]
    fields = ", ".join(name for name in each.model_fields if name not in STAMPS)
    return each.event_name, "yes" if each.durable else "no", meaning, fields
