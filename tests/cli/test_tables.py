"""Tables show text as it is, in a line each where nobody watches."""

import io
import sys

import pytest

from loopbus.cli import tables


def test_a_row_is_a_line_where_there_is_no_terminal() -> None:
    """So that ``grep`` finds what belongs together; brackets and colons are no markup."""
    shown = tables.as_table(("Name", "Meaning"), [("a[b]", ":smile: " + "word " * 40), ("c", "")])
    assert shown == f"Name  Meaning\na[b]  :smile: {('word ' * 40).strip()}\nc\n"


def test_a_terminal_is_as_wide_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer cells are broken, and no line is longer."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "40")
    assert max(len(line) for line in tables.as_table(("Name",), [("word " * 40,)]).splitlines()) <= 40
