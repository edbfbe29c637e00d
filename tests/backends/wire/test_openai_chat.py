"""Answers of Chat Completions: every part of them, cut anywhere, well-formed or not."""

import base64
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue
from pydantic_core import to_json

from loopbus.backends.contract import (
    BlockPiece,
    Delta,
    Reply,
    StopPiece,
    StopReason,
    TextPiece,
    ThinkingPiece,
    ToolCallPiece,
    UsagePiece,
)
from loopbus.backends.errors import BackendError, Broken, Busy, ContextOverflow, Incomplete, Misunderstood
from loopbus.backends.fold import ReplyFold
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.openai_chat import ChatReader
from loopbus.backends.wire.openai_chat_usage import read_usage
from loopbus.backends.wire.sse import Frame, SseReader
from loopbus.events.content import Image, Opaque, Refusal, Text, Thinking, ToolCall
from loopbus.events.usage import Usage

from ..cuts import cut_anywhere
from ..servers import DONE, event
from .test_objects import JSON

ACCOUNT = Account("acme")
STOP: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def chunk(delta: Mapping[str, Any], **choice: Any) -> dict[str, Any]:
    """A chunk of a stream."""
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None, **choice}]}


def read(*chunks: object) -> list[Delta]:
    """The deltas of a stream that ends after ``chunks``."""
    reader = ChatReader(ACCOUNT)
    return [delta for value in chunks for delta in reader.read(Frame(to_json(value)))] + list(reader.finish())


def folded(deltas: Iterable[Delta]) -> Reply:
    """The reply."""
    fold = ReplyFold("c")
    for delta in deltas:
        fold.add(delta)
    return fold.reply()


def read_bytes(*chunks: bytes) -> list[Delta]:
    """The deltas of a whole stream of bytes."""
    frames, reader = SseReader(), ChatReader(ACCOUNT)
    found = [delta for data in chunks for frame in frames.feed(data) for delta in reader.read(frame)]
    return found + list(reader.finish())


def whole(message: Mapping[str, Any], reason: str | None = "stop", **answer: Any) -> list[Delta]:
    """The deltas of an answer that was not streamed."""
    body = {"choices": [{"index": 0, "message": message, "finish_reason": reason}], **answer}
    return ChatReader(ACCOUNT).read_whole(to_json(body))


def test_text_comes_as_it_is_written() -> None:
    """Piece by piece, empty pieces left out, the stop last with the provider's own word."""
    assert read(
        chunk({"role": "assistant", "content": ""}), chunk({"content": "a"}), chunk({"content": "b"}), STOP
    ) == [
        TextPiece("a"),
        TextPiece("b"),
        StopPiece("end", "stop"),
    ]


def test_the_stop_waits_for_the_usage_behind_it() -> None:
    """Usage comes in a chunk of its own, without choices, after the reason; our stop comes last all the same."""
    usage: dict[str, Any] = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}}
    assert read(chunk({"content": "a"}), STOP, usage)[1:] == [UsagePiece(Usage(5, 2)), StopPiece("end", "stop")]


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_thinking_under_either_name(name: str) -> None:
    """DeepSeek's and OpenRouter's name for it, streamed or whole."""
    assert read(chunk({name: "hm", "content": None}), STOP)[0] == ThinkingPiece("hm")
    assert whole({name: "hm", "content": "a"})[:2] == [ThinkingPiece("hm"), TextPiece("a")]


def test_reasoning_told_under_both_names_is_told_once() -> None:
    """Some gateways repeat it for those who know only the other name."""
    assert read(chunk({"reasoning_content": "hm", "reasoning": "hm"}), STOP)[0:-1] == [ThinkingPiece("hm")]


