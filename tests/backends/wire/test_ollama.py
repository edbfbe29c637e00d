"""Answers of Ollama's own API: every part of them, cut anywhere, well-formed or not."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from loopbus.backends.contract import (
    BlockPiece,
    Delta,
    StopPiece,
    StopReason,
    TextPiece,
    ThinkingPiece,
    ToolCallPiece,
    UsagePiece,
)
from loopbus.backends.errors import BackendError, Broken, Incomplete, Misunderstood, Refused
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.json_lines import JsonLinesReader
from loopbus.backends.wire.ollama import OllamaReader
from loopbus.events.content import Image
from loopbus.events.usage import Usage

from ..cuts import cut_anywhere
from .test_objects import JSON

ACCOUNT = Account("acme")
DONE: dict[str, Any] = {"done": True, "done_reason": "stop"}
STOP = StopPiece("end", "stop")


def chat(**message: Any) -> dict[str, Any]:
    """A line of a chat."""
    return {"model": "m", "message": {"role": "assistant", **message}, "done": False}


def read(*lines: object) -> list[Delta]:
    """The deltas of a stream that ends after ``lines``."""
    reader = OllamaReader(ACCOUNT)
    return [delta for line in lines for delta in reader.read(to_json(line))] + reader.finish()


def read_bytes(*chunks: bytes) -> list[Delta]:
    """The deltas of a whole stream of bytes."""
    frames, reader = JsonLinesReader(), OllamaReader(ACCOUNT)
    found = [delta for data in chunks for frame in frames.feed(data) for delta in reader.read(frame)]
    return found + [delta for frame in frames.close() for delta in reader.read(frame)] + reader.finish()


def test_a_chats_parts_stand_in_its_message() -> None:
    """Empty ones are left out, and the last line may hold one."""
    last = {**chat(content="b"), **DONE}
    assert read(chat(content="", thinking="hm"), chat(content="a"), last) == [
        ThinkingPiece("hm"),
        TextPiece("a"),
        TextPiece("b"),
        STOP,
    ]


def test_the_parts_of_an_answer_to_a_prompt_stand_beside_the_rest() -> None:
    """Also a picture, where the model makes those."""
    picture = {"response": "", "image": "cG5n", "context": [1, 2], **DONE}
    assert read({"thinking": "hm", "done": False}, {"response": "a", "done": False}, picture) == [
        ThinkingPiece("hm"),
        TextPiece("a"),
        BlockPiece(Image("image/png", data=b"png")),
        STOP,
    ]


def test_calls_come_whole() -> None:
    """Their index may start anew with every line; an answer with calls has stopped for them."""
    first: dict[str, Any] = {"id": "1", "function": {"index": 0, "name": "add", "arguments": {"a": 1}}}
    second: dict[str, Any] = {"function": {"index": 0, "name": "now", "arguments": {}}}
    third: dict[str, Any] = {"function": {"name": "now", "arguments": None}}
    assert read(chat(tool_calls=[first]), chat(tool_calls=[second, third]), DONE) == [
        ToolCallPiece(0, "1", "add", '{"a":1}'),
        ToolCallPiece(1, "", "now", "{}"),
        ToolCallPiece(2, "", "now", "{}"),
        StopPiece("tool_calls", "stop"),
    ]


@pytest.mark.parametrize(
    ("raw", "reason"), [("stop", "end"), ("length", "length"), ("", "end"), ("load", "other"), (None, "end")]
)
def test_the_stop_is_told_in_our_words_and_in_theirs(raw: str | None, reason: StopReason) -> None:
    """A server that only loaded its model has not answered."""
    assert read({"done": True, "done_reason": raw}) == [StopPiece(reason, raw or "")]


def test_a_cut_answer_is_incomplete() -> None:
    """Law 7: streamed or whole."""
    with pytest.raises(Incomplete):
        read(chat(content="a"))
    with pytest.raises(Incomplete):
        OllamaReader(ACCOUNT).read_whole(to_json(chat(content="a")))


def test_an_error_in_the_stream_is_told_in_its_words() -> None:
    """As an object or as text; what it says of the status counts."""
    with pytest.raises(Broken, match="acme answered with an error: it ran out of memory"):
        read(chat(content="a"), {"error": "it ran out of memory"})
    with pytest.raises(Refused, match="no such model") as caught:
        read({"error": {"message": "no such model", "code": 404}})
    assert caught.value.status is None


def test_usage_is_told_at_the_end() -> None:
    """A prompt from the cache may go without its count."""
    assert read({**DONE, "prompt_eval_count": 9, "eval_count": 3})[0] == UsagePiece(Usage(9, 3))
    assert read({**DONE, "eval_count": 3})[0] == UsagePiece(Usage(0, 3))
    assert read(DONE) == [STOP]


def test_the_end_is_known_before_the_connection_closes() -> None:
    """Nothing follows it."""
    reader = OllamaReader(ACCOUNT)
    assert (reader.stopped, reader.done) == (False, False)
    reader.read(to_json(DONE))
    assert (reader.stopped, reader.done) == (True, True)


@pytest.mark.parametrize(
    "frame",
    [
        b"nonsense",
        b"[]",
        b"{}",
        b'{"message": "hi", "done": false}',
        b'{"message": {"content": 1}, "done": false}',
        b'{"message": {"tool_calls": {}}}',
        b'{"message": {"tool_calls": [{}]}, "done": false}',
        b'{"message": {"tool_calls": [{"function": {"name": "a", "arguments": [1]}}]}, "done": false}',
        b'{"image": "***", "done": false}',
        b'{"done": true, "done_reason": 1}',
    ],
)
def test_an_answer_of_another_shape_is_misunderstood(frame: bytes) -> None:
    """And quoted, streamed or whole."""
    for answer in (OllamaReader(ACCOUNT).read, OllamaReader(ACCOUNT).read_whole):
        with pytest.raises(Misunderstood) as caught:
            answer(frame)
        assert caught.value.frame == frame


LINES = st.dictionaries(st.sampled_from(["message", "response", "thinking", "image", "done", "done_reason"]), JSON)
MESSAGES = st.dictionaries(st.sampled_from(["content", "thinking", "tool_calls"]), JSON).map(
    lambda found: chat(**found)
)


@given(st.binary() | st.one_of(JSON, LINES, MESSAGES).map(to_json))
def test_nothing_else_than_our_errors_comes_out(data: bytes) -> None:
    """Whatever the bytes."""
    for answer in (OllamaReader(ACCOUNT).read, OllamaReader(ACCOUNT).read_whole):
        with suppress(BackendError):
            answer(data)


STREAM = b"\n".join(to_json(value) for value in (chat(content="h\u00e9"), chat(thinking="hm"), DONE))


@given(cut_anywhere(STREAM))
def test_the_same_deltas_come_out_however_the_bytes_are_cut(chunks: list[bytes]) -> None:
    """Also inside a character, and without the last line feed."""
    assert read_bytes(*chunks) == [TextPiece("h\u00e9"), ThinkingPiece("hm"), STOP]
