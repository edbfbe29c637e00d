"""A download shows how far it is: one line that is rewritten for a person, a line for each tenth for a file."""

import io

import pytest

from loopbus.backends.local.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        """Pretend that somebody looks."""
        return True


def drawn(stream: io.StringIO, *written: int) -> str:
    """What the bar writes for a model of 50 MB."""
    with ProgressBar("getting tiny", 50_000_000, stream) as bar:
        for count in written:
            bar(count)
    return stream.getvalue()


def test_on_a_terminal_one_line_is_rewritten() -> None:
    """It ends with a line end, so that what follows begins a line of its own."""
    shown = drawn(Terminal(), 0, 25_000_000, 50_000_000)
    assert shown.count("\n") == 1
    assert shown.endswith(f"\rgetting tiny 100% of 50 MB [{'#' * 30}]\n")
    assert f"\rgetting tiny  50% of 50 MB [{'#' * 15}{'.' * 15}]\r" in shown


def test_elsewhere_there_is_a_line_for_each_tenth() -> None:
    """A log is not filled, however small the steps."""
    lines = drawn(io.StringIO(), *range(0, 50_000_001, 10_000)).splitlines()
    assert len(lines) == 11
    assert lines[5] == "getting tiny  50% of 50 MB"


def test_nothing_is_said_where_nothing_is_downloaded() -> None:
    """Not even a line end."""
    assert drawn(Terminal()) == ""
    assert drawn(io.StringIO()) == ""


def test_it_writes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output belongs to the program."""
    with ProgressBar("getting tiny", 100) as bar:
        bar(100)
    assert capsys.readouterr() == ("", "getting tiny 100% of 0 MB\n")
