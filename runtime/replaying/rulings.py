"""What policies may have made of what the code decided."""

from collections.abc import Collection

from ...bus.event import Event
from ...events.human import ApprovalDecided, ApprovalRequested
from ...events.model import ModelRequested
from ...events.tool import ToolFinished, ToolRequested
from .tape import Tape, equal

JUDGED: frozenset[type[Event]] = frozenset({ModelRequested, ToolRequested, ToolFinished})
"""The kinds of decided events that policies may change, refuse, ask a person about, or answer themselves."""


def ruled(expected: Event, cause: int, recorded: Event, judged: Collection[type[Event]]) -> bool:
    """Whether ``recorded`` is ``expected`` as a policy for the kinds in ``judged`` may have left or refused it."""
    kind = type(expected)
    if kind not in judged:
        return False
    if equal(expected, cause, recorded, kind.may_change):
        return True
    refused = expected.vetoed("") if not kind.wish else None
    return refused is not None and equal(refused, cause, recorded, ("output",))


def answered(tape: Tape, recorded: Event, judged: Collection[type[Event]]) -> bool:
    """Whether a policy may have answered a wish by ``recorded``, so that the code was never asked about it."""
    wish = _judged_wish(tape, recorded)
    if wish is None or ToolRequested not in judged:
        return False
    if isinstance(recorded, ApprovalRequested):
        return (recorded.call_id, recorded.name) == (wish.call_id, wish.name)
    return wish.answered_by(recorded)


def explained(tape: Tape, expected: Event, cause: int, recorded: Event) -> type[Event] | None:
    """The kind of event whose policy would explain why ``recorded`` is not ``expected``."""
    if ruled(expected, cause, recorded, JUDGED):
        return type(expected)
    return ToolRequested if answered(tape, recorded, JUDGED) else None


def wish_of(tape: Tape, event: Event | None) -> ToolRequested | None:
    """The wish that a decision, or the question before it, is about."""
    while isinstance(event, ApprovalDecided | ApprovalRequested):
        event = tape.cause_of(event)
    return event if isinstance(event, ToolRequested) else None


def _judged_wish(tape: Tape, recorded: Event) -> ToolRequested | None:
    """The wish that policies were asked about before ``recorded``: the model's own, or what a person made of it."""
    cause = tape.cause_of(recorded)
    edited = isinstance(cause, ApprovalDecided) and cause.arguments is not None
    return wish_of(tape, cause) if edited or isinstance(cause, ToolRequested) else None
