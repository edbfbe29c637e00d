"""The closed registry: which event classes exist, by name and version."""

from typing import TYPE_CHECKING, Any

from .errors import NameTaken, UnknownEvent

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
    try:
        return _classes[name, version]
    except KeyError:
        versions = sorted(known for other, known in _classes if other == name)
        known = f"versions {versions} of it are" if versions else "it is"
        raise UnknownEvent(f"event {name!r} version {version}: {known} not in the registry; import its module first"
                           if not versions else
                           f"event {name!r} has no version {version}, only {versions}") from None


def dump(event: "Event") -> dict[str, Any]:
    """An event as JSON-ready data, with its ``event`` name and ``version`` in front."""
    return {"event": event.event_name, "version": event.event_version, **event.model_dump(mode="json")}


def load(data: dict[str, Any]) -> "Event":
    """The event that ``dump`` made this data from.

    :raises UnknownEvent: its name or version is not registered.
    :raises pydantic.ValidationError: a field is missing or wrong.
    """
    fields = dict(data)
    name, version = fields.pop("event"), fields.pop("version", 1)
    return event_class(name, version).model_validate(fields)


def _home(event_class: type["Event"]) -> str:
    return f"{event_class.__module__}.{event_class.__qualname__}"
