"""The fold from events to the conversation that a model is shown."""

from typing import Any

import pytest
from hypothesis import given, settings

from loopbus.bus.event import stamp
from loopbus.events import (
    CancelRequested,
    Event,
    Fault,
    Image,
    LateToolResult,
    Message,
    MessageInjected,
    ModelFailed,
    ModelReplied,
    RunFinished,
    RunStarted,
    Text,
    Thinking,
    ToolCall,
    ToolFinished,
    ToolResult,
    Transcript,
    TurnStarted,
    fold,
    user,
)

from .logs import logs

PROMPT = RunStarted(agent="agent", model="m", prompt=user("prompt"))
ADD, SUB = ToolCall("2.0", "add", {"a": 1}, "call_a"), ToolCall("2.1", "sub", {"a": 2}, "call_b")
ASKS = ModelReplied(turn=1, content=(Text("let me see"), ADD, SUB), stop="tool_calls")
ADDED = ToolFinished(call_id="2.0", name="add", outcome="ok", output="3")
SUBTRACTED = ToolFinished(call_id="2.1", name="sub", outcome="error", output="no", blame="tool")
NOTE = MessageInjected(message=user("by the way"))


def said(*events: Event) -> list[Message]:
    """The conversation that these events tell, after the prompt."""
    return fold([PROMPT, *events]).messages[1:]


def is_whole(transcript: Transcript) -> None:
    """Law 2: every call has exactly one result behind it, in the order of the calls, but for those still open."""
    messages = transcript.messages
    for place, message in enumerate(messages):
        calls = [call.call_id for call in message.tool_calls]
        if calls and place == len(messages) - 1:
            assert [call.call_id for call in transcript.calls] == calls
        elif calls:
            following = messages[place + 1]
            results = [block.call_id for block in following.content if isinstance(block, ToolResult)]
            assert (following.role, results) == ("tool", calls)
            assert len(following.content) == len(calls)
        if message.role == "tool":
            assert messages[place - 1].tool_calls
    if transcript.calls:
        assert messages[-1].tool_calls == transcript.calls
        assert set(transcript.results) < {call.call_id for call in transcript.calls}
    assert transcript.pinned == [place for place, message in enumerate(messages) if message.pinned]


@settings(max_examples=40)
@given(logs())
def test_after_every_event_every_message_is_whole(log: list[Event]) -> None:
    """Whatever the order of results, whatever comes between, and wherever the log stops."""
    transcript = Transcript()
    for event in log:
        transcript.add(event)
        is_whole(transcript)


@settings(max_examples=40)
@given(logs())
def test_a_conversation_only_grows_at_its_end(log: list[Event]) -> None:
    """What a model was shown stays what it was, so a view of it needs no copy."""
    transcript, before = Transcript(), list[Message]()
    for event in log:
        transcript.add(event)
        assert transcript.messages[: len(before)] == before
        before = list(transcript.messages)


@settings(max_examples=40)
@given(logs())
def test_nothing_that_was_said_is_lost(log: list[Event]) -> None:
    """Every reply and every injected message is in the conversation at the end of the run, the latter once each."""
    transcript = fold(log)
    for call in transcript.open_calls():
        transcript.add(ToolFinished(call_id=call.call_id, name=call.name, outcome="cancelled", output=""))
    transcript.add(RunFinished(status="cancelled"))
    told = [event.message for event in log if isinstance(event, MessageInjected)]
    assert [message for message in transcript.messages if message.text.startswith("by the way")] == told
    replies = [event for event in log if isinstance(event, ModelReplied)]
    spoken = [message.content for message in transcript.messages if message.role == "assistant"]
    assert [reply.content for reply in replies if reply.content not in spoken] == []


def test_a_run_goes_on_where_its_history_ended() -> None:
    """The messages before, then the prompt, of which the place is known; pinned ones are noted."""
    history = (user("rules", pinned=True), Message("assistant", (Text("understood"),)))
    transcript = fold([RunStarted(agent="agent", model="m", prompt=user("prompt"), history=history)])
    assert transcript.messages == [*history, user("prompt")]
    assert (transcript.prompt, transcript.pinned) == (2, [0])


