"""Ends a run that does not end by itself, and leaves its log whole."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..backends.fold import ReplyFold
from ..bus.event import Event
from ..events.fault import Fault
from ..events.model import ModelFailed, ModelReplied, ModelRequested
from ..events.run import RunSuspended, Status
from ..events.state import RunState
from ..events.tool import ToolFinished, ToolRequested
from ..handlers.outcome import finished
from .journal import Journal

_WORDS = {
    "cancelled": "The run was stopped before this call was started; nothing was done.",
    "unknown": "The run was stopped while this call was running; its effect may or may not have happened.",
}


@dataclass(frozen=True, slots=True)
class Stopping:
    """Why a run is being stopped, and what it will have been; None where it is only left, and goes on another time."""

    status: Status | None
    reason: str
    fault: Fault | None = None
    error: BaseException | None = None


def time_is_up(seconds: float) -> Stopping:
    """The end of a run that takes longer than it may."""
    return Stopping("limit", f"{seconds:g} seconds")


def under_way(state: RunState) -> str:
    """What a run is waiting for: a tool, or the model; empty where it is neither."""
    for call in state.transcript.open_calls():
        if call.call_id in state.started:
            return f"tool {call.name}"
    return f"model {state.asking.model}" if state.asking is not None else ""


def leave_run(journal: Journal, reason: str, waiting: Iterable[tuple[Event, int]]) -> None:
    """Append what has come of the run, and that nobody drives it from here on.

    A call that is cancelled only because of this stays open: its tool says what is to be done about it later.
    """
    for event, cause in waiting:
        if isinstance(event, ModelReplied | ModelFailed) or (
            isinstance(event, ToolFinished) and event.blame != "caller"
        ):
            journal.append(event, cause)
    journal.append(RunSuspended(reason=reason, waiting=tuple(journal.state.waiting)), len(journal.events))


def close_run(journal: Journal, status: Status, stopping: Stopping, waiting: Iterable[tuple[Event, int]]) -> None:
    """Append everything that a whole log still needs, up to the terminal event.

    Replies and results that are in already are kept. A reply that was interrupted keeps its text and its cost. Every
    call without a result gets one: ``unknown`` if it was started, for nobody saw its end, else ``cancelled``.
    """
    for event, cause in waiting:
        if isinstance(event, ModelReplied | ModelFailed | ToolRequested | ToolFinished):
            journal.append(event, cause)
    state = journal.state
    asking = state.asking
    if asking is not None:
        journal.append(_interrupted(asking, stopping, journal.reply), asking.seq)
    _answer_open_calls(journal)
    journal.append(finished(state, status, stopping.reason, stopping.fault), len(journal.events))


def _interrupted(asking: ModelRequested, stopping: Stopping, reply: ReplyFold | None) -> ModelFailed:
    """The failure of a request whose reply is not in, with what there is of it."""
    fault = stopping.fault or Fault("Interrupted", stopping.reason, "runtime")
    empty = ModelFailed(turn=asking.turn, error=fault, model=asking.model)
    if reply is None:
        return empty
    try:
        return ModelFailed(
            turn=asking.turn, error=fault, partial=reply.partial(), usage=reply.usage, model=asking.model
        )
    except Exception:
        # A backend told what no event can hold. The run ends all the same, without it.
        return empty


def _answer_open_calls(journal: Journal) -> None:
    state = journal.state
    open_calls = state.transcript.open_calls()
    if not open_calls:
        return
    requested = _requests_since_reply(journal)
    for call in open_calls:
        request = requested.get(call.call_id) or journal.append(
            ToolRequested(call_id=call.call_id, name=call.name, arguments=call.arguments), len(journal.events)
        )
        outcome = "unknown" if call.call_id in state.started else "cancelled"
        journal.append(
            ToolFinished(call_id=call.call_id, name=call.name, outcome=outcome, blame="caller", output=_WORDS[outcome]),
            request.seq,
        )


def _requests_since_reply(journal: Journal) -> dict[str, Event]:
    requests: dict[str, Event] = {}
    for event in reversed(journal.events):
        if isinstance(event, ModelReplied):
            break
        if isinstance(event, ToolRequested):
            requests[event.call_id] = event
    return requests
