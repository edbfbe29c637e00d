"""Events as data, and back."""

import reprlib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json

from . import registry
from .errors import BadEvent, UnknownEvent
from .event import Event


def known_events() -> tuple[type[Event], ...]:
    """Every registered class, in the order of registration."""
    return registry.registered()


def event_class(name: str, version: int = 1) -> type[Event]:
    """The class registered under a name. Nothing is ever imported by name: what is not registered is unknown.

    :raises UnknownEvent: no such class, with the versions that are known.
    """
    return registry.find(name, version)


def dump(event: Event) -> dict[str, Any]:
    """An event as JSON-ready data, with its ``event`` name and ``version`` in front.

    :raises BadEvent: a field holds what is no JSON, such as half of a surrogate pair.
    """
    try:
        fields = from_json(event.model_dump_json(warnings="error"))
    except (PydanticSerializationError, UnicodeError, ValueError) as error:
        raise BadEvent(f"{event.event_name} of run {event.run_id!r} cannot be written as JSON: {error}") from error
    return {"event": event.event_name, "version": event.event_version, **fields}


def load(data: Mapping[str, Any]) -> Event:
    """The event that ``dump`` made these data from. Data is all they are: nothing in them is imported or called.

    :raises UnknownEvent: they name no event, or one whose name or version is not registered.
    :raises BadEvent: a field is missing, wrong, or not one of the event's.
    """
    fields = dict(data) if isinstance(data, Mapping) else {}  # pyright: ignore[reportUnnecessaryIsInstance]  # data
    name, version = fields.pop("event", None), fields.pop("version", 1)
    if not isinstance(name, str) or not isinstance(version, int):
        raise UnknownEvent(f"data without the name and version of an event: {reprlib.repr(data)}")
    try:
        return event_class(name, version).model_validate(fields)
    except ValidationError as error:
        raise BadEvent(f"data are no {name} version {version}: {_mistakes(error)}") from error


def _mistakes(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, mistake['loc'])) or 'event'}: {mistake['msg']}"
        for mistake in error.errors(include_url=False, include_input=False)[:5]
    )
