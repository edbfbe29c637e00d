"""The terminal event says what there is of an answer, under whatever status."""

import pytest

from loopbus.events import Block, Fault, Message, Refusal, RunState, Text, ToolCall, Usage, user
from loopbus.handlers.outcome import finished


def state_of(*messages: Message) -> RunState:
    """A run with this conversation."""
    state = RunState(turn=2, usage=Usage(10, 5))
    for message in messages:
        state.transcript.append(message)
    return state


def said(*blocks: Block) -> Message:
    """What the model said."""
    return Message("assistant", blocks)


CALLS = ToolCall("c1", "add")


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([user("go"), said(Text("It is "), Text("42."))], "It is 42."),
        ([user("go"), said(Text("I look."), CALLS), Message("tool", ()), said(CALLS)], "I look."),
        ([user("go"), said(Refusal("I will not."))], "I will not."),
        ([user("go"), said(Refusal("I will not.")), said(CALLS)], "I will not."),
        ([user("go"), said(Text("Yes.")), user("sure?"), said(CALLS)], ""),
        ([user("go")], ""),
        ([], ""),
    ],
    ids=["text", "before calls", "refusal", "refusal before calls", "an earlier answer", "nothing", "no prompt"],
)
def test_the_output_is_the_models_last_words(messages: list[Message], words: str) -> None:
    """Since somebody last spoke to it; what it answered before that is no answer to them."""
    assert finished(state_of(*messages), "limit").output == words


def test_usage_and_turns_are_the_states() -> None:
    """So the last event says what the run took."""
    event = finished(state_of(), "completed")
    assert (event.usage, event.turns, event.reason, event.error) == (Usage(10, 5), 2, "", None)


def test_the_reason_is_the_errors_message_unless_there_is_a_better_one() -> None:
    """No run fails without a word."""
    fault = Fault("Broken", "the line is dead")
    assert finished(state_of(), "failed", error=fault).reason == "the line is dead"
    assert finished(state_of(), "failed", "the stage failed", fault).reason == "the stage failed"
