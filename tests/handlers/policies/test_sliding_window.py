"""A model is shown the end of a long conversation, whole."""

from collections.abc import Iterator
from typing import Any, SupportsIndex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus import Agent, Runtime, tool
from loopbus.backends.script import call, text
from loopbus.backends.scripted import Scripted
from loopbus.bus import BadOption
from loopbus.events import Message, ModelRequested, RunState, Text, ToolCall, ToolResult, user
from loopbus.handlers.policies import SlidingWindow
from loopbus.handlers.window import Window


def said(words: str) -> Message:
    """What the model said."""
    return Message("assistant", (Text(words),))


def exchange(call_id: str, *, pinned: bool = False) -> list[Message]:
    """A message that asks for a tool, and the results."""
    return [
        Message("assistant", (ToolCall(call_id, "look"),), pinned),
        Message("tool", (ToolResult(call_id, "look", "seen"),)),
    ]


def question(pinned: bool) -> list[Message]:
    """Something the user said."""
    return [user("question", pinned=pinned)]


def state_of(messages: list[Message], prompt: int = 0) -> RunState:
    """The state of a run with this conversation."""
    state = RunState()
    for message in messages:
        state.transcript.append(message)
    state.transcript.prompt = prompt
    return state


def shown(window: SlidingWindow, state: RunState) -> list[Message]:
    """What the model would be shown."""
    messages = state.transcript.messages
    event = window(ModelRequested(turn=1, model="m", messages=len(messages)), state)
    return list(Window(messages, event.messages, event.first, event.pinned))


TURNS = st.lists(
    st.one_of(
        st.builds(question, st.booleans()),
        st.just([said("answer")]),
        st.builds(exchange, st.just("c"), pinned=st.booleans()),
    ),
    min_size=1,
    max_size=12,
)


@given(turns=TURNS, size=st.integers(1, 15), data=st.data())
def test_no_tool_result_is_without_its_call_and_no_call_without_its_result(
    turns: list[list[Message]], size: int, data: st.DataObject
) -> None:
    """However the window falls, a provider takes what is shown; and everything that is to be kept is there."""
    messages = [message for turn in turns for message in turn]
    places = [place for place, message in enumerate(messages) if message.role == "user"] or [0]
    prompt = data.draw(st.sampled_from(places))
    seen = shown(SlidingWindow(size), state_of(messages, prompt))
    for place, message in enumerate(seen):
        if message.role == "tool":
            assert seen[place - 1].tool_calls, "a result without its call"
        if message.tool_calls:
            assert seen[place + 1].role == "tool", "a call without its result"
    kept = [message for message in messages if message.pinned]
    assert all(any(message is each for each in seen) for message in [*kept, *messages[-size:], messages[prompt]])
    assert len(seen) <= size + 1 + 2 * (len(kept) + 1)


def test_a_short_conversation_is_shown_whole() -> None:
    """The event is answered as it came, so nothing is copied."""
    event = ModelRequested(turn=1, model="m", messages=2)
    assert SlidingWindow(5)(event, state_of([user("a"), said("b")])) is event


def test_the_runs_own_prompt_stays_however_long_the_run() -> None:
    """A model that has forgotten what it was asked is of no use; history before the prompt may go."""
    messages = [user("old"), said("older"), user("do it"), *(each for _ in range(9) for each in exchange("c"))]
    seen = shown(SlidingWindow(2), state_of(messages, prompt=2))
    assert [message.role for message in seen] == ["user", "assistant", "tool"]
    assert seen[0].text == "do it"


def test_what_another_policy_had_pinned_stays() -> None:
    """Windows and other policies add up."""
    state = state_of([user("one"), said("two"), user("three"), said("four")], prompt=2)
    event = ModelRequested(turn=1, model="m", messages=4, pinned=(1,))
    assert SlidingWindow(1)(event, state).pinned == (1, 2)


class Counted(list[Message]):
    """A list that counts how many of its items are looked at, and lets nobody walk over it."""

    looks = 0

    def __getitem__(self, place: SupportsIndex | slice) -> Message:  # pyright: ignore[reportIncompatibleMethodOverride]
        assert not isinstance(place, slice), "a copy of a part of the history"
        self.looks += 1
        return super().__getitem__(place)

    def __iter__(self) -> Iterator[Message]:
        raise AssertionError("a walk over the history")


def test_a_turn_costs_the_same_however_long_the_history_is() -> None:
    """A hundred thousand messages are not looked at."""
    state = state_of([user("go"), *(each for _ in range(50_000) for each in exchange("c"))])
    counted = state.transcript.messages = Counted(state.transcript.messages)
    event = SlidingWindow(10)(ModelRequested(turn=1, model="m", messages=len(counted)), state)
    assert (event.first, event.pinned) == (99_991, (0,))
    assert counted.looks < 10


@pytest.mark.parametrize("messages", [0, -1])
def test_a_window_that_shows_nothing_is_refused(messages: int) -> None:
    """The error names the number."""
    with pytest.raises(BadOption, match=str(messages)):
        SlidingWindow(messages)


async def test_a_run_is_shown_less_and_its_result_has_everything() -> None:
    """The window changes requests, never the conversation."""

    @tool
    async def look() -> str:
        """Look."""
        return "seen"

    model = Scripted([call("look"), call("look"), text("done")])
    async with Runtime(subscribers=[SlidingWindow(2)]) as runtime:
        result = await runtime.run(Agent(model, tools=[look]), "look around", messages=[user("before"), said("yes")])
    assert [len(request.messages) for request in model.requests] == [2, 3, 3]
    assert model.requests[-1].messages[0].text == "look around"
    assert len(result.messages) == 8


@pytest.mark.parametrize("messages", [0, 1.5, "many"])
def test_a_window_is_a_whole_number_of_messages(messages: Any) -> None:
    """At least one."""
    with pytest.raises(BadOption, match=r"SlidingWindow\(.*\): a model needs to be shown at least 1 message"):
        SlidingWindow(messages)
