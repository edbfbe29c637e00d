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
