"""A run that somebody wants to be started."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from ..bus.event import unchecked
from ..events.content import Message
from ..events.run import RunStarted
from ..handlers.limits import Limits
from .errors import KeyReused
from .prepared import Ready
from .spec import AgentSpec

_started = unchecked(RunStarted)
IfBusy = Literal["reject", "queue", "fork"]
"""What becomes of a run whose session another one has: ``SessionBusy``, a wait for that one's end, or a new session."""


class Wish(NamedTuple):
    """What ``Runtime.start`` was given, checked."""

    agent: AgentSpec[Any]
    prompt: Message
    messages: tuple[Message, ...]
    session: str | None
    if_busy: IfBusy
    key: str | None
    deps: Any
    limits: Limits

    def first(self, ready: Ready, session: str | None, history: Sequence[Message]) -> RunStarted:
        """The event that a run begins with."""
        return _started(
            agent=self.agent.name,
            model=ready.models.first.model,
            prompt=self.prompt,
            history=(*history, *self.messages),
            tools=self.agent.toolset.names,
            session=session,
            key=self.key,
            setup=ready.setup,
        )

    def check_same(self, first: RunStarted) -> None:
        """See to it that a run which has this key was asked for in these words.

        :raises KeyReused: it was another request; give this one its own key.
        """
        asked = (first.agent, first.prompt)
        if asked != (self.agent.name, self.prompt) or not (_same_session(self, first) and _same_messages(self, first)):
            raise KeyReused(
                f"key {self.key!r} belongs to run {first.run_id}, which was started with another request; "
                "give this one its own key"
            )


def _same_session(wish: Wish, first: RunStarted) -> bool:
    if first.session == wish.session:
        return True
    return wish.if_busy == "fork" and wish.session is not None and first.session == branch(wish.session, first.run_id)


def _same_messages(wish: Wish, first: RunStarted) -> bool:
    # In front of them stands what the session's conversation was then, whatever that was.
    before = len(first.history) - len(wish.messages)
    if before < 0 or (before > 0 and wish.session is None):
        return False
    return first.history[before:] == wish.messages


def branch(session: str, run_id: str) -> str:
    """The name of the session that a run forks from another."""
    return f"{session}/{run_id}"
