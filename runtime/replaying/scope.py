"""What a stage sees of a run that is executed again: enough to decide, and nothing to act with."""

from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from ...bus.event import Event
from ...events.state import RunState
from ...events.tool import ToolStarted
from .tape import Tape

Work = Coroutine[Any, Any, Event]


class WouldStart(Exception):
    """Everything is decided, and the tool would start now."""

    def __init__(self, event: Event, cause: int) -> None:
        super().__init__()
        self.event = event
        self.cause = cause


class ReplayScope:
    """A run on tape, as those stages see it that ask no model."""

    __slots__ = ("_tape", "deps", "later", "state")

    def __init__(self, tape: Tape, deps: Any) -> None:
        self._tape = tape
        self.state: RunState = tape.state
        self.deps = deps
        self.later: list[tuple[Work, int]] = []
        """What a stage has left to be done beside the run, with its cause."""

    def append(self, event: Event, cause: int) -> Event:
        """See ``RunScope``.

        :raises WouldStart: the event says that a tool starts.
        """
        if isinstance(event, ToolStarted):
            raise WouldStart(event, cause)
        return self._tape.append(event, cause)

    def event(self, seq: int) -> Event:
        """See ``RunScope``."""
        return self._tape.events[seq - 1]

    def hears(self, event_class: type[Event]) -> bool:
        """See ``RunScope``: nobody hears what is told again."""
        return False

    async def judge(self, event: Event) -> tuple[Event, None]:
        """See ``RunScope``: what policies said is in the log."""
        return event, None

    def answer_later(self, work: Work, what: str, cause: int) -> None:
        """See ``RunScope``."""
        self.later.append((work, cause))

    def holding(self, resource: str) -> AbstractAsyncContextManager[None]:
        """See ``RunScope``: nothing is done to it."""
        return nullcontext()