def test_content_in_blocks_is_read_block_by_block() -> None:
    """Text, reasoning, pictures and a refusal; what we do not know is kept whole for its provider."""
    picture = "data:image/png;base64," + base64.b64encode(b"png").decode()
    parts: list[dict[str, Any]] = [
        {"type": "text", "text": "a"},
        {"type": "thinking", "thinking": [{"type": "text", "text": "h"}, {"type": "text", "text": "m"}]},
        {"type": "thinking", "thinking": "hm"},
        {"type": "image_url", "image_url": {"url": picture}},
        {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
        {"type": "refusal", "refusal": "no"},
        {"type": "hologram", "data": 1},
    ]
    assert whole({"content": parts})[:-1] == [
        TextPiece("a"),
        ThinkingPiece("hm"),
        ThinkingPiece("hm"),
        BlockPiece(Image("image/png", data=b"png")),
        BlockPiece(Image("image/*", url="https://x/y.png")),
        BlockPiece(Refusal("no")),
        BlockPiece(Opaque("acme", {"type": "hologram", "data": 1})),
    ]


def test_pictures_and_sound_beside_the_content_are_kept() -> None:
    """OpenRouter puts pictures into a list of their own; sound goes back by its id, so it stays as it came."""
    message = {"images": [{"image_url": {"url": "https://x/y.png"}}], "audio": {"id": "a1", "data": "AAAA"}}
    assert whole(message)[:-1] == [
        BlockPiece(Image("image/*", url="https://x/y.png")),
        BlockPiece(Opaque("acme", {"audio": {"id": "a1", "data": "AAAA"}})),
    ]


def test_a_refusal_is_a_block_and_a_reason() -> None:
    """Its pieces are joined; the provider's own word for the stop stays."""
    deltas = read(chunk({"refusal": "I can"}), chunk({"refusal": "not"}), STOP)
    assert deltas == [BlockPiece(Refusal("I cannot")), StopPiece("refusal", "stop")]


def test_tool_calls_are_assembled_from_their_pieces() -> None:
    """The id and the name come once, the arguments in stretches."""

    def call(index: int, function: Mapping[str, str], **entry: str) -> dict[str, Any]:
        return chunk({"tool_calls": [{"index": index, "function": function, **entry}]})

    deltas = read(
        call(0, {"name": "add", "arguments": ""}, id="x", type="function"),
        call(1, {"name": "sub", "arguments": ""}, id="y"),
        call(0, {"arguments": '{"a"'}),
        call(1, {"arguments": "{}"}),
        call(0, {"arguments": ": 1}"}),
        chunk({}, finish_reason="tool_calls"),
    )
    assert deltas[0] == ToolCallPiece(0, "x", "add")
    assert folded(deltas).content == (
        ToolCall("c.0", "add", {"a": 1}, "x"),
        ToolCall("c.1", "sub", {}, "y"),
    )


def test_whole_tool_calls_are_numbered_by_their_place() -> None:
    """They have no index, and their ids may be empty or the same."""
    function = {"name": "add", "arguments": "{}"}
    calls = [{"id": "x", "function": function}, {"id": "x", "function": function}, {"id": None, "function": function}]
    reply = folded(whole({"content": None, "tool_calls": calls}))
    assert [(call.call_id, call.provider_id) for call in reply.content if isinstance(call, ToolCall)] == [
        ("c.0", "x"),
        ("c.1", "x"),
        ("c.2", ""),
    ]
    assert reply.stop == "tool_calls"


def test_a_legacy_function_call_is_a_tool_call() -> None:
    """What tools were called before there were several."""
    deltas = read(
        chunk({"function_call": {"name": "add", "arguments": ""}}),
        chunk({"function_call": {"arguments": '{"a": 1}'}}),
        chunk({}, finish_reason="function_call"),
    )
    assert folded(deltas).content == (ToolCall("c.0", "add", {"a": 1}),)
    assert deltas[-1] == StopPiece("tool_calls", "function_call")


def test_a_call_of_another_kind_is_kept_whole() -> None:
    """A custom tool's call is no function call; it is not lost."""
    custom: dict[str, JsonValue] = {"id": "x", "type": "custom", "custom": {"name": "shell", "input": "ls"}}
    assert whole({"tool_calls": [custom]})[0] == BlockPiece(Opaque("acme", custom))


def test_of_several_choices_the_first_is_the_answer() -> None:
    """Streamed or whole."""
    other = {"choices": [{"index": 1, "delta": {"content": "other"}, "finish_reason": "length"}]}
    assert read(chunk({"content": "a"}), other, STOP) == [TextPiece("a"), StopPiece("end", "stop")]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("stop", "end"),
        ("eos", "end"),
        ("tool_calls", "tool_calls"),
        ("length", "length"),
        ("model_length", "length"),
        ("content_filter", "content_filter"),
        ("sensitive", "content_filter"),
        ("planned_outage", "other"),
    ],
)
def test_a_reason_is_told_in_our_words_and_in_theirs(raw: str, reason: StopReason) -> None:
    """A word we do not know is ``other``, and still there to be read."""
    assert read(chunk({"content": "a"}, finish_reason=raw))[-1] == StopPiece(reason, raw)


