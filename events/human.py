"""A person is asked, and decides."""

import json
from hashlib import sha256
from typing import NamedTuple

from ..bus.event import Event
from ..bus.interception import Ask as Ask
from ..bus.interception import OnTimeout
from .frozen import JsonObject

TIMEOUT = "timeout"
"""The author of a decision that nobody made in time."""


class ApprovalRequested(Event):
    """A tool call waits for a person.

    Published by the runtime when a policy answered ``Ask``, and by ``handlers.stages.tools`` for a tool that needs
    approval; once for each call, and again if the call or its tool is no longer what was approved.
    """

    call_id: str
    name: str
    arguments: JsonObject
    approver: str
    reason: str = ""
    schema_hash: str = ""
    """The tool's schema that the question was asked under. Empty: not known."""
    timeout_s: float | None = None
    """How long each approver has; None is for ever."""
    escalate_to: tuple[str, ...] = ()
    """Who is asked next, each when the one before has let the time pass."""
    on_timeout: OnTimeout = "reject"
    """What is decided when the last of them has."""

    @property
    def binding(self) -> str:
        """SHA-256, in hex, of all that is agreed to: the tool's name, its schema, and the very arguments."""
        return sha256(_canonical([self.name, self.schema_hash, self.arguments]).encode()).hexdigest()


class ApprovalEscalated(Event):
    """Nobody has decided in time, and the next approver is asked.

    Published by the runtime, at most once for each of ``ApprovalRequested.escalate_to``, in their order.
    """

    call_id: str
    approver: str
    step: int
    """Which of ``escalate_to`` this is; the first is 1."""


class ApprovalDecided(Event):
    """A person has decided about a tool call, or nobody has in time.

    Published by the runtime, once for each ``ApprovalRequested``: for ``Run.decide``, or with the author ``timeout``
    when the last approver has let the time pass.
    """

    call_id: str
    approve: bool
    author: str = ""
    reason: str = ""
    arguments: JsonObject | None = None
    """What the person put in place of the model's arguments."""


class Consent(NamedTuple):
    """What a person has agreed to: the question that was put, and the arguments, edited or not."""

    question: ApprovalRequested
    arguments: JsonObject

    def covers(self, name: str, arguments: JsonObject, schema_hash: str) -> bool:
        """Whether this very call is what was agreed to; a schema that was not known then is any."""
        asked = self.question
        return (
            asked.name == name and asked.schema_hash in ("", schema_hash) and same_arguments(self.arguments, arguments)
        )


def same_arguments(some: JsonObject, others: JsonObject) -> bool:
    """Whether arguments are the very same as JSON, where 1, 1.0 and true differ."""
    return some == others and _canonical(some) == _canonical(others)


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
