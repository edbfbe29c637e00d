"""``loopbus events``: the vocabulary, as it is."""

import json
import sys
from typing import Any

import pytest

from loopbus.bus import known_events

from .conftest import Command


def test_the_table_has_a_line_for_each_event(loopbus: Command) -> None:
    """In a pipe each event is one line, however long, so that it can be searched."""
    head, *lines = loopbus("events").out.splitlines()
    assert head.split() == ["Event", "In", "the", "log", "Meaning", "Fields"]
    assert [line.split()[0] for line in lines] == [each.event_name for each in known_events()]
    (line,) = [line for line in lines if line.startswith("ToolFinished ")]
    assert "  yes " in line
    assert "A tool call has its result." in line
    assert line.endswith("call_id, name, outcome, output, parts, blame, elapsed_s, full_size")
    (line,) = [line for line in lines if line.startswith("TextDelta ")]
    assert "  no " in line


def test_on_a_terminal_it_fits(loopbus: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is as wide as the terminal."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    out = loopbus("events").out
    assert max(map(len, out.splitlines())) <= 80
    assert "ToolFinished" in out
    assert "\\x1b" not in out


def test_json_has_a_schema_for_each_event(loopbus: Command) -> None:
    """Enough to read a log in another language."""
    told: dict[str, dict[str, Any]] = {each["event"]: each for each in json.loads(loopbus("events", "--json").out)}
    ours = [each.event_name for each in known_events() if each.__module__.startswith("loopbus.")]
    assert [name for name in told if name in ours] == ours
    finished = told["ToolFinished"]
    assert (finished["version"], finished["durable"]) == (1, True)
    assert "Published exactly once for each ``ToolRequested``" in finished["description"]
    assert finished["schema"]["properties"]["outcome"]["enum"] == ["ok", "error", "denied", "cancelled", "unknown"]
    assert {"run_id", "seq", "at", "cause", "call_id"} <= set(finished["schema"]["properties"])
    assert told["TextDelta"]["durable"] is False
