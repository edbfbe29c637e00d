"""Tells how deep handlers have published inside handlers, and stops a cycle."""

from contextvars import ContextVar

from .errors import PublishCycle
from .event import Event

LIMIT = 32
"""How many events may cause each other through handlers before it is called a cycle."""

Chain = tuple[type[Event], ...]


class Handling:
    """What one subscriber's task is handling, if anything."""

    __slots__ = ("chains", "event")

    def __init__(self, chains: dict[int, Chain]) -> None:
        self.event: Event | None = None
        self.chains = chains
        """By the ``id`` of an event that a handler published: the classes that led to it, the newest last."""


_handling: ContextVar[Handling | None] = ContextVar("loopbus_handling", default=None)
current = _handling.get
"""What the running task is handling; None in a task that is no subscriber's."""


def begin(handling: Handling) -> None:
    """Mark the running task as one that handles events."""
    _handling.set(handling)


def forget() -> None:
    """Unmark the running task: it was started from a handler, but is none."""
    _handling.set(None)


def chain_of(event: Event) -> Chain:
    """The chain that publishing ``event`` here makes; empty when no handler is at work.

    :raises PublishCycle: it grew past the limit.
    """
    handling = _handling.get()
    if handling is None or handling.event is None:
        return ()
    led = handling.chains.get(id(handling.event)) or (type(handling.event),)
    chain = (*led, type(event))
    if len(chain) > LIMIT:
        raise PublishCycle(f"handlers publish each other's triggers without end: {_cycle(chain)}")
    return chain


def handler_is_running() -> bool:
    """Whether the caller is inside an observer's handler."""
    handling = _handling.get()
    return handling is not None and handling.event is not None


def _cycle(chain: Chain) -> str:
    names = [event_class.__name__ for event_class in chain]
    start = len(names) - 2
    while start > 0 and names[start] != names[-1]:
        start -= 1
    return " -> ".join(names[start:])
