"""A tool's message holds results and nothing else."""

import pytest

from loopbus.backends.errors import Refused
from loopbus.backends.wire.tool_results import results_of
from loopbus.events.content import Message, Text, ToolResult


def test_results_come_in_order() -> None:
    """All of them."""
    results = (ToolResult("1.0", "add", "42"), ToolResult("1.1", "add", "43"))
    assert tuple(results_of(Message("tool", results))) == results


def test_anything_else_is_refused_by_name() -> None:
    """No wire could carry it."""
    with pytest.raises(Refused, match="not Text"):
        list(results_of(Message("tool", (Text("hm"),))))
