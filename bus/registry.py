"""The closed registry: which event classes exist, by name and version."""

import reprlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json

from .errors import BadEvent, NameTaken, UnknownEvent

if TYPE_CHECKING:
    from .event import Event

_classes: dict[tuple[str, int], type["Event"]] = {}


def register(event_class: type["Event"]) -> None:
    """Make a class known; defining a subclass of ``Event`` does so by itself.

    Defining the very same class again (a module reloaded, a notebook cell run twice) replaces it.

    :raises NameTaken: another class has this name and version.
    """
    key = (event_class.event_name, event_class.event_version)
    known = _classes.get(key)
    if known is not None and _home(known) != _home(event_class):
        raise NameTaken(
            f"{_home(event_class)} cannot be event {key[0]!r} version {key[1]}: {_home(known)} is; "
            "give the new one its own name= or version="
        )
    _classes[key] = event_class


def known_events() -> tuple[type["Event"], ...]:
    """Every registered class, in the order of registration."""
    return tuple(_classes.values())


def event_class(name: str, version: int = 1) -> type["Event"]:
    """The class registered under a name. Nothing is ever imported by name: what is not registered is unknown.

    :raises UnknownEvent: no such class, with the versions that are known.
    """
    known = _classes.get((name, version))
    if known is not None:
        return known
    versions = sorted(known for other, known in _classes if other == name)
    if versions:
        raise UnknownEvent(f"event {name!r} has no version {reprlib.repr(version)}, only {versions}")
    raise UnknownEvent(
        f"event {reprlib.repr(name)} is not in the registry; if it is yours, import the module that defines it first"
    )


def dump(event: "Event") -> dict[str, Any]:
    """An event as JSON-ready data, with its ``event`` name and ``version`` in front.

    :raises BadEvent: a field holds what is no JSON, such as half of a surrogate pair.
    """
    try:
        fields = from_json(event.model_dump_json(warnings="error"))
    except (PydanticSerializationError, UnicodeError, ValueError) as error:
        raise BadEvent(f"{event.event_name} of run {event.run_id!r} cannot be written as JSON: {error}") from error
    return {"event": event.event_name, "version": event.event_version, **fields}


def load(data: Mapping[str, Any]) -> "Event":
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


def _home(event_class: type["Event"]) -> str:
    return f"{event_class.__module__}.{event_class.__qualname__}"
