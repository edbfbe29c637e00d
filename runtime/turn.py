"""The turn order: which event may follow which, as a table."""

from collections.abc import Mapping
from enum import Enum

from ..bus.event import Event
from ..events.control import CancelRequested, LoopDetected, MessageInjected
from ..events.custom import Custom
from ..events.human import ApprovalDecided, ApprovalEscalated, ApprovalRequested
from ..events.model import ModelFailed, ModelReplied, ModelRequested
from ..events.money import BudgetExceeded, CostCounted, ReplyRecalled
from ..events.output import OutputRejected
from ..events.recovery import (
    CircuitClosed,
    CircuitOpened,
    ContextCompacted,
    FallbackChosen,
    HedgeStarted,
    RetryScheduled,
)
from ..events.run import RunFinished, RunForked, RunResumed, RunStarted, RunSuspended
from ..events.tool import LateToolResult, ToolFinished, ToolRequested, ToolStarted
from ..events.turn import TurnFinished, TurnStarted
from .errors import OutOfOrder


class Phase(Enum):
    """Where a run stands between two events."""

    NEW = "new"
    READY = "ready"
    PROMPTING = "prompting"
    THINKING = "thinking"
    FAILED = "failed"
    RECOVERING = "recovering"
    ROUTING = "routing"
    ACTING = "acting"
    OVER = "over"

    # Phases are dictionary keys; the default hash is a Python function.
    __hash__ = object.__hash__

    following: "Row"
    """The phase's row of the table below."""


OVER = Phase.OVER
"""The last phase, at hand: looking a member up on its class costs more than the comparison."""

Row = Mapping[type[Event], Phase]

ORDER: Mapping[Phase, Row] = {
    Phase.NEW: {RunStarted: Phase.READY},
    Phase.READY: {OutputRejected: Phase.READY, TurnStarted: Phase.PROMPTING, RunFinished: Phase.OVER},
    Phase.PROMPTING: {ModelRequested: Phase.THINKING, ModelFailed: Phase.FAILED, RunFinished: Phase.OVER},
    Phase.THINKING: {ModelReplied: Phase.ROUTING, ModelFailed: Phase.FAILED},
    Phase.FAILED: {
        RetryScheduled: Phase.RECOVERING,
        FallbackChosen: Phase.RECOVERING,
        ContextCompacted: Phase.RECOVERING,
        RunFinished: Phase.OVER,
    },
    Phase.RECOVERING: {ModelRequested: Phase.THINKING, RunFinished: Phase.OVER},
    Phase.ROUTING: {
        ToolRequested: Phase.ACTING,
        ToolFinished: Phase.ACTING,
        TurnFinished: Phase.READY,
        RunFinished: Phase.OVER,
    },
    Phase.ACTING: {
        ToolRequested: Phase.ACTING,
        ApprovalRequested: Phase.ACTING,
        ApprovalEscalated: Phase.ACTING,
        ApprovalDecided: Phase.ACTING,
        ToolStarted: Phase.ACTING,
        ToolFinished: Phase.ACTING,
        TurnFinished: Phase.READY,
        RunFinished: Phase.OVER,
    },
    Phase.OVER: {},
}
"""What may happen in each phase, and the phase after it."""

for _phase, _row in ORDER.items():
    _phase.following = _row

ANYTIME: tuple[type[Event], ...] = (
    CancelRequested,
    MessageInjected,
    LoopDetected,
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
"""What may happen in any phase between the first event and the last, and changes none."""


def after(phase: Phase, event_class: type[Event]) -> Phase:
    """The phase that an event leads to.

    :raises OutOfOrder: it may not happen now; names the event, the phase and what may.
    """
    following = phase.following.get(event_class)
    if following is not None:
        return following
    if phase not in (Phase.NEW, Phase.OVER) and issubclass(event_class, ANYTIME):
        return phase
    allowed = ", ".join(each.__name__ for each in ORDER[phase]) or "nothing"
    raise OutOfOrder(f"{event_class.__name__} cannot happen while a run is {phase.value}; what can is {allowed}")


def diagram() -> str:
    """The table as a Mermaid state diagram, for the docs."""
    lines = ["stateDiagram-v2", "    [*] --> new"]
    for phase, row in ORDER.items():
        for event_class, following in row.items():
            lines.append(f"    {phase.value} --> {following.value}: {event_class.__name__}")
    return "\n".join([*lines, "    over --> [*]"])
