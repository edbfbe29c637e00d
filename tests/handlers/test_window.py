"""The part of a conversation that a model is shown behaves like the list that it would be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.events import Message, user
from loopbus.handlers.window import Window

CONVERSATION = [user(f"{place}") for place in range(12)]


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, list[Message]]:
    """A window, and the list that it stands for."""
    end = draw(st.integers(0, len(CONVERSATION)))
    first = draw(st.integers(0, end))
    pinned = tuple(sorted(draw(st.sets(st.integers(0, first - 1))))) if first else ()
    shown = [*(CONVERSATION[place] for place in pinned), *CONVERSATION[first:end]]
    return Window(CONVERSATION, end, first, pinned), shown


@given(windows(), st.integers(-15, 15), st.slices(13))
def test_a_window_is_a_sequence_like_the_list_of_what_it_shows(
    made: tuple[Window, list[Message]], place: int, part: slice
) -> None:
    """Its length, its items from both ends, its slices; a place outside is an ``IndexError`` that names it."""
    window, shown = made
    assert len(window) == len(shown)
    assert list(window) == shown
    assert window[part] == shown[part]
    if -len(shown) <= place < len(shown):
        assert window[place] == shown[place]
    else:
        with pytest.raises(IndexError, match=f"message {place} of {len(shown)}"):
            window[place]


def test_a_conversation_that_grows_does_not_grow_the_window() -> None:
    """The model is asked about what was said when it was asked."""
    messages = list(CONVERSATION[:3])
    window = Window(messages, 3)
    messages.append(user("later"))
    assert [message.text for message in window] == ["0", "1", "2"]
