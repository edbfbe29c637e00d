"""What policies may have made of what the code decided."""

from collections.abc import Collection

from ...bus.bus import Bus
from ...bus.event import Event
from ...events.human import ApprovalRequested
from ...events.model import ModelRequested
from ...events.tool import ToolFinished, ToolRequested
from .tape import equal

JUDGED: frozenset[type[Event]] = frozenset({ModelRequested, ToolRequested, ToolFinished})
"""The kinds of decided events that policies may change, refuse, ask a person about, or answer themselves."""


def judged_by(bus: Bus) -> set[type[Event]]:
    """The kinds of events that somebody has subscribed a policy to."""
    return {kind for kind in JUDGED if bus.routes(kind).policies}


def ruled(expected: Event, cause: int, recorded: Event, judged: Collection[type[Event]]) -> bool:
    """Whether ``recorded`` is ``expected`` as a policy for the kinds in ``judged`` may have left or refused it."""
    kind = type(expected)
    if kind not in judged:
        return False
    if equal(expected, cause, recorded, kind.may_change):
        return True
    refused = expected.vetoed("") if not kind.wish else None
    return refused is not None and equal(refused, cause, recorded, ("output",))


def answered(wish: ToolRequested | None, recorded: Event, judged: Collection[type[Event]]) -> bool:
    """Whether a policy may have answered a wish by ``recorded``, so that the code was never asked about it."""
    if wish is None or ToolRequested not in judged:
        return False
    if isinstance(recorded, ApprovalRequested):
        return (recorded.call_id, recorded.name) == (wish.call_id, wish.name)
    return wish.answered_by(recorded)