def test_half_an_answer_is_incomplete() -> None:
    """No reason, no reply: also if the stream ends as politely as can be."""
    frames = SseReader().feed(event(chunk({"content": "half"})) + DONE)
    reader = ChatReader(ACCOUNT)
    assert [delta for frame in frames for delta in reader.read(frame)] == [TextPiece("half")]
    assert (reader.done, reader.stopped) == (True, False)
    with pytest.raises(Incomplete, match="acme ended in the middle"):
        reader.finish()
    with pytest.raises(Incomplete):
        whole({"content": "half"}, reason=None)


COUNTS: dict[str, Any] = {"prompt_tokens": 3, "completion_tokens": 2}
CALL: dict[str, Any] = {"index": 0, "id": "x", "function": {"name": "add", "arguments": "{}"}}


@pytest.mark.parametrize("empty", [chunk({"content": ""}, finish_reason=""), {"choices": []}])
def test_an_answer_that_is_counted_and_done_needs_no_reason(empty: dict[str, Any]) -> None:
    """Some providers leave it out. Who breaks off does not count what was said once all is said."""
    said = [event(chunk({"content": "a"})), event({**empty, "usage": COUNTS})]
    assert read_bytes(*said, DONE) == [TextPiece("a"), UsagePiece(Usage(3, 2)), StopPiece("end")]
    called = event(chunk({"tool_calls": [CALL]}))
    assert read_bytes(called, said[1], DONE)[-1] == StopPiece("tool_calls")
    assert whole({"content": "a"}, reason=None, usage=COUNTS)[-1] == StopPiece("end")


@pytest.mark.parametrize(
    "frames",
    [
        [event(chunk({"content": "a"})), event({"choices": [], "usage": COUNTS})],
        [event({**chunk({"content": "a"}), "usage": COUNTS}), DONE],
        [event({"choices": [], "usage": COUNTS}), event(chunk({"content": "a"})), DONE],
        [event({"choices": [], "usage": COUNTS}), DONE],
    ],
)
def test_counts_that_do_not_come_last_end_nothing(frames: list[bytes]) -> None:
    """Not done; counted along the way; nothing said at all."""
    with pytest.raises(Incomplete):
        read_bytes(*frames)


def test_a_server_may_break_off_with_a_line_of_its_own() -> None:
    """Llama.cpp's and its kind's: the error says what the server says."""
    with pytest.raises(Broken, match="out of slots"):
        read_bytes(event(chunk({"content": "half"})), b'error: {"error": {"message": "out of slots"}}\n\n')


