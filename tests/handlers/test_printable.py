"""No text can do anything to a terminal but be read."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.handlers.printable import printable


@given(st.text(st.characters()))
def test_nothing_that_controls_a_terminal_is_left(text: str) -> None:
    """Of all control characters only line ends and tabs remain, and UTF-8 can say the rest."""
    shown = printable(text)
    assert not [each for each in shown if unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\t"]
    shown.encode("utf-8")


@given(st.text(st.characters(categories=("L", "M", "N", "P", "S", "Zs"))))
def test_what_can_be_read_stays_as_it_is(text: str) -> None:
    """Letters of any script, symbols and emoji are not touched."""
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\r\nb\rc", "a\nb\\x0dc"),
        ("\x9b31m", "\\x9b31m"),
        ("price \u202e001$", "price \\u202e001$"),
        ("a\u2028b", "a\\u2028b"),
        ("\ud800", "\\ud800"),
        ("\x7f\x07", "\\x7f\\x07"),
    ],
)
def test_a_control_character_is_written_out(text: str, shown: str) -> None:
    """Escape sequences, carriage returns and reversed directions are shown for what they are."""
    assert printable(text) == shown
