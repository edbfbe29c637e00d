"""What the stages of one run see of it, and may do to it: the ``RunScope`` of the handlers, but for its inbox."""

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from typing import Any

from ..backends.fold import ReplyFold
from ..bus.bus import Bus
from ..bus.event import Event
from ..bus.guest import Watch
from ..bus.words import describe
from ..events.state import RunState
from ..events.tool import LateToolResult
from ..tools.coercion import render
from ..tools.errors import Unencodable
from .errors import RunOver
from .helpers import Helpers
from .journal import Journal
from .stopping import Stopping
from .turn import OVER

Holding = Callable[[str], AbstractAsyncContextManager[Any]]
_LATE_BYTES = 2000
"""How much of a result is told that nobody waits for any more."""


class Scope:
    """One run, as its stages see it; after its end nothing that they do reaches its log."""

    __slots__ = ("_bus", "_helpers", "deps", "holding", "journal", "left", "state", "stop_reason", "watch")

    def __init__(
        self, journal: Journal, bus: Bus, helpers: Helpers, *, holding: Holding, watch: Watch, deps: Any
    ) -> None:
        self.journal = journal
        self.state: RunState = journal.state
        self.deps = deps
        self.holding = holding
        self.watch = watch
        self.stop_reason: Stopping | None = None
        self.left = False
        """Whether this has nothing to do with the run any more, which may go on without it."""
        self._bus = bus
        self._helpers = helpers

    @property
    def done(self) -> bool:
        """Whether nothing that is done here reaches the log."""
        return self.left or self.journal.over

    @property
    def unrecorded(self) -> bool:
        return self.journal.unrecorded

    async def wait_recorded(self) -> None:
        await self.journal.wait_recorded()

    @property
    def stopping(self) -> bool:
        return self.stop_reason is not None

    def append(self, event: Event, cause: int) -> Event:
        journal = self.journal
        # ``done``, written out: this is on the path of every turn.
        if self.left or journal.phase is OVER:
            raise RunOver(f"run {journal.run_id} ended without waiting for {type(event).__name__}")
        return journal.append(event, cause)

    def append_nowait(self, event: Event, cause: int) -> None:
        if not self.done:
            self.journal.append(event, cause)

    def tell(self, event: Event, about: int) -> None:
        if not self.done:
            self.journal.tell(event, about)

    def hears(self, event_class: type[Event]) -> bool:
        return self.journal.hears(event_class)

    def event(self, seq: int) -> Event:
        return self.journal.events[seq - 1]

    def open_reply(self, fold: ReplyFold) -> None:
        self.journal.reply = fold

    def let_go(self, rest: Coroutine[Any, Any, Any], context: Context, what: str) -> None:
        self._helpers.let_go(rest, context, what)

    def late(self, call_id: str, name: str, value: object, *, failed: bool) -> None:
        late = LateToolResult(
            run_id=self.journal.run_id, call_id=call_id, name=name, output=_shown(value), failed=failed
        )
        if self.done:
            self._bus.publish(late)
        else:
            self.journal.append(late, 0)


def _shown(value: object) -> str:
    """A late value, as text and not too much of it."""
    if isinstance(value, BaseException):
        return describe(value)
    try:
        return render(value, _LATE_BYTES).text
    except Unencodable as error:
        return f"The tool's result cannot be shown: {error}"
