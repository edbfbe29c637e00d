"""What messages are made of."""

import dataclasses
from typing import Any, cast

import pytest
from pydantic import TypeAdapter, ValidationError

from loopbus.events import (
    Audio,
    BadContent,
    Block,
    File,
    Image,
    Message,
    Opaque,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    user,
)

KINDS = (Text, Thinking, Image, Audio, File, ToolCall, ToolResult, Refusal, Opaque)
BLOCKS: tuple[Any, ...] = (
    Text("a"),
    Thinking("b", "signature"),
    Image("image/png", b"\x00\xff"),
    Audio("audio/wav", url="https://shop.example/a.wav"),
    File("text/plain", b"c", name="c.txt"),
    ToolCall("1.0", "add", {"a": 1, "b": [2]}, "call_1"),
    ToolResult("1.0", "add", "3", parts=(Image("image/png", b"d"),)),
    Refusal("e"),
    Opaque("somebody", {"f": [1]}),
)
adapter: TypeAdapter[Any] = TypeAdapter(Block)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.kind)
def test_a_block_is_told_by_its_kind(block: Any) -> None:
    """Through JSON and back it is the same block, of the same class."""
    data = adapter.dump_python(block, mode="json")
    assert data["kind"] == block.kind
    again = adapter.validate_json(adapter.dump_json(block))
    assert again == block
    assert type(again) is type(block)


def test_there_is_a_sample_of_every_kind() -> None:
    """No block of the union is left out here."""
    assert {type(block) for block in BLOCKS} == set(KINDS)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.kind)
def test_a_block_is_a_frozen_value(block: Any) -> None:
    """Equal by its fields, without a dictionary, and not to be changed."""
    assert dataclasses.replace(block) == block
    assert not hasattr(block, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        block.kind = "other"


def test_an_unknown_kind_is_refused() -> None:
    """With the kinds there are."""
    with pytest.raises(ValidationError, match="'text', 'thinking', 'image'"):
        adapter.validate_python({"kind": "smell", "text": "a"})


@pytest.mark.parametrize("kind", [Image, Audio, File])
def test_media_have_either_bytes_or_an_address(kind: type[Image]) -> None:
    """Both, or neither, is a slip that is said at once, and refused in data."""
    with pytest.raises(BadContent, match=f"{kind.__name__}: give either data or url, not neither"):
        kind("image/png")
    with pytest.raises(BadContent, match=f"{kind.__name__}: give either data or url, not both"):
        kind("image/png", b"a", "https://shop.example/a.png")
    with pytest.raises(ValidationError, match="give either data or url"):
        TypeAdapter(kind).validate_python({"media_type": "image/png"})


def test_bytes_are_base64_in_json() -> None:
    """And nothing else is taken for them."""
    assert adapter.dump_python(Image("image/png", b"\x00\xff"), mode="json")["data"] == "AP8="
    with pytest.raises(ValidationError, match="data"):
        adapter.validate_python({"kind": "image", "media_type": "image/png", "data": "no base64!"})


@pytest.mark.parametrize("kind", [Text, Thinking, Refusal])
def test_text_that_cannot_be_stored_is_refused_where_it_is_made(kind: type[Text]) -> None:
    """F25: half of a surrogate pair would only be noticed when the log is written, long after."""
    with pytest.raises(BadContent, match="half of a surrogate pair"):
        kind("a\ud800")
    assert kind("\u0000é😀").text == "\u0000é😀"


def test_arguments_are_frozen_json() -> None:
    """They are shown to every policy and observer, and sent back to the model."""
    given: dict[str, Any] = {"a": [1]}
    call = ToolCall("1", "add", given)
    given["a"].append(2)
    assert call.arguments == {"a": [1]}
    with pytest.raises(TypeError, match="change a copy"):
        cast(Any, call.arguments)["a"] = 2
    assert ToolCall("1", "add").arguments == {}


@pytest.mark.parametrize("arguments", [{"a": object()}, {"a": float("nan")}, {1: 2}, [1], None, {"a": "\ud800"}])
def test_arguments_that_are_no_json_object_are_refused(arguments: Any) -> None:
    """Where the call is made."""
    with pytest.raises(BadContent):
        ToolCall("1", "add", arguments)


def test_opaque_data_are_frozen_json() -> None:
    """Kept whole for the provider that understands them."""
    block = Opaque("somebody", {"a": [1]})
    with pytest.raises(TypeError):
        cast(Any, block.data)["a"].append(2)
    with pytest.raises(BadContent, match="no JSON"):
        Opaque("somebody", cast(Any, object()))


def test_a_users_message_is_made_of_texts_and_blocks() -> None:
    """In their order; it may be pinned."""
    message = user("look: ", Image("image/png", b"a"), "nice", pinned=True)
    assert message == Message("user", (Text("look: "), Image("image/png", b"a"), Text("nice")), pinned=True)
    assert message.text == "look: nice"


@pytest.mark.parametrize("part", [5, None, b"bytes", ["text"], Message("user", ())])
def test_anything_else_in_a_message_is_refused(part: Any) -> None:
    """With what a message is made of."""
    with pytest.raises(BadContent, match="is neither text nor a block"):
        user("text", part)


def test_a_message_shows_its_text_and_its_calls() -> None:
    """In the model's order, everything else left out."""
    calls = (ToolCall("1", "add"), ToolCall("2", "sub"))
    message = Message("assistant", (Thinking("hm"), Text("I "), calls[0], Text("call"), calls[1]))
    assert message.text == "I call"
    assert message.tool_calls == calls
    assert message.tool_results == ()
    answers = (ToolResult("1", "add", "3"), ToolResult("2", "sub", "-1", "error"))
    assert Message("tool", answers).tool_results == answers
