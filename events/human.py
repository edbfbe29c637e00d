"""A person is asked, and decides."""

from ..bus.event import Event
from .frozen import JsonObject


class ApprovalRequested(Event):
    """A tool call waits for a person.

    Published by the runtime when a policy answered ``Ask``, or for a tool that needs approval; once for each call.
    """

    call_id: str
    name: str
    arguments: JsonObject
    approver: str
    reason: str = ""


class ApprovalDecided(Event):
    """A person has decided about a tool call.

    Published by the runtime for ``Run.decide``, once for each ``ApprovalRequested``.
    """

    call_id: str
    approve: bool
    author: str = ""
    reason: str = ""
    arguments: JsonObject | None = None
    """What the person put in place of the model's arguments."""
