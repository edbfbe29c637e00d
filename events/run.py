"""A run begins and ends."""

from typing import Literal

from ..bus.event import Event
from .content import Message
from .fault import Fault
from .frozen import Json
from .usage import NO_USAGE, Usage

Status = Literal["completed", "failed", "cancelled", "limit"]
"""How a run ended. ``limit``: it was stopped, or its last answer was cut, by a limit; the result is partial."""


class RunStarted(Event):
    """A run begins.

    Published by the runtime, once for each run, always as event 1.
    """

    agent: str
    model: str
    prompt: Message
    history: tuple[Message, ...] = ()
    """The conversation that this run continues."""
    tools: tuple[str, ...] = ()
    session: str | None = None
    key: str | None = None
    """The caller's idempotency key."""
    setup: str = ""
    """A digest of tools, settings and the like: two runs with the same one ask the same way. Empty: not known."""


class RunFinished(Event):
    """A run is over: the one terminal event, and always the last.

    Published by ``handlers.stages.advance`` when the loop ends by itself, by the runtime when it is stopped.
    """

    status: Status
    reason: str = ""
    """Why it was not ``completed``: which limit, who cancelled."""
    output: Json = ""
    """The final answer; under any other status than ``completed``, what there was of it."""
    error: Fault | None = None
    usage: Usage = NO_USAGE
    turns: int = 0


class RunSuspended(Event):
    """Nobody drives the run from here on, until it is resumed; no task, thread or connection is held for it.

    Published by the runtime when all that a run does is wait for people, and when its runtime is closed; only where the
    log is kept in a store.
    """

    reason: str
    waiting: tuple[str, ...] = ()
    """The calls that wait for a decision."""


class RunResumed(Event):
    """Somebody drives the run again, from where its log ends.

    Published by the runtime each time that it takes up a run whose log has no end: one that was suspended, or one whose
    process died.
    """

    attempt: int
    """How often it was taken up since a turn of it was finished; too often makes it a dead letter."""
    holder: str = ""
    """Which process drives it now."""


class RunForked(Event):
    """What is before this event happened in another run; from here on this run goes its own way.

    Published by the runtime for ``Runtime.fork``, once, right behind the events that both runs share.
    """

    source: str
    """The run that was forked."""
    edits: tuple[str, ...] = ()
    """What was changed on the way, in words."""
