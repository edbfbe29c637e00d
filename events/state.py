"""Everything that a run's events say about the run: the fold that a live and a resumed run share."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..bus.event import Event
from .content import Message, ToolCall, ToolResult
from .control import MessageInjected
from .human import ApprovalDecided, ApprovalEscalated, ApprovalRequested, Consent
from .model import ModelFailed, ModelReplied, ModelRequested, Stop
from .money import CostCounted
from .output import OutputRejected
from .recovery import ContextCompacted, FallbackChosen, RetryScheduled
from .run import RunFinished, RunForked, RunResumed, RunStarted, RunSuspended, Status
from .tool import ToolFinished, ToolStarted
from .transcript import Transcript
from .tries import Tries
from .turn import TurnStarted
from .usage import NO_USAGE, Usage


@dataclass(slots=True)
class RunState:
    """What is known of a run. Handlers read it; only ``add`` changes it."""

    # Empty ones are made by plain functions here and in ``Transcript``: a generic alias takes ten times as long, and
    # every run begins with nine of them.

    run_id: str = ""
    seq: int = 0
    """The last event that was added."""
    status: Status | None = None
    """None while the run goes on."""
    suspended: bool = False
    """Whether nobody drives the run."""
    transcript: Transcript = field(default_factory=Transcript)
    turn: int = 0
    instructions: str = ""
    asking: ModelRequested | None = None
    """The request that has no reply yet."""
    stop: Stop | None = None
    """Why the last reply ended."""
    setup: str = ""
    """The digest that the run's first event gives of its tools, settings and the like."""
    tries: Tries = field(default_factory=Tries)
    """What was done about a model that did not answer."""
    first: int = 0
    """The first message that the model is shown, of a conversation that was too long for it ..."""
    pinned: tuple[int, ...] = ()
    """... and those before it that it is shown all the same."""
    usage: Usage = NO_USAGE
    cost_usd: float | None = None
    """None while nothing was counted."""
    unpriced: int = 0
    """Replies whose price is not known."""
    tool_calls: int = 0
    """Calls that were started."""
    started: set[str] = field(default_factory=lambda: set())
    """Open calls that were started."""
    waiting: dict[str, ApprovalRequested] = field(default_factory=lambda: {})
    """Open calls that wait for a person."""
    escalated: dict[str, ApprovalEscalated] = field(default_factory=lambda: {})
    """Of those, the ones that another person is asked about by now than at first."""
    approved: dict[str, Consent] = field(default_factory=lambda: {})
    """Open calls that a person has agreed to, and to what exactly."""
    faults: int = 0
    """Replies in a row, up to the last one, with a tool call that was the model's mistake."""
    rejected: int = 0
    """Answers that were not what the agent's output must be."""
    repeats: int = 0
    """How often in a row the model made the same calls and got the same results."""
    batch: tuple[tuple[ToolCall, ...], Message] | None = None
    """The calls of the last reply that asked for tools, and their results."""
    faulty: bool = False
    """Whether the open batch has a mistake of the model's."""

    def add(self, event: Event) -> None:
        """Take the next durable event of the run."""
        self.seq = event.seq
        fold = FOLDS.get(type(event))
        if fold is not None:
            fold(self, event)

    @property
    def messages(self) -> list[Message]:
        """The conversation so far; it only grows at its end."""
        return self.transcript.messages


def replay(events: Iterable[Event]) -> RunState:
    """The state that a whole log tells."""
    state = RunState()
    for event in events:
        state.add(event)
    return state


def _started(state: RunState, event: RunStarted) -> None:
    state.run_id = event.run_id
    state.setup = event.setup
    state.transcript.started(event)


def _turn(state: RunState, event: TurnStarted) -> None:
    state.turn = event.turn
    if state.transcript.injected:
        state.transcript.hear_injected(event)


def _asked(state: RunState, event: ModelRequested) -> None:
    state.asking = event
    if event.instructions is not None:
        state.instructions = event.instructions


def _replied(state: RunState, event: ModelReplied) -> None:
    state.transcript.replied(event)
    state.asking = None
    state.stop = event.stop
    if event.usage is not NO_USAGE:
        state.usage = state.usage + event.usage


def _failed(state: RunState, event: ModelFailed) -> None:
    state.transcript.failed(event)
    state.tries.failed(event)
    state.asking = None
    state.usage = state.usage + event.usage


