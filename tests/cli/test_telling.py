"""Every event says what it is about in one line."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.cli.telling import name_of, tell
from loopbus.events import (
    ApprovalDecided,
    ApprovalEscalated,
    ApprovalRequested,
    CancelRequested,
    CostCounted,
    Event,
    Fault,
    Image,
    MessageInjected,
    ModelFailed,
    ModelReplied,
    ModelRequested,
    Refusal,
    RunFinished,
    RunForked,
    RunResumed,
    RunStarted,
    RunSuspended,
    Text,
    ToolCall,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    TurnFinished,
    Usage,
    user,
)
from loopbus.events.control import LoopDetected
from loopbus.stores import OpaqueEvent

CALL = ToolCall("3.0", "refund", {"usd": 20})
SECRET = "sk-" + "a1B2" * 12

SAID: Sequence[tuple[Event, str]] = [
    (RunStarted(agent="clerk", model="m", prompt=user("hi\n  you")), "clerk asks m: hi you"),
    (
        RunStarted(agent="clerk", model="m", prompt=user("hi", Image("image/png", b"x")), history=(user("a"),)),
        "clerk asks m, after 1 message: hi (and 1 other part)",
    ),
    (TurnFinished(turn=2, final=True), "turn 2, the last"),
    (ModelRequested(turn=1, model="m", messages=1200, first=7), "m, 1,200 messages, from message 7 on"),
    (
        ModelReplied(turn=1, content=(Text("Well."), CALL), stop="tool_calls", usage=Usage(1000, 5), elapsed_s=1.26),
        "(1,000 + 5 tokens, 1.3 s) Well. refund(usd=20)",
    ),
    (ModelReplied(turn=1, content=(Refusal("No."),), stop="refusal"), "(stopped by refusal) No."),
    (ModelReplied(turn=1, content=(ToolCall("3.0", "f", malformed="{"),), stop="tool_calls"), "f(malformed)"),
    (ModelFailed(turn=1, error=Fault("Busy", "later"), partial=(Text("half"),)), "Busy: later after: half"),
    (ToolRequested(call_id="3.0", name="refund", arguments={"usd": 20}), "3.0: refund(usd=20)"),
    (ToolStarted(call_id="3.0", name="refund"), "3.0: refund"),
    (
        ToolFinished(call_id="3.0", name="refund", outcome="ok", output="done", elapsed_s=0.52, full_size=9000),
        "3.0: refund ok in 0.5 s, 9,000 bytes in all: done",
    ),
    (
        ApprovalRequested(call_id="3.0", name="refund", arguments={"usd": 20}, approver="", reason="much"),
        "3.0: refund(usd=20) waits for a person: much",
    ),
    (ApprovalEscalated(call_id="3.0", approver="boss", step=1), "3.0: waits for boss now"),
    (ApprovalDecided(call_id="3.0", approve=False, author="eve", reason="no"), "3.0: rejected by eve: no"),
    (ApprovalDecided(call_id="3.0", approve=True, arguments={"usd": 2}), "3.0: approved with (usd=2)"),
    (CostCounted(model="m", usage=Usage(1, 1), cost_usd=0.00125), "$0.00125"),
    (CostCounted(model="m", usage=Usage(1, 1), cost_usd=None, note="no table"), "price not known, no table"),
    (RunSuspended(reason="people", waiting=("3.0", "3.1")), "people: 3.0, 3.1"),
    (RunResumed(attempt=2, holder="host"), "attempt 2 by host"),
    (RunForked(source="abc", edits=("a message",)), "from run abc: a message"),
    (RunFinished(status="completed", output={"n": 1}), "completed: {'n': 1}"),
    (RunFinished(status="failed", error=Fault("Busy", "later")), "failed: Busy: later"),
    (RunFinished(status="limit", reason="5 turns", output="half"), "limit: 5 turns: half"),
    (CancelRequested(reason="bored", author="eve"), "by eve: bored"),
    (MessageInjected(message=user("stop"), author="eve"), "eve says: stop"),
    (LoopDetected(names=("a", "b"), count=3), "names=['a', 'b'], count=3"),
    (OpaqueEvent(name="shop.sold", version=3, body=b'{"n":1}'), '(version 3 is not known here) {"n":1}'),
]


@pytest.mark.parametrize(("event", "words"), SAID, ids=lambda value: type(value).__name__)
def test_an_event_says_what_it_is_about(event: Event, words: str) -> None:
    """In one line, without what is empty."""
    assert tell(event) == words


def test_an_unknown_event_has_the_name_that_it_was_written_with() -> None:
    """It is some newer program's."""
    assert name_of(OpaqueEvent(name="shop.\x1b[1m", version=3, body=b"")) == "shop.\\x1b[1m"
    assert name_of(TurnFinished(turn=1, final=False)) == "TurnFinished"


@given(st.text(max_size=300).filter(lambda text: text.isprintable() or "\ud800" not in text))
def test_whatever_is_said_is_one_safe_line(text: str) -> None:
    """No model, tool or caller writes to the terminal, or to another line."""
    told = [
        tell(ToolFinished(call_id=text, name=text, outcome="error", output=text)),
        tell(CancelRequested(reason=text, author=text)),
        tell(ToolRequested(call_id="3.0", name=text, arguments={text: text})),
        tell(LoopDetected(names=(text,), count=1)),
        tell(OpaqueEvent(name=text, version=1, body=text.encode("utf-8", "replace"))),
    ]
    for line in told:
        assert line.isprintable() or not any(
            ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in line
        )
        assert "\n" not in line


def test_what_is_long_is_cut_and_says_so() -> None:
    """However large it is."""
    line = tell(ToolFinished(call_id="3.0", name="f", outcome="ok", output="word " * 2_000_000))
    assert line.endswith("... (10000000 characters)")
    assert len(line) < 500


def test_secrets_are_masked() -> None:
    """A timeline is pasted into an issue."""
    assert SECRET not in tell(ToolFinished(call_id="3.0", name="f", outcome="ok", output=f"key {SECRET}"))
    assert SECRET not in tell(ToolRequested(call_id="3.0", name="f", arguments={"api_key": SECRET}))
