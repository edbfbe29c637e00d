"""A policy: which tools may be called at all."""

from collections.abc import Sequence

from ...bus.bus import Bus
from ...bus.errors import BadOption
from ...bus.interception import Veto
from ...events.tool import ToolRequested
from ..tool_names import named


class ToolAccess:
    """Refuses calls of tools that are not allowed; the model is told so and may go on.

    Hears ToolRequested; answers it or ``Veto``. A tool may be called if a pattern of ``allow`` fits its name and none
    of ``deny`` does::

        runtime.subscribe(ToolAccess(allow=["read_*", "search"], deny=["read_secrets"]))

    It is asked before other policies, so nobody is asked to approve what is refused anyway.

    :raises BadOption: a text in the place of a list.
    """

    def __init__(self, allow: Sequence[str] = ("*",), deny: Sequence[str] = (), *, order: int = -100) -> None:
        for name, patterns in (("allow", allow), ("deny", deny)):
            if isinstance(patterns, str):
                raise BadOption(f"ToolAccess({name}={patterns!r}): give a list of names, such as [{patterns!r}]")
        self._allowed = named(*allow)
        self._denied = named(*deny)
        self._order = order

    def __call__(self, event: ToolRequested) -> ToolRequested | Veto:
        if self._allowed(event) and not self._denied(event):
            return event
        return Veto(f"the tool {event.name!r} may not be used here")

    def attach(self, bus: Bus) -> None:
        """Subscribe to a bus."""
        bus.intercept(ToolRequested, self, order=self._order, on_error="deny")
