"""An application's own events."""

from ..bus.event import Event


class Custom(Event, abstract=True):
    """Base of an application's own durable events; defining a subclass registers it.

    Published by the application: ``ToolContext.emit`` in a tool, or ``Runtime.derive``.
    """