@pytest.mark.parametrize("results", [(ADDED, SUBTRACTED), (SUBTRACTED, ADDED)])
def test_results_are_one_message_in_the_order_of_the_calls(results: tuple[Event, Event]) -> None:
    """Whoever was first; each carries the provider's own id of its call."""
    assert said(ASKS, *results) == [
        Message("assistant", (Text("let me see"), ADD, SUB)),
        Message(
            "tool",
            (ToolResult("2.0", "add", "3", "ok", (), "call_a"), ToolResult("2.1", "sub", "no", "error", (), "call_b")),
        ),
    ]


def test_the_calls_that_are_open_are_known() -> None:
    """Until the last result is in, there is no message of results."""
    transcript = fold([PROMPT, ASKS])
    assert transcript.open_calls() == (ADD, SUB)
    transcript.add(SUBTRACTED)
    assert transcript.open_calls() == (ADD,)
    assert transcript.messages[-1].role == "assistant"
    transcript.add(ADDED)
    assert transcript.open_calls() == ()
    assert transcript.messages[-1].role == "tool"


def test_what_is_no_text_in_a_result_is_kept() -> None:
    """Parts go with the output."""
    picture = Image("image/png", b"a")
    reply = ModelReplied(turn=1, content=(ADD,), stop="tool_calls")
    result = ToolFinished(call_id="2.0", name="add", outcome="ok", output="see", parts=(picture,))
    assert said(reply, result)[-1].content == (ToolResult("2.0", "add", "see", "ok", (picture,), "call_a"),)


@pytest.mark.parametrize(
    "stray",
    [
        ToolFinished(call_id="9.9", name="add", outcome="ok", output="nobody asked"),
        ToolFinished(call_id="2.0", name="add", outcome="ok", output="a second answer"),
        LateToolResult(call_id="2.0", name="add", output="too late"),
        CancelRequested(reason="user left"),
    ],
    ids=["unknown", "second", "late", "command"],
)
def test_what_answers_no_open_call_changes_nothing(stray: Event) -> None:
    """Each call has one result: the first. Before, between and after the others, nothing else is one."""
    expected = said(ASKS, ADDED, SUBTRACTED)
    for log in ([ASKS, ADDED, stray, SUBTRACTED], [ASKS, ADDED, SUBTRACTED, stray]):
        assert said(*log) == expected
    assert said(stray) == []


def test_what_is_injected_while_calls_are_open_waits_for_them() -> None:
    """No message may stand between a call and its result; the next turn hears it, in the order of its coming."""
    second = MessageInjected(message=user("and another thing", pinned=True))
    transcript = fold([PROMPT, ASKS, NOTE, ADDED, second, SUBTRACTED])
    assert [message.role for message in transcript.messages] == ["user", "assistant", "tool"]
    transcript.add(TurnStarted(turn=2))
    assert transcript.messages[3:] == [NOTE.message, second.message]
    assert transcript.pinned == [4]
    transcript.add(TurnStarted(turn=3))
    assert len(transcript.messages) == 5


def test_what_is_injected_at_the_very_end_is_in_the_conversation() -> None:
    """The next run of the session hears it."""
    assert said(NOTE, RunFinished(status="completed")) == [NOTE.message]


@pytest.mark.parametrize(
    ("partial", "expected"),
    [
        ((), []),
        ((Text("Hel"), Text("lo")), [Message("assistant", (Text("Hello"),))]),
        ((Thinking("hm"), ToolCall("2.0", "add", malformed="{")), []),
        (
            (Thinking("hm"), Text("Half"), ToolCall("2.0", "add", malformed="{")),
            [Message("assistant", (Text("Half"),))],
        ),
    ],
)
def test_of_an_interrupted_reply_the_text_stays(partial: tuple[Any, ...], expected: list[Message]) -> None:
    """F45: the user has seen it. What was only begun, a call or a thought, was not said: no call is left open."""
    failed = ModelFailed(turn=1, error=Fault("Cut", "the stream was cut"), partial=partial)
    transcript = fold([PROMPT, failed])
    assert transcript.messages[1:] == expected
    assert transcript.open_calls() == ()


def test_stamps_do_not_matter_to_the_conversation() -> None:
    """The fold is pure: what is said depends on what happened, not on when."""
    reply = ModelReplied(turn=1, content=(Text("yes"),), stop="end")
    before = said(reply)
    stamp(reply, "run", 7, 99.0, 6)
    assert said(reply) == before
