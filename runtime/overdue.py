"""What happens to questions that nobody answers in time."""

from math import inf

from ..bus.event import Event
from ..events.human import TIMEOUT, ApprovalDecided, ApprovalEscalated, ApprovalRequested
from ..events.state import RunState


def due_at(state: RunState, call_id: str) -> float | None:
    """When the time of whoever is asked about a waiting call is up, in seconds since the epoch; None is never.

    It follows from the log alone: an approver's time begins with the event that asks.
    """
    question = state.waiting[call_id]
    if question.timeout_s is None:
        return None
    return state.escalated.get(call_id, question).at + question.timeout_s


def next_due(state: RunState) -> float | None:
    """When to look again whether anything is overdue; None where nothing ever will be."""
    earliest = min((at for call_id in state.waiting if (at := due_at(state, call_id)) is not None), default=inf)
    return None if earliest == inf else earliest


def overdue(state: RunState, now: float) -> list[tuple[Event, int]]:
    """What to append, with the cause of each, because time is up for somebody who was asked. Pure.

    One step for each call: the next approver is asked and has the whole time, however late it is; after the last one
    the question's ``on_timeout`` decides. A call that is decided waits no more, so whatever the clock does afterwards,
    it is not decided twice.
    """
    late = [call_id for call_id in state.waiting if (at := due_at(state, call_id)) is not None and at <= now]
    return [(_step(state, call_id), state.waiting[call_id].seq) for call_id in late]


def _step(state: RunState, call_id: str) -> Event:
    question, escalated = state.waiting[call_id], state.escalated.get(call_id)
    taken = 0 if escalated is None else escalated.step
    if taken < len(question.escalate_to):
        return ApprovalEscalated(call_id=call_id, approver=question.escalate_to[taken], step=taken + 1)
    return ApprovalDecided(
        call_id=call_id, approve=question.on_timeout == "approve", author=TIMEOUT, reason=_words(question)
    )


def _words(question: ApprovalRequested) -> str:
    names = [name for name in (question.approver, *question.escalate_to) if name]
    who = f"none of {', '.join(names)}" if len(names) > 1 else "nobody"
    return f"{who} decided within {question.timeout_s:g} s"
