"""Who moves the run on: exactly one owner for each event that is answered."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from .errors import StageTaken
from .event import Event
from .observer import name_of

Caused = Event | list[Event] | None
"""What a stage makes happen: nothing, one event, or several in order."""

Stage = Callable[[Any, Any], Awaitable[Caused]]
"""A stage hears an event and is told the run it belongs to."""


class StageTable:
    """Stages by the very class of event that they answer."""

    def __init__(self) -> None:
        self._owners: dict[type[Event], Stage] = {}

    def add(self, event_class: type[Event], stage: Stage) -> None:
        """Make a stage the owner of an event.

        :raises StageTaken: the event has an owner already; two would each cause what comes next.
        """
        owner = self._owners.get(event_class)
        if owner is not None:
            raise StageTaken(
                f"{event_class.__name__} is answered by {name_of(owner)}, so {name_of(stage)} cannot answer it too; "
                "watch it with observe or change it with intercept"
            )
        self._owners[event_class] = stage

    @property
    def owners(self) -> Mapping[type[Event], Stage]:
        """The table, read only."""
        return MappingProxyType(self._owners)
