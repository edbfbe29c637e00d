"""Calls keep apart, however their provider numbers them."""

from typing import Any

import pytest

from loopbus.backends.contract import ToolCallPiece
from loopbus.backends.wire.tool_slots import CallSlots

Entry = tuple[int | None, str, dict[str, Any]]


def pieces(*entries: Entry) -> list[ToolCallPiece]:
    """The pieces of one answer."""
    slots = CallSlots()
    return [slots.piece(*entry) for entry in entries]


def assembled(*entries: Entry) -> list[tuple[str, str, str]]:
    """Id, name and arguments of each call, put together."""
    calls: dict[int, list[str]] = {}
    for piece in pieces(*entries):
        call = calls.setdefault(piece.slot, ["", "", ""])
        for place, text in enumerate(piece[1:]):
            call[place] += text
    return [(found[0], found[1], found[2]) for _, found in sorted(calls.items())]


def named(name: str, arguments: str = "") -> dict[str, Any]:
    """An entry that begins a call."""
    return {"name": name, "arguments": arguments}


def more(arguments: str) -> dict[str, Any]:
    """An entry that goes on with one."""
    return {"arguments": arguments}


WHOLE = [("a", "add", "{1}"), ("b", "sub", "{2}")]


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([(0, "a", named("add", "{1}")), (1, "b", named("sub", "{2}"))], id="whole"),
        pytest.param(
            [
                (0, "a", named("add")),
                (1, "b", named("sub")),
                (1, "", more("{2")),
                (0, "", more("{1}")),
                (1, "", more("}")),
            ],
            id="interleaved by index",
        ),
        pytest.param([(5, "a", named("add", "{1}")), (-1, "b", named("sub", "{2}"))], id="odd indexes"),
        pytest.param([(None, "a", named("add", "{1}")), (None, "b", named("sub", "{2}"))], id="no index"),
        pytest.param(
            [(None, "a", named("add")), (None, "b", named("sub")), (None, "a", more("{1}")), (None, "b", more("{2}"))],
            id="interleaved by id",
        ),
        pytest.param(
            [(None, "a", named("add", "{")), (None, "", more("1}")), (None, "b", named("sub", "{2}"))],
            id="by being last",
        ),
        pytest.param([(0, "a", named("add", "{1}")), (0, "b", named("sub", "{2}"))], id="one index for all"),
        pytest.param(
            [(0, "a", named("add", "{")), (0, "a", named("add", "1}")), (1, "b", named("sub", "{2}"))], id="told again"
        ),
        pytest.param([(0, "", named("add", "{1}")), (0, "a", more("")), (1, "b", named("sub", "{2}"))], id="id late"),
        pytest.param([(0, "a", more("{")), (0, "", named("add", "1}")), (1, "b", named("sub", "{2}"))], id="name late"),
    ],
)
def test_two_calls_come_out_as_two(entries: list[Entry]) -> None:
    """Whatever tells the pieces apart: the index, the id, or being the last; id and name are told once."""
    assert assembled(*entries) == WHOLE


def test_two_calls_without_index_and_id_are_told_apart_by_their_names() -> None:
    """A name begins a call, also if it is the same again."""
    assert assembled((None, "", named("add", "{1}")), (None, "", named("add", "{2}"))) == [
        ("", "add", "{1}"),
        ("", "add", "{2}"),
    ]


def test_arguments_that_are_no_text_are_made_text() -> None:
    """Some servers send the object itself."""
    assert assembled((0, "a", {"name": "add", "arguments": {"a": 1}})) == [("a", "add", '{"a":1}')]


def test_a_name_that_is_no_text_is_an_error() -> None:
    """Its reader makes it one of ours."""
    with pytest.raises(TypeError, match="function's name"):
        pieces((0, "a", {"name": 5}))
