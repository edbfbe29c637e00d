"""Words for what went wrong in somebody else's code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.bus.words import describe, encodable, message_of, shown


class Mute(Exception):
    """Cannot be printed."""

    def __str__(self) -> str:
        raise SystemError

    __repr__ = __str__


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("no"), "ValueError: no"),
        (KeyError("name"), "KeyError: 'name'"),
        (StopIteration(), "StopIteration"),
        (Mute(), "Mute: its message cannot be read: SystemError"),
        (ValueError("\ud800"), "ValueError: \ufffd"),
        (
            ExceptionGroup("two tasks", [OSError("no disk"), ExceptionGroup("deeper", [KeyError("name")])]),
            "ExceptionGroup: two tasks (2 sub-exceptions): OSError: no disk; KeyError: 'name'",
        ),
    ],
)
def test_an_exception_is_described(error: BaseException, words: str) -> None:
    """By its type and its message, whatever they are."""
    assert describe(error) == words


def test_a_long_message_is_cut() -> None:
    """An exception may quote a whole document."""
    assert len(message_of(ValueError("x" * 1_000_000))) == 2_000


def test_any_value_can_be_shown() -> None:
    """Cut where it is long, and whatever its ``__repr__`` does."""
    assert shown(5) == "5"
    assert len(shown("x" * 1_000_000)) <= 200
    assert shown(Mute()).startswith("<Mute instance at")


@given(st.text(st.characters(codec="utf-8")))
def test_text_that_can_be_written_is_kept(text: str) -> None:
    """Nothing else is touched."""
    assert encodable(text) == text


@given(st.text(st.characters(categories=["Cs", "Lu", "So"])))
def test_any_text_can_be_written_afterwards(text: str) -> None:
    """Halves of surrogate pairs that belong together are joined, lone ones replaced, and the rest is kept."""
    mended = encodable(text)
    mended.encode()
    assert encodable(mended) == mended
    assert [each for each in mended if each.isupper()] == [each for each in text if each.isupper()]


def test_halves_that_were_torn_apart_find_each_other() -> None:
    """A stream that cuts an emoji in two gives two halves."""
    assert encodable("\ud83d" + "\ude00") == "\U0001f600"
