"""What is written arrives, or it is known that nobody reads it."""

import io
import json
import sys
from types import MappingProxyType

import pytest

from loopbus.cli.errors import ReaderGone
from loopbus.cli.output import complain, prepare, write, write_json, write_utf8
from loopbus.events import Image, Message, Usage


class Gone(io.StringIO):
    """A pipe that nobody reads."""

    def write(self, text: str | bytes, /) -> int:
        raise BrokenPipeError


def test_a_reader_that_left_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """On stdout; on stderr it does not matter."""
    monkeypatch.setattr(sys, "stdout", Gone())
    monkeypatch.setattr(sys, "stderr", Gone())
    with pytest.raises(ReaderGone):
        write("x")
    monkeypatch.setattr(sys.stdout, "buffer", Gone(), raising=False)
    with pytest.raises(ReaderGone):
        write_utf8("x")
    complain("nobody hears this")


def test_a_terminal_gets_nothing_that_controls_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipe gets what was said, byte by byte."""
    write("\x1b[2J")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    write("\x1b[2J")
    complain("\x1b[2J")
    assert capsys.readouterr() == ("\x1b[2J\\x1b[2J", "loopbus: \\x1b[2J\n")


def test_our_values_have_a_form_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Messages with bytes, read-only mappings, counts."""
    write_json(
        {"m": Message("user", (Image("image/png", b"\x00\xff"),)), "u": Usage(1), "p": MappingProxyType({"a": 1})}
    )
    told = json.loads(capsys.readouterr().out)
    assert told["m"]["content"][0]["data"] == "AP8="
    assert (told["u"]["input_tokens"], told["p"]) == (1, {"a": 1})
    with pytest.raises(TypeError, match="object has no form in JSON"):
        write_json(object())


def test_no_character_is_the_end_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even half of a surrogate pair."""
    written = io.BytesIO()
    stdout = io.TextIOWrapper(written, "ascii", errors="strict")
    monkeypatch.setattr(sys, "stdout", stdout)
    prepare()
    write("é\ud800")
    write_json("é")
    assert written.getvalue() == b'\\xe9\\ud800"\\u00e9"\n'