def test_what_an_answer_rests_on_stands_behind_it() -> None:
    """Sources, tools of the provider, how sure the model was: streamed or whole, from wherever it is told."""
    source: JsonValue = {"type": "url_citation"}
    ran: JsonValue = {"type": "search"}
    token: JsonValue = {"token": "a", "logprob": -0.5}
    expected = Opaque(
        "acme", {"annotations": [source], "executed_tools": [ran], "logprobs": [token], "citations": ["x"]}
    )
    message = {"content": "a", "annotations": [source], "executed_tools": [ran]}
    streamed = read(
        {**chunk({"content": "a"}, logprobs={"content": [token]}), "citations": ["x"]},
        {**chunk({"annotations": [source], "executed_tools": [ran]}, finish_reason="stop"), "citations": ["x"]},
    )
    choice = {"message": message, "finish_reason": "stop", "logprobs": {"content": [token], "refusal": None}}
    at_once = ChatReader(ACCOUNT).read_whole(to_json({"choices": [choice], "citations": ["x"]}))
    assert folded(streamed).content == folded(at_once).content == (Text("a"), expected)


def test_what_a_provider_adds_to_a_message_is_kept_for_it() -> None:
    """Such as a signature, under a name that is meant for additions."""
    extra: JsonValue = {"extra_content": {"acme": {"signature": "s"}}}
    assert whole({"content": "a", **extra})[:2] == [TextPiece("a"), BlockPiece(Opaque("acme", extra))]


def test_fields_that_are_filled_with_nothing_say_nothing() -> None:
    """An empty call, and sound that is none."""
    message = {"content": "a", "function_call": {"name": "", "arguments": ""}, "audio": {"id": "", "data": ""}}
    assert whole(message) == [TextPiece("a"), StopPiece("end", "stop")]


@pytest.mark.parametrize("raw", ["insufficient_system_resource", "network_error", "abort", "error"])
def test_an_answer_that_the_provider_broke_off_is_broken(raw: str) -> None:
    """It has a reason, but none for which the answer could be whole."""
    with pytest.raises(Broken, match=raw):
        read(chunk({"content": "half"}, finish_reason=raw))


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (Frame(b'{"error": {"message": "slow down", "code": 429}}'), Busy),
        (Frame(b'{"error": {"message": "oops", "type": "server_error"}}', b"error"), Broken),
        (Frame(b'{"message": "oops", "type": "overloaded_error"}', b"error"), Busy),
        (Frame(b'{"error": {"code": "context_length_exceeded"}, "choices": []}'), ContextOverflow),
        (Frame(b'{"choices": [{"delta": {}, "finish_reason": "error", "error": {"code": 502}}]}'), Broken),
    ],
)
def test_an_error_inside_the_stream_is_raised(frame: Frame, kind: type[BackendError]) -> None:
    """Its class is that of the status it would have had, wherever in the frame it stands."""
    with pytest.raises(kind) as caught:
        ChatReader(ACCOUNT).read(frame)
    assert type(caught.value) is kind


def test_an_error_with_status_200_is_raised() -> None:
    """Some gateways answer every request well, and tell the error inside."""
    with pytest.raises(Busy, match="slow down"):
        ChatReader(ACCOUNT).read_whole(b'{"error": {"message": "slow down", "code": 429}}')


@pytest.mark.parametrize(
    "value",
    [
        {"choices": [5]},
        {"choices": 5},
        {"choices": {"0": 1}},
        {"choices": [{"delta": "text"}]},
        chunk({"content": 5}),
        chunk({"content": [5]}),
        chunk({"content": [{"type": "text"}]}),
        chunk({"content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,%"}}]}),
        chunk({"tool_calls": {"0": {}}}),
        chunk({"tool_calls": [{"index": [], "function": {}}]}),
        chunk({"tool_calls": [{"function": {"name": 5}}]}),
        chunk({"tool_calls": [{"id": 5, "function": {}}]}),
        chunk({}, finish_reason=5),
        {"usage": 5},
    ],
)
def test_a_chunk_of_the_wrong_shape_is_misunderstood(value: object) -> None:
    """The error quotes the frame, so that one can see what came."""
    with pytest.raises(Misunderstood, match="acme sent what is no Chat Completion") as caught:
        read(value)
    assert caught.value.frame == to_json(value)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"choices": []}'])
