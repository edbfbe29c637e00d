"""A tool call is wished for, starts, makes progress, ends."""

from typing import Any, Literal

from ..bus.event import Event
from .content import Audio, File, Image, Outcome
from .frozen import JsonObject

Blame = Literal["model", "tool", "policy", "caller"]
"""Who is the reason that a call did not end ``ok``: wrong arguments are the model's, an exception is the tool's."""


class ToolRequested(Event):
    """The model wants a tool called.

    Published by ``handlers.stages.route``, once for each tool call of a reply, in the model's order.
    """

    may_change = frozenset({"arguments"})
    wish = True

    call_id: str
    name: str
    arguments: JsonObject

    def vetoed(self, reason: str) -> "ToolFinished":
        return ToolFinished(
            call_id=self.call_id, name=self.name, outcome="denied", blame="policy", output=f"Not allowed: {reason}"
        )

    def answered_by(self, other: Event) -> bool:
        return isinstance(other, ToolFinished) and (other.call_id, other.name) == (self.call_id, self.name)


class ToolStarted(Event):
    """A tool call has valid arguments and every policy's consent, and runs from now on.

    Published by ``handlers.stages.tools``, at most once for each ``ToolRequested``.
    """

    call_id: str
    name: str


class ToolFinished(Event):
    """A tool call has its result.

    Published exactly once for each ``ToolRequested``: by ``handlers.stages.tools`` for a call that ran or could not
    run, by ``handlers.stages.decide`` for one that was rejected, by the runtime for one that was vetoed or stopped.
    """

    may_change = frozenset({"output", "parts"})

    call_id: str
    name: str
    outcome: Outcome
    output: str
    parts: tuple[Image | Audio | File, ...] = ()
    blame: Blame | None = None
    elapsed_s: float = 0.0
    full_size: int | None = None
    """Bytes of the whole result, where ``output`` is only its beginning."""

    def vetoed(self, reason: str) -> "ToolFinished":
        return self.model_copy(
            update={"outcome": "denied", "blame": "policy", "output": f"The result is withheld: {reason}", "parts": ()}
        )


class ToolProgress(Event):
    """A running tool says how far it is. ``seq`` is its ``ToolStarted``.

    Published by ``handlers.stages.tools`` for each ``ToolContext.progress`` and each value but the last that a
    generator tool yields.
    """

    durable = False

    call_id: str
    name: str
    message: str
    fraction: float | None = None
    """How much is done, 0 to 1, where the tool knows."""


class LateToolResult(Event):
    """A tool that had been given up came to an end after all, so its effect has happened.

    Published by the runtime, at most once for each call whose result was ``unknown`` or ``cancelled``. It never
    enters the conversation. It belongs to the log while the run goes on; after the end of the run, which nothing may
    follow in the log, only observers hear it and ``seq`` is 0.
    """

    call_id: str
    name: str
    output: str
    failed: bool = False


def failure(call_id: str, name: str, blame: Blame, output: str, **more: Any) -> ToolFinished:
    """A result that says what went wrong."""
    return ToolFinished(call_id=call_id, name=name, outcome="error", blame=blame, output=output, **more)
