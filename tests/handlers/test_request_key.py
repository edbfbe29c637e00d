"""Requests that ask the same have the same key, whoever asks; requests that do not, have not."""

from dataclasses import replace
from typing import Any

import pytest

from loopbus.events import (
    Block,
    Image,
    Message,
    ModelRequested,
    Opaque,
    RunState,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    user,
)
from loopbus.handlers.request_key import key_of

BLOCKS: list[Block] = [
    Text("words"),
    Thinking("hm", "signed"),
    Image("image/png", b"\x00\xff"),
    ToolCall("c1", "look", {"at": [1, {"deep": None}]}, "p1"),
    ToolResult("c1", "look", "seen", parts=(Image("image/png", b"\x01"),), provider_id="p1"),
    Opaque("openai", {"id": "rs_1"}),
]


def key(*blocks: Block, setup: str = "s", instructions: str = "i", told: str | None = None, **fields: Any) -> str:
    """The key of a request that shows these blocks."""
    state = RunState(setup=setup, instructions=instructions)
    state.transcript.append(user("before"))
    state.transcript.append(Message("assistant", blocks))
    asked: dict[str, Any] = {"turn": 1, "model": "m", "messages": 2, "instructions": told, **fields}
    return key_of(ModelRequested(**asked), state)


def test_ids_and_turns_make_no_difference() -> None:
    """The same is said in another run, at another place."""
    call, result = BLOCKS[3], BLOCKS[4]
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    others = [*BLOCKS[:3], replace(call, call_id="c2", provider_id=""), replace(result, call_id="c2"), BLOCKS[5]]
    assert key(*BLOCKS) == key(*others) == key(*BLOCKS, turn=7)
    assert key(told="i") == key() == key(told="i", instructions="before")


@pytest.mark.parametrize(
    "other",
    [
        {"model": "n"},
        {"setup": "t"},
        {"instructions": "j"},
        {"told": ""},
        {"first": 1},
    ],
)
def test_everything_else_makes_one(other: dict[str, Any]) -> None:
    """Whom is asked, with which tools and settings, what it is told, and from where on it is shown what was said."""
    assert key(*BLOCKS) != key(*BLOCKS, **other)


@pytest.mark.parametrize(
    "block",
    [
        Text("other"),
        Thinking("hm", "forged"),
        Image("image/png", b"\x00\xfe"),
        ToolCall("c1", "look", {"at": [1, {"deep": 0}]}),
        ToolResult("c1", "look", "seen", outcome="error"),
        Opaque("openai", {"id": "rs_2"}),
        Text("\U0001f600"),
    ],
)
def test_another_block_makes_another_key(block: Block) -> None:
    """Whatever kind of block it is."""
    assert key(block) not in {key(each) for each in BLOCKS}
    assert len({key(each) for each in BLOCKS}) == len(BLOCKS)
