"""Commands from outside: they are events with an author, appended like all others."""

from ..bus.event import Event
from .content import Message


class CancelRequested(Event):
    """Somebody wants the run to stop.

    Published by the runtime for the first ``Run.cancel``, or when a limit on wall time is reached.
    """

    reason: str
    author: str = "caller"


class MessageInjected(Event):
    """Somebody has something to say in the middle of a run. The model hears it at the next turn.

    Published by the runtime for each ``Run.send``, and by ``handlers.stages.done`` as a nudge out of a loop.
    """

    message: Message
    author: str = "caller"


class LoopDetected(Event):
    """The model makes the same calls and gets the same results, again and again.

    Published by ``handlers.stages.done`` when it has happened ``count`` times: first with a nudge, then with the end.
    """

    names: tuple[str, ...]
    count: int
