"""What a tool raised, made safe to raise again."""

import asyncio

import pytest

from loopbus.events.errors import LoopbusError
from loopbus.tools import ToolCrashed, ToolError, Unencodable
from loopbus.tools.errors import contained


def test_an_ordinary_exception_stays_itself() -> None:
    """The caller sees the tool's own error, not a copy."""
    error = ValueError("no such order")
    assert contained(error) is error


@pytest.mark.parametrize(
    ("deadly", "text"),
    [
        (SystemExit(3), "the tool raised SystemExit: 3"),
        (KeyboardInterrupt(), "the tool raised KeyboardInterrupt"),
        (asyncio.CancelledError(), "the tool raised CancelledError"),
        (GeneratorExit(), "the tool raised GeneratorExit"),
        (StopIteration(), "the tool raised StopIteration"),
    ],
)
def test_anything_else_is_wrapped(deadly: BaseException, text: str) -> None:
    """It says what was raised, and keeps it as its cause."""
    crashed = contained(deadly)
    assert isinstance(crashed, ToolCrashed)
    assert (str(crashed), crashed.__cause__) == (text, deadly)


def test_every_error_is_one_of_ours() -> None:
    """A caller that catches the root catches these too."""
    assert issubclass(ToolError, LoopbusError)
    error = Unencodable("result.items[3]", "object is not JSON")
    assert (error.path, str(error)) == ("result.items[3]", "result.items[3]: object is not JSON")
