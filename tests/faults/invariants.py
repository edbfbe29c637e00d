"""What must hold of a run that is over, whatever went wrong in it: one checker for every fault."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from loopbus.bus import dump, load
from loopbus.events import (
    Event,
    Message,
    ModelReplied,
    RunFinished,
    RunState,
    Status,
    ToolFinished,
    ToolRequested,
    ToolResult,
    ToolStarted,
)
from loopbus.events.state import replay
from loopbus.runtime import Run, RunError, RunResult
from loopbus.runtime.turn import Phase, after


async def check_run(run: Run) -> RunResult[Any]:
    """Check everything that a run which is over can be asked: its log, its state, its conversation, its errors."""
    log = run.log
    check_terminal(log)
    check_sequence(log, run.id)
    check_order(log)
    check_calls(log)
    check_fold(log, run.state)
    result = await check_outcome(run)
    check_balanced(result.messages)
    return result


def check_terminal(log: Sequence[Event]) -> None:
    """I1: exactly one terminal event, the last, with a status that there is."""
    terminal = [event for event in log if isinstance(event, RunFinished)]
    assert len(terminal) == 1, f"{len(terminal)} terminal events"
    assert isinstance(log[-1], RunFinished), f"{type(log[-1]).__name__} came after the end"
    assert log[-1].status in get_args(Status)


def check_sequence(log: Sequence[Event], run_id: str) -> None:
    """I2: numbered 1, 2, 3 ... without a gap, every one caused by an earlier one, all durable and of this run."""
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    for event in log:
        assert 0 <= event.cause < event.seq, f"{type(event).__name__} {event.seq} is caused by {event.cause}"
        assert event.run_id == run_id
        assert event.durable, f"{type(event).__name__} is not meant to be stored"


def check_order(log: Iterable[Event]) -> None:
    """The log can be read along the order table, from its first phase to its last."""
    phase = Phase.NEW
    for event in log:
        phase = after(phase, type(event))
    assert phase is Phase.OVER


def check_calls(log: Sequence[Event]) -> None:
    """I3, in the log: every call of every reply is asked for once, answered once, and started at most once."""
    calls = Counter(call.call_id for each in log if isinstance(each, ModelReplied) for call in _calls(each))
    assert all(count == 1 for count in calls.values()), f"ids are given twice: {calls}"
    requested, started, finished = (
        Counter(event.call_id for event in log if isinstance(event, kind))
        for kind in (ToolRequested, ToolStarted, ToolFinished)
    )
    assert requested == calls, f"asked for: {requested}, in replies: {calls}"
    assert finished == calls, f"answered: {finished}, in replies: {calls}"
    assert started <= calls, f"started: {started}, in replies: {calls}"


def check_balanced(messages: Iterable[Message]) -> None:
    """I3, in a conversation: behind each message with calls stand their results, all of them, in order, and no more."""
    unanswered: tuple[tuple[str, str], ...] = ()
    for message in messages:
        results = tuple((each.call_id, each.name) for each in message.content if isinstance(each, ToolResult))
        assert results == unanswered, f"the calls {unanswered} are followed by {message}"
        unanswered = tuple((call.call_id, call.name) for call in message.tool_calls)
    assert not unanswered, f"the conversation ends with unanswered calls: {unanswered}"


def check_fold(log: Sequence[Event], state: RunState) -> None:
    """I5: the log tells the state that is in memory, also after a way through JSON."""
    assert replay(list(log)) == state
    assert replay([load(json.loads(json.dumps(dump(event)))) for event in log]) == state, "JSON tells another story"


async def check_outcome(run: Run) -> RunResult[Any]:
    """I9: ``result`` returns what ``outcome`` does, or raises an error of ours that carries it."""
    outcome, raised = await run.outcome(), None
    assert outcome.status == run.status
    try:
        assert await run.result() == outcome
    except RunError as error:
        raised = error
    assert (raised is None) == (outcome.status == "completed")
    assert raised is None or (raised.result == outcome and run.id in str(raised))
    return outcome


PASSING = ("run_id", "at", "elapsed_s", "session", "key")


def normal(log: Iterable[Event]) -> list[dict[str, Any]]:
    """A log without what differs from run to run: ids of runs, times, and durations."""
    return [_normal(event) for event in log]


def _normal(event: Event) -> dict[str, Any]:
    said = dump(event)
    for passing in PASSING:
        said.pop(passing, None)
    return said


def _calls(reply: ModelReplied) -> tuple[Any, ...]:
    return Message("assistant", reply.content).tool_calls
