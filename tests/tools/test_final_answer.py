"""The tool by which a model gives its answer."""

import pytest

from loopbus.tools import InvalidArguments, OutputType
from loopbus.tools.final_answer import FINAL_ANSWER, final_answer

from .kinds import Point


def test_its_arguments_are_the_output() -> None:
    """Not an object inside an object; and the type's docstring is told too."""
    tool = final_answer(OutputType(Point))
    assert tool.name == FINAL_ANSWER == "final_answer"
    assert tool.parameters == OutputType(Point).schema
    assert tool.description.endswith("instead of answering in words. A place on a plane.")
    assert final_answer(OutputType(int)).description.endswith("instead of answering in words.")


async def test_right_arguments_are_accepted() -> None:
    """It does nothing, so nothing can go wrong when it is called once more."""
    tool = final_answer(OutputType(Point))
    assert tool.delivery == "idempotent"
    running = tool.call(tool.validate({"x": "1"}))
    assert await running == "The answer is accepted."  # pyright: ignore[reportGeneralTypeIssues] - it is no generator


def test_wrong_arguments_are_told_like_any_tools() -> None:
    """Field by field."""
    with pytest.raises(InvalidArguments, match=r"final_answer are wrong, .*\n- x: missing \(integer\)"):
        final_answer(OutputType(Point)).validate({"y": 1})
