"""An application's own events."""

from typing import Any

from ..bus.event import Event


class Custom(Event, abstract=True):
    """Base of an application's own durable events; defining a subclass registers it.

    Published by the application: ``ToolContext.emit`` in a tool, or ``Runtime.derive``.
    """

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        # Before it is registered: one that is appended and never stored would leave a gap in every log.
        if not cls.durable:
            raise TypeError(
                f"{cls.__name__} must stay durable: it has a place in the run's log; what is told and not kept is "
                "ToolContext.progress()"
            )
        super().__pydantic_init_subclass__(**options)
