"""The closed registry: which event classes exist, by name and version."""

import reprlib
from typing import Any

from .errors import NameTaken, UnknownEvent

_classes: dict[tuple[str, int], type[Any]] = {}


def register(event_class: type[Any]) -> None:
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


def registered() -> tuple[type[Any], ...]:
    """Every class, in the order of registration."""
    return tuple(_classes.values())


def find(name: str, version: int = 1) -> type[Any]:
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


def _home(event_class: type[Any]) -> str:
    return f"{event_class.__module__}.{event_class.__qualname__}"