def _retried(state: RunState, event: RetryScheduled) -> None:
    state.transcript.asked_again(event)
    state.tries.retried(event)


def _fell_back(state: RunState, event: FallbackChosen) -> None:
    state.transcript.asked_again(event)
    state.tries.fell_back(event)


def _compacted(state: RunState, event: ContextCompacted) -> None:
    state.transcript.asked_again(event)
    state.tries.shortened(event)
    state.first, state.pinned = event.first, event.pinned


def _tool_started(state: RunState, event: ToolStarted) -> None:
    state.tool_calls += 1
    state.started.add(event.call_id)


def _tool_finished(state: RunState, event: ToolFinished) -> None:
    transcript = state.transcript
    calls = transcript.calls
    transcript.finished(event)
    state.started.discard(event.call_id)
    if state.waiting:
        state.waiting.pop(event.call_id, None)
        state.escalated.pop(event.call_id, None)
    if state.approved:
        state.approved.pop(event.call_id, None)
    if not calls:
        return
    if event.blame == "model":
        state.faulty = True
    if not transcript.calls:
        _batch_finished(state, calls)


def _batch_finished(state: RunState, calls: tuple[ToolCall, ...]) -> None:
    state.faults = state.faults + 1 if state.faulty else 0
    state.faulty = False
    last, results = state.batch, state.transcript.messages[-1]
    same = last is not None and _same_calls(last[0], calls) and _same_results(last[1], results)
    state.repeats = state.repeats + 1 if same else 1
    state.batch = (calls, results)


def _same_calls(some: tuple[ToolCall, ...], others: tuple[ToolCall, ...]) -> bool:
    """Whether two replies asked for the same; ids aside, which always differ."""
    if len(some) != len(others):
        return False
    for one, other in zip(some, others, strict=True):
        if one.arguments != other.arguments or one.name != other.name:
            return False
    return True


def _same_results(some: Message, others: Message) -> bool:
    results = others.content
    for place, one in enumerate(some.content):
        other = results[place]
        if not (isinstance(one, ToolResult) and isinstance(other, ToolResult)):
            return False
        if one.output != other.output or one.outcome != other.outcome or one.parts != other.parts:
            return False
    return True


def _waits(state: RunState, event: ApprovalRequested) -> None:
    state.waiting[event.call_id] = event
    state.escalated.pop(event.call_id, None)
    # Asked again: the consent was to something else.
    state.approved.pop(event.call_id, None)


def _escalated(state: RunState, event: ApprovalEscalated) -> None:
    if event.call_id in state.waiting:
        state.escalated[event.call_id] = event


def _decided(state: RunState, event: ApprovalDecided) -> None:
    asked = state.waiting.pop(event.call_id, None)
    state.escalated.pop(event.call_id, None)
    if event.approve and asked is not None:
        state.approved[event.call_id] = Consent(asked, asked.arguments if event.arguments is None else event.arguments)


def _cost(state: RunState, event: CostCounted) -> None:
    if event.cost_usd is None:
        state.unpriced += 1
    else:
        state.cost_usd = (state.cost_usd or 0.0) + event.cost_usd


def _rejected(state: RunState, event: OutputRejected) -> None:
    state.rejected += 1


def _injected(state: RunState, event: MessageInjected) -> None:
    state.transcript.inject(event)


def _suspended(state: RunState, event: RunSuspended) -> None:
    state.suspended = True


def _resumed(state: RunState, event: RunResumed | RunForked) -> None:
    state.suspended = False


def _finished(state: RunState, event: RunFinished) -> None:
    state.transcript.hear_injected(event)
    state.status = event.status


FOLDS: Mapping[type[Event], Callable[[RunState, Any], None]] = {
    RunStarted: _started,
    TurnStarted: _turn,
    ModelRequested: _asked,
    ModelReplied: _replied,
    ModelFailed: _failed,
    RetryScheduled: _retried,
    FallbackChosen: _fell_back,
    ContextCompacted: _compacted,
    ToolStarted: _tool_started,
    ToolFinished: _tool_finished,
    ApprovalRequested: _waits,
    ApprovalEscalated: _escalated,
    ApprovalDecided: _decided,
    CostCounted: _cost,
    MessageInjected: _injected,
    OutputRejected: _rejected,
    RunSuspended: _suspended,
    RunResumed: _resumed,
    RunForked: _resumed,
    RunFinished: _finished,
}
"""What each kind of event changes; a kind that is not in here changes nothing but ``seq``."""
