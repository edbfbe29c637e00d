"""Frozen values can be made without their checks."""

from dataclasses import FrozenInstanceError, fields

import pytest

from loopbus.events.content import Message, Text, ToolCall, ToolResult
from loopbus.events.unchecked import unchecked_value


def test_it_makes_the_same_value() -> None:
    """Equal, of the same class and hash, frozen, its defaults filled in; by place or by name."""
    made = unchecked_value(ToolResult)("1.0", "add", output="3")
    assert made == ToolResult("1.0", "add", "3")
    assert type(made) is ToolResult
    assert hash(made) == hash(ToolResult("1.0", "add", "3"))
    assert [getattr(made, field.name) for field in fields(made)] == ["1.0", "add", "3", "ok", (), "", "tool_result"]
    with pytest.raises(FrozenInstanceError):
        setattr(made, "output", "4")  # noqa: B010  # the type checker knows that it cannot be done
    assert unchecked_value(Message)("user", (Text("hi"),)) == Message("user", (Text("hi"),))


def test_it_checks_nothing() -> None:
    """What is wrong stays wrong, so it is for values that are known to be right."""
    arguments = {"a": 1}
    assert unchecked_value(ToolCall)("1.0", "add", arguments).arguments is arguments


def test_it_wants_every_field_that_has_no_default() -> None:
    """One that is missing or unknown is noticed, as a slip of our own."""
    make = unchecked_value(ToolResult)
    with pytest.raises(TypeError, match="output"):
        make("1.0", "add")  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="colour"):
        make("1.0", "add", "3", colour="red")  # pyright: ignore[reportCallIssue]
