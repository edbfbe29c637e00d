"""What a subscription hears: a class with its subclasses, several of them, or only events with certain fields."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from .errors import BadSelector

E = TypeVar("E", bound=BaseModel, covariant=True)
M = TypeVar("M", bound=BaseModel)


class Selector(Generic[E]):
    """Event classes, and what their fields must equal."""

    __slots__ = ("_covered", "_fields", "classes")

    def __init__(self, classes: tuple[type[E], ...], fields: Mapping[str, object] | None = None) -> None:
        self.classes = classes
        self._covered = _Covered(classes)
        self._fields = tuple((fields or {}).items())
        for name, _ in self._fields:
            for event_class in classes:
                _check_field(event_class, name)

    @property
    def conditional(self) -> bool:
        """Whether some events of the classes are left out."""
        return bool(self._fields)

    def covers(self, event_class: type[BaseModel]) -> bool:
        """Whether events of this very class can be selected at all."""
        return issubclass(event_class, self.classes)

    def select(self, events: list[M]) -> list[M]:
        """Those of the events that are selected, in their order."""
        if self._fields:
            return [event for event in events if self.matches(event)]
        covered = self._covered
        # Most often all of them are, or none: asking once a class is cheaper than once an event.
        if all(map(covered.__getitem__, set(map(type, events)))):
            return events
        return [event for event in events if covered[type(event)]]

    def matches(self, event: BaseModel) -> bool:
        """Whether this event is selected; what cannot be compared is not equal."""
        try:
            return isinstance(event, self.classes) and all(
                getattr(event, name) == value for name, value in self._fields
            )
        except Exception:
            # Publishers ask this in line, and somebody's ``__eq__`` is not to stop them.
            return False

    def __repr__(self) -> str:
        names = " | ".join(event_class.__name__ for event_class in self.classes)
        return f"{names}({', '.join(f'{name}={value!r}' for name, value in self._fields)})" if self._fields else names


class _Covered(dict[type[BaseModel], bool]):
    """Which very classes are covered, looked up once."""

    def __init__(self, classes: tuple[type[BaseModel], ...]) -> None:
        super().__init__()
        self._classes = classes

    def __missing__(self, event_class: type[BaseModel]) -> bool:
        covered = self[event_class] = issubclass(event_class, self._classes)
        return covered


Heard = type[E] | tuple[type[E], ...] | Selector[E]
"""Whatever a subscription may be given to hear."""


def selector(heard: Heard[E], base: type[Any]) -> Selector[E]:
    """Make a selector of what a subscription was given; ``base`` is ``Event``.

    :raises BadSelector: something in it is no event class.
    """
    if isinstance(heard, Selector):
        return heard
    classes = heard if isinstance(heard, tuple) else (heard,)
    for each in classes:
        if not (isinstance(each, type) and issubclass(each, base)):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
            raise BadSelector(f"{each!r} is no event class; {_remedy(each)}")
    if not classes:
        raise BadSelector("an empty tuple hears nothing; name at least one event class")
    return Selector(classes)


def _remedy(given: object) -> str:
    if inspect.isroutine(given):
        return "write @observe(ToolFinished), with the event in parentheses"
    return "subscribe to a class such as ToolFinished, or a tuple of them"


def _check_field(event_class: type[BaseModel], name: str) -> None:
    fields = event_class.model_fields
    if name not in fields:
        near = difflib.get_close_matches(name, fields, 1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(fields)}"
        raise BadSelector(f"{event_class.__name__} has no field {name!r}{hint}")
