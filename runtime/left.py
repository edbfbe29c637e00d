"""What this process knows of a run that it has left waiting, and that the run's log does not say."""

from collections.abc import Sequence
from typing import NamedTuple

from ..bus.event import Event
from ..events.run import RunResumed
from .given import NOTHING, Given


class Deadline(NamedTuple):
    """When a run must be over, in seconds since the epoch, because it may take so many ``seconds``."""

    at: float
    seconds: float


class Left(NamedTuple):
    """How a run was driven that only waits now: with what, and until when at most."""

    given: Given = NOTHING
    deadline: Deadline | None = None
    seq: int = 0
    """The last event that the run had then."""

    def holds(self, log: Sequence[Event]) -> bool:
        """Whether that still is so: whoever has taken the run up since has a say of their own."""
        return not any(isinstance(event, RunResumed) for event in log[self.seq :])


NOT_LEFT = Left()
"""Nothing but the log is known."""
