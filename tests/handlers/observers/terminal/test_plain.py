"""Plain lines, for files and pipes."""

import io

from loopbus.handlers.observers.terminal.plain import PlainScreen
from loopbus.handlers.observers.terminal.progress import Progress, Result


class Pipe(io.StringIO):
    """Remembers each write; speaks only ASCII if told so."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self.said = encoding
        self.writes: list[str] = []
        self.flushes = 0

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.said

    def write(self, text: str, /) -> int:
        text.encode(self.said)
        self.writes.append(text)
        return len(text)

    def flush(self) -> None:
        self.flushes += 1


ONE, TWO = Progress("abc-1", 0.0), Progress("abc-2", 0.0)


def test_each_thing_is_one_write_of_whole_lines_and_goes_out_at_once() -> None:
    """So that what others write to the same pipe stands before or behind it."""
    pipe = Pipe()
    screen = PlainScreen(pipe)
    screen.begin({"abc-1": ONE})
    screen.show(ONE, "begin", "agent: hello")
    screen.show(ONE, "text", "two\nlines")
    screen.show_result(ONE, Result("add(a=1)", "ok", 0.25, "4\n2"))
    screen.show(ONE, "bad", "failed")
    assert pipe.writes == ["> agent: hello\n", "two\nlines\n", "add(a=1): ok, 0.25 s\n    4\n    2\n", "! failed\n"]
    assert pipe.flushes == 4


def test_runs_that_go_on_together_do_not_garble_each_other() -> None:
    """Every single line says whose it is, until nothing goes on any more."""
    pipe = Pipe()
    screen = PlainScreen(pipe)
    screen.begin({"abc-1": ONE, "abc-2": TWO})
    screen.show(ONE, "text", "a\nb")
    screen.show_result(TWO, Result("f()", "error", 0, "no"))
    screen.end()
    screen.begin({"abc-1": ONE})
    screen.show(ONE, "text", "alone")
    assert "".join(pipe.writes) == "[1] a\n[1] b\n[2] f(): error, 0.00 s\n[2]     no\nalone\n"


def test_what_an_encoding_does_not_have_is_written_as_its_code() -> None:
    """An ASCII log is no reason to fail."""
    pipe = Pipe("ascii")
    PlainScreen(pipe).show(ONE, "text", "42 €")
    assert pipe.writes == ["42 \\u20ac\n"]
