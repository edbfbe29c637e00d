"""Which events of a log the code decides, and which come from outside: a table."""

from collections.abc import Callable, Mapping
from typing import Any

from ...bus.event import Event
from ...events.control import CancelRequested, LoopDetected, MessageInjected
from ...events.custom import Custom
from ...events.human import ApprovalDecided, ApprovalEscalated, ApprovalRequested
from ...events.model import ModelFailed, ModelReplied, ModelRequested
from ...events.money import BudgetExceeded, CostCounted, ReplyRecalled
from ...events.output import OutputRejected
from ...events.recovery import (
    CircuitClosed,
    CircuitOpened,
    ContextCompacted,
    FallbackChosen,
    HedgeStarted,
    RetryScheduled,
)
from ...events.run import RunFinished, RunForked, RunResumed, RunStarted, RunSuspended
from ...events.tool import LateToolResult, ToolFinished, ToolRequested, ToolStarted
from ...events.turn import TurnFinished, TurnStarted
from .tape import Tape

AUTHOR = "loopbus"
"""Who says what our own stages tell the model."""

OUTSIDE: tuple[type[Event], ...] = (
    ModelReplied,
    ModelFailed,
    ApprovalEscalated,
    ApprovalDecided,
    CancelRequested,
    CostCounted,
    BudgetExceeded,
    ReplyRecalled,
    HedgeStarted,
    CircuitOpened,
    CircuitClosed,
    LateToolResult,
    RunSuspended,
    RunResumed,
    RunForked,
    Custom,
)
"""What a model, a tool, a person, another run or a subscriber has done: the log's word is taken for it."""


def _always(event: Event, tape: Tape) -> bool:
    return True


def _not_edited(event: Event, tape: Tape) -> bool:
    return not tape.is_edit(event)


def _own_words(event: MessageInjected, tape: Tape) -> bool:
    """A caller's words have no cause; those of our stages are caused by what they are about."""
    return event.author == AUTHOR or isinstance(tape.cause_of(event), ToolFinished | TurnFinished)


def _never_began(event: ToolFinished, tape: Tape) -> bool:
    """What a tool came to is the tool's word; but of a call that was never started, nobody but the code can know."""
    return event.call_id not in tape.state.started and not tape.is_edit(event)


DECIDED: Mapping[type[Event], Callable[[Any, Tape], bool]] = {
    RunStarted: _always,
    TurnStarted: _always,
    ModelRequested: _always,
    RetryScheduled: _always,
    FallbackChosen: _always,
    ContextCompacted: _always,
    ToolRequested: _not_edited,
    ApprovalRequested: _always,
    ToolStarted: _always,
    ToolFinished: _never_began,
    LoopDetected: _always,
    MessageInjected: _own_words,
    OutputRejected: _always,
    TurnFinished: _always,
    RunFinished: _always,
}
"""What our code does, and when: it must do the same again. An event that is in neither table is not ours."""


def is_decided(event: Event, tape: Tape) -> bool:
    """Whether the event that comes next on the tape is one that the code decides."""
    decides = DECIDED.get(type(event))
    return decides is not None and decides(event, tape)
