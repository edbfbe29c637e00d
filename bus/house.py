"""What the house says of itself: a subscriber that failed, events it had to drop, a loop that stood still."""

from .event import Event


class House(Event, abstract=True):
    """An event about the runtime itself. Never in a run's log; ``run_id`` names the run it is about, if it is one."""

    durable = False


class SubscriberFailed(House):
    """A subscriber raised.

    Published by the bus, once for each subscriber: the first failure says it, later ones are only counted.
    """

    subscriber: str
    error: str
    heard: str = ""
    """The name of the event that it failed on; ``seq`` is that event's."""
    detached: bool = True
    """Whether the subscriber is switched off now."""


class EventsDropped(House):
    """A subscriber was too slow for its queue, so it missed events. The log has them all.

    Published by the bus for each subscriber and run, at most ten times a second.
    """

    subscriber: str
    first_seq: int
    last_seq: int
    count: int


class LoopBlocked(House):
    """Something kept the event loop from turning, so every run stood still.

    Published by the runtime when the loop turns again; the log line is written while it still stands.
    """

    culprit: str
    """The tool, policy or observer that had the loop, or ``unknown``."""
    blocked_s: float
