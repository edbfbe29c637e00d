"""What must hold of runs whose processes were killed, whatever was going on just then: the log against the diary."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from loopbus.bus import dump
from loopbus.events import Event, MessageInjected, ModelReplied, RunFinished, RunStarted, ToolFinished, ToolStarted
from loopbus.events.state import replay
from loopbus.stores import EventLog

from .diary import Note, notes
from .errand import ANSWER, AT_MOST_ONCE
from .invariants import check_balanced, check_calls, check_fold, check_order, check_sequence, check_terminal


async def check_runs(log: EventLog, diary: str | Path) -> int:
    """Check every run of a log, and that none is missing that somebody was told of; says how many there are."""
    written = list(notes(diary))
    infos = await log.runs(limit=100_000)
    known = {note["run"] for note in written if "run" in note}
    assert known <= {info.run_id for info in infos}, "a run was lost"
    for info in infos:
        events = [event async for event in log.read(info.run_id)]
        await log.verify(info.run_id)
        check_run(events, written)
    return len(infos)


def check_run(events: Sequence[Event], written: Sequence[Note]) -> None:
    """Check one run that is over."""
    first = events[0]
    assert isinstance(first, RunStarted)
    own = [note for note in written if note.get("run") == first.run_id or note.get("errand") == first.prompt.text]
    _check_whole(events)
    _check_acknowledged(events, own)
    _check_effects(events, own)
    _check_requests(events, own)


def _check_whole(events: Sequence[Event]) -> None:
    """The log is as whole as any other, and the run came to the answer that it comes to undisturbed."""
    check_terminal(events)
    check_sequence(events, events[0].run_id)
    check_order(events)
    check_calls(events)
    state = replay(list(events))
    check_fold(events, state)
    check_balanced(state.messages)
    last = events[-1]
    assert isinstance(last, RunFinished)
    assert (last.status, last.output) == ("completed", ANSWER.model_dump()), last


def _check_acknowledged(events: Sequence[Event], own: Sequence[Note]) -> None:
    """Whatever a reader saw, or a caller was told, is in the log, as it was."""
    for note in own:
        if note["what"] == "saw":
            place: int = note["event"]["seq"] - 1
            assert dump(events[place]) == note["event"], "an event that was seen is another one now"
    told = Counter(str(note["what"]) for note in own)
    assert told["sent"] <= sum(isinstance(event, MessageInjected) for event in events), "a message was lost"


def _check_effects(events: Sequence[Event], own: Sequence[Note]) -> None:
    """No tool acted twice but one that may, and that with one key; what is not known to have acted is not ``ok``."""
    started = {event.call_id for event in events if isinstance(event, ToolStarted)}
    ran = [note for note in own if note["what"] == "ran"]
    keys = {note["call"]: note["key"] for note in ran}
    assert all(note["key"] == keys[note["call"]] for note in ran), "a call was repeated under another key"
    assert set(keys) <= started, "a tool ran whose start is not in the log"
    times = Counter(note["call"] for note in ran)
    for event in events:
        if isinstance(event, ToolFinished):
            _check_effect(event, times[event.call_id])


def _check_effect(result: ToolFinished, times: int) -> None:
    expected = {"ok"} if result.name == "notify" else {"ok", "unknown"}
    assert result.outcome in expected, result
    assert times or result.outcome == "unknown", f"{result.name} is said to have acted, and did not"
    if result.name in AT_MOST_ONCE:
        assert times <= 1, f"{result.name} acted {times} times"


def _check_requests(events: Sequence[Event], own: Sequence[Note]) -> None:
    """A reply that is in the log when a process begins is not asked for by that process, or any later one."""
    paid = 0
    for note in own:
        if note["what"] == "found":
            paid = note["replies"]
        elif note["what"] == "asked":
            assert note["turn"] >= paid, f"reply {note['turn']} was paid for twice"
    assert sum(isinstance(event, ModelReplied) for event in events) == 3
