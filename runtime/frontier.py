"""Where a run goes on whose process is gone: the events that no stage has answered, or not wholly."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..bus.event import Event
from ..events.human import ApprovalDecided, ApprovalRequested
from ..events.model import ModelFailed, ModelReplied, ModelRequested
from ..events.recovery import ContextCompacted, FallbackChosen, RetryScheduled
from ..events.run import RunForked, RunStarted
from ..events.state import RunState
from ..events.tool import ToolFinished, ToolRequested, ToolStarted
from ..events.turn import TurnFinished, TurnStarted
from .turn import Phase


class Unanswered(NamedTuple):
    """An event of the log whose stage is to act again."""

    event: Event
    begun: bool = False
    """Whether what it wishes for had begun, so that its policies have let it through."""


def frontier(events: Sequence[Event], state: RunState, phase: Phase) -> list[Unanswered]:
    """What a run that goes on from the end of its log has to answer first, in order. Pure.

    Of the open calls of a reply those are answered that do not wait for a person, each by the last that is known of it;
    then the reply itself, if not all of its calls were requested.
    """
    return list(_FRONTIERS[phase](events, state))


def _last(*classes: type[Event]) -> Callable[[Sequence[Event], RunState], Iterator[Unanswered]]:
    def find(events: Sequence[Event], state: RunState) -> Iterator[Unanswered]:
        yield Unanswered(next(event for event in reversed(events) if isinstance(event, classes)))

    return find


def _nothing(events: Sequence[Event], state: RunState) -> Iterator[Unanswered]:
    return iter(())


class _Call(NamedTuple):
    """The last that is known of an open call, by kind."""

    request: ToolRequested
    asked: ApprovalRequested | None = None
    decided: ApprovalDecided | None = None
    started: ToolStarted | None = None


def _acting(events: Sequence[Event], state: RunState) -> Iterator[Unanswered]:
    open_calls = state.transcript.open_calls()
    if not open_calls:
        yield from _last(ToolFinished)(events, state)
        return
    reply, known = _since_reply(events)
    for call in open_calls:
        found = known.get(call.call_id)
        if found is None or call.call_id in state.waiting:
            continue
        yield Unanswered(found.decided or found.request, begun=found.started is not None or found.decided is not None)
    if any(call.call_id not in known for call in open_calls):
        yield Unanswered(reply)


def _since_reply(events: Sequence[Event]) -> tuple[ModelReplied, Mapping[str, _Call]]:
    """The last reply, and what became of its calls."""
    place = len(events) - 1
    while not isinstance(reply := events[place], ModelReplied):
        place -= 1
    known: dict[str, _Call] = {}
    for event in events[place + 1 :]:
        match event:
            case ToolRequested():
                known[event.call_id] = _Call(event)
            case ApprovalRequested():
                known[event.call_id] = known[event.call_id]._replace(decided=None)
            case ApprovalDecided():
                known[event.call_id] = known[event.call_id]._replace(decided=event)
            case ToolStarted():
                known[event.call_id] = known[event.call_id]._replace(started=event)
            case _:
                pass
    return reply, known


_FRONTIERS: Mapping[Phase, Callable[[Sequence[Event], RunState], Iterator[Unanswered]]] = {
    Phase.NEW: _nothing,
    Phase.READY: _last(RunStarted, TurnFinished),
    Phase.PROMPTING: _last(TurnStarted),
    Phase.THINKING: _last(ModelRequested),
    Phase.FAILED: _last(ModelFailed),
    Phase.RECOVERING: _last(RetryScheduled, FallbackChosen, ContextCompacted),
    Phase.ROUTING: _last(ModelReplied),
    Phase.ACTING: _acting,
    Phase.OVER: _nothing,
}
"""How to find it, by where the log ends."""


def not_recorded(caused: list[Event], cause: int, events: Sequence[Event]) -> list[Event]:
    """Of what a stage causes, that which the log does not have yet from when it acted before."""
    recorded = [event for event in events[cause:] if event.cause == cause or _for_a_fork(event, events)]
    left: list[Event] = []
    for event in caused:
        same = next((each for each in recorded if _same(each, event)), None)
        if same is None:
            left.append(event)
        else:
            recorded.remove(same)
    return left


def _for_a_fork(event: Event, events: Sequence[Event]) -> bool:
    """Whether a fork has requested a call that it answers, which is a request like any other."""
    return isinstance(event, ToolRequested) and event.cause > 0 and isinstance(events[event.cause - 1], RunForked)


def _same(one: Event, other: Event) -> bool:
    return type(one) is type(other) and getattr(one, "call_id", "") == getattr(other, "call_id", "")
