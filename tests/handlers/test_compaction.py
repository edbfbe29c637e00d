"""Of a conversation that is too long the later part is shown, whole and shorter than before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.events import Message, ModelRequested, Text, ToolCall, ToolResult, Transcript, user
from loopbus.handlers.compaction import Compaction, KeepLatest
from loopbus.handlers.errors import BadLimit
from loopbus.handlers.window import Window


def exchange(pinned: bool) -> list[Message]:
    """A message that asks for a tool, and the results."""
    return [
        Message("assistant", (ToolCall("c", "look"),), pinned),
        Message("tool", (ToolResult("c", "look", "seen"),)),
    ]


def told(pinned: bool) -> list[Message]:
    """Something that was said."""
    return [Message("assistant", (Text("words"),), pinned)]


PARTS = st.lists(st.one_of(st.builds(exchange, st.booleans()), st.builds(told, st.booleans())), max_size=12)


@given(parts=PARTS, share=st.floats(0.01, 0.99), data=st.data())
def test_what_is_shown_is_shorter_and_no_result_is_without_its_call(
    parts: list[list[Message]], share: float, data: st.DataObject
) -> None:
    """Again and again, until nothing more can be left out; the prompt and what is pinned stay."""
    transcript = Transcript()
    for message in (message for part in parts for message in part):
        transcript.append(message)
    transcript.prompt = len(transcript.messages)
    transcript.append(user("the prompt"))
    messages = transcript.messages
    asked = ModelRequested(turn=1, model="m", messages=len(messages))
    shown = len(messages)
    while (shorter := KeepLatest(share).shorten(transcript, asked)) is not None:
        asked = ModelRequested(turn=1, model="m", messages=len(messages), first=shorter.first, pinned=shorter.pinned)
        window = list(Window(messages, len(messages), *shorter))
        assert 0 < len(window) < shown
        shown = len(window)
        assert messages[-1] in window
        assert [message for message in window if message.pinned] == [each for each in messages if each.pinned]
        for before, message in zip([None, *window], window, strict=False):
            assert message.role != "tool" or (before is not None and before.tool_calls)


def test_half_of_the_messages_is_kept_unless_said_otherwise() -> None:
    """And it is any compaction that an agent may have."""
    transcript = Transcript()
    for place in range(10):
        transcript.append(user(f"{place}"))
    transcript.prompt = 9
    asked = ModelRequested(turn=1, model="m", messages=10)
    assert isinstance(KeepLatest(), Compaction)
    assert KeepLatest().shorten(transcript, asked) == (5, ())
    assert KeepLatest(0.2).shorten(transcript, asked) == (8, ())


@pytest.mark.parametrize("share", [0, 1, -1, 2])
def test_a_share_is_a_part(share: float) -> None:
    """All of it, or none, is none."""
    with pytest.raises(BadLimit, match="KeepLatest"):
        KeepLatest(share)


def test_a_share_is_a_number() -> None:
    """Anything else is refused as a share that cannot be."""
    with pytest.raises(BadLimit, match=r"KeepLatest\('half'\)"):
        KeepLatest("half")  # pyright: ignore[reportArgumentType] - what the test is about
