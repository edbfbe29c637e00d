"""What each form of output is made of."""

import pytest

from loopbus import RunResult
from loopbus.cli.reports import Answer, Pieces
from loopbus.events import Fault, ModelFailed, ModelReplied, Refusal, Text, TextDelta, ToolCall, Usage


def replied(*blocks: Text | Refusal | ToolCall) -> ModelReplied:
    """A message of the model's."""
    return ModelReplied(turn=1, content=blocks, stop="end")


def test_pieces_are_written_as_they_come_and_end_with_a_line_end(capsys: pytest.CaptureFixture[str]) -> None:
    """One line end, whether the message has one or not; a failed message ends too."""
    report = Pieces()
    for words in ("Hel", "", "lo"):
        report.event(TextDelta(text=words))
    assert capsys.readouterr().out == "Hello"
    report.event(replied(Text("Hello")))
    report.event(TextDelta(text="there\n"))
    report.event(replied(Text("there\n")))
    report.event(TextDelta(text="half"))
    report.event(ModelFailed(turn=1, error=Fault("Broken", "cut")))
    assert capsys.readouterr().out == "\nthere\nhalf\n"


def test_a_message_that_did_not_come_in_pieces_comes_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """A backend may be unable to stream; a message of tool calls alone is no line."""
    report = Pieces()
    report.event(replied(Text("It is "), Text("42.")))
    report.event(replied(ToolCall("c1", "add")))
    report.event(replied(Refusal("I will not.")))
    assert capsys.readouterr().out == "It is 42.\nI will not.\n"


def test_an_answer_that_is_no_text_is_written_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """On one line."""
    Answer().result(RunResult("r", "completed", {"sum": "42 €"}, Usage(), None, (), 1))
    assert capsys.readouterr().out == '{"sum": "42 €"}\n'
