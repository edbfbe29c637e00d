"""What a stage may know of the run whose event it hears, and what it may do there."""

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from typing import Any, Protocol

from ..backends.fold import ReplyFold
from ..bus.event import Event
from ..bus.guest import Watch
from ..bus.interception import Ruling
from ..events.state import RunState


class RunScope(Protocol):
    """One run, as its stages see it."""

    @property
    def state(self) -> RunState:
        """The fold of the log so far. Read it; events change it."""
        ...

    @property
    def deps(self) -> Any:
        """What the caller gave the run for its tools and instructions."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether the run is being stopped: what ends now ends because of that."""
        ...

    @property
    def unrecorded(self) -> bool:
        """Whether there are events that could be lost with this process, of a run that must not lose any."""
        ...

    async def wait_recorded(self) -> None:
        """Wait until there are none: before a tool does anything, and before anybody hears what follows from them."""
        ...

    @property
    def watch(self) -> Watch:
        """Where a guest says that it has the event loop."""
        ...

    async def judge(self, event: Event) -> tuple[Event, Ruling | None]:
        """Ask the policies about an event that is not appended: as they leave it, and what they say to it."""
        ...

    def append(self, event: Event, cause: int) -> Event:
        """Append an event now, because it must be in the log before the stage acts.

        :raises RunOver: the run ended without waiting for this stage.
        """
        ...

    def tell(self, event: Event, about: int) -> None:
        """Publish an ephemeral event that belongs to the durable event ``about``."""
        ...

    def hears(self, event_class: type[Event]) -> bool:
        """Whether anyone at all would hear such an ephemeral event now."""
        ...

    def open_reply(self, fold: ReplyFold) -> None:
        """Say which reply is being written, for readers that join in its middle and for an interruption."""
        ...

    def event(self, seq: int) -> Event:
        """An event of the log."""
        ...

    def answer_later(self, work: Coroutine[Any, Any, Event], what: str, cause: int) -> None:
        """Run ``work`` beside the run's own task; what it returns is caused by ``cause``."""
        ...

    def let_go(self, rest: Coroutine[Any, Any, Any], context: Context, what: str) -> None:
        """Let something that will not end run on by itself, listed as a zombie until it does."""
        ...

    def append_nowait(self, event: Event, cause: int) -> None:
        """Append an event that nothing waits for; without effect once the run is over."""
        ...

    def late(self, call_id: str, name: str, value: object, *, failed: bool) -> None:
        """Say that a call came to an end after it was given up."""
        ...

    @property
    def holding(self) -> Callable[[str], AbstractAsyncContextManager[Any]]:
        """Hold a resource that only one tool call at a time may use, among all runs of the runtime."""
        ...