def test_a_body_that_is_no_completion_is_never_an_empty_answer(body: bytes) -> None:
    """A page of a proxy, or an object of another kind."""
    with pytest.raises((Misunderstood, Incomplete)):
        ChatReader(ACCOUNT).read_whole(body)


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({}, Usage()),
        ({"prompt_tokens": None, "completion_tokens": "3", "total_tokens": True}, Usage()),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 15,
                "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
            Usage(10, 5, 4, 2, 3),
        ),
        ({"prompt_tokens": 10, "prompt_cache_hit_tokens": 4}, Usage(10, 0, 4)),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 18,
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
            Usage(10, 8, 0, 0, 3),
        ),
    ],
)
def test_counts_are_brought_into_one_way_of_counting(counts: dict[str, Any], usage: Usage) -> None:
    """Nothing counts as none; DeepSeek's own names; xAI's reasoning, which is counted beside the completion."""
    assert read_usage(counts) == usage


ANSWER = b"".join(
    [
        event(chunk({"role": "assistant", "reasoning": "Hm\u2028 \u00e9\U0001f600"})),
        b": ping\n\n",
        event(chunk({"content": "J\u00f6rg \U0001f600 \u2028 says"})),
        event(chunk({"tool_calls": [{"index": 0, "id": "x", "function": {"name": "add", "arguments": ""}}]})),
        event(chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a": "\U0001f600"}'}}]})),
        event(chunk({}, finish_reason="tool_calls")),
        event({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}),
        DONE,
    ]
)


@given(st.data(), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_however_the_bytes_are_cut_the_deltas_are_the_same(data: st.DataObject, end: bytes) -> None:
    """Inside a character, a line end, a number: the same deltas, and the reply they fold to."""
    answer = ANSWER.replace(b"\n", end)
    deltas = read_bytes(*data.draw(cut_anywhere(answer)))
    assert deltas == read_bytes(ANSWER)
    assert folded(deltas) == Reply(
        (
            Thinking("Hm\u2028 \u00e9\U0001f600"),
            Text("J\u00f6rg \U0001f600 \u2028 says"),
            ToolCall("c.0", "add", {"a": "\U0001f600"}, "x"),
        ),
        "tool_calls",
        Usage(1, 2),
        "tool_calls",
    )


@given(st.integers(0, len(ANSWER) - len(DONE) - 100))
def test_wherever_a_stream_is_cut_off_it_is_not_whole(length: int) -> None:
    """Half an answer raises, at every length, and what came of it is there."""
    with pytest.raises(Incomplete):
        read_bytes(ANSWER[: min(length, ANSWER.index(b'"tool_calls"}'))])


FIELDS = [
    "choices", "delta", "message", "content", "tool_calls", "function", "function_call", "arguments", "name", "index",
    "id", "finish_reason", "usage", "error", "code", "type", "text", "thinking", "image_url", "url", "images", "audio",
    "reasoning", "refusal", "prompt_tokens_details", "total_tokens",
]  # fmt: skip
SHAPES = st.recursive(
    JSON | st.sampled_from([*FIELDS, "stop", "data:image/png;base64,AAAA"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(FIELDS), SHAPES), SHAPES)
def test_no_shape_raises_anything_but_our_errors(answer: dict[str, object], inner: object) -> None:
    """Whatever JSON a provider sends, whole or as a chunk, it is deltas that fold, or an error of ours."""
    for value in (
        answer,
        {"choices": [answer]},
        {"choices": [{"delta": answer, "message": answer}]},
        chunk({"content": inner}),
    ):
        with suppress(BackendError):
            folded(read(value))
        with suppress(BackendError):
            folded(ChatReader(ACCOUNT).read_whole(to_json(value)))


@given(st.binary())
def test_no_bytes_raise_anything_but_misunderstood_or_incomplete(data: bytes) -> None:
    """Noise in the place of a stream, or of one frame."""
    with suppress(Misunderstood, Incomplete):
        folded(read_bytes(data))
    with suppress(Misunderstood, Incomplete):
        folded(ChatReader(ACCOUNT).read(Frame(data)))
