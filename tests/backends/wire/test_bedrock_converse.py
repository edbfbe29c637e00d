"""Answers of Converse: every part of them, cut anywhere, well-formed or not."""
# JSON of any shape is taken apart here.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

import base64
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
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
from loopbus.backends.errors import BackendError, Busy, Incomplete, Misunderstood
from loopbus.backends.fold import ReplyFold
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.aws_event_stream import AwsEventReader, AwsMessage
from loopbus.backends.wire.bedrock_converse import BEDROCK_CONVERSE, ConverseReader, path, read_usage
from loopbus.events.content import Image, Opaque, Text, Thinking, ToolCall
from loopbus.events.usage import Usage

from ..cuts import cut_anywhere
from .aws_messages import event, exception, told
from .test_objects import JSON

ACCOUNT = Account("acme")
USAGE: dict[str, Any] = {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7}


def start(kind: str, value: Mapping[str, Any], index: int = 0) -> bytes:
    """The beginning of a block."""
    return event("contentBlockStart", {"contentBlockIndex": index, "start": {kind: value}})


def delta(value: Mapping[str, Any], index: int = 0) -> bytes:
    """Some more of a block."""
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": value, "p": "abcdef"})


def end(index: int = 0) -> bytes:
    """The end of a block."""
    return event("contentBlockStop", {"contentBlockIndex": index})


def stop(reason: str = "end_turn") -> bytes:
    """The end of the message."""
    return event("messageStop", {"stopReason": reason})


METADATA = event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 1}})


def read(*chunks: bytes) -> list[Delta]:
    """The deltas of a whole stream."""
    frames, reader = AwsEventReader(), ConverseReader(ACCOUNT)
    found = [each for data in chunks for frame in frames.feed(data) for each in reader.read(frame)]
    frames.close()
    return found + reader.finish()


def folded(deltas: Iterable[Delta]) -> Reply:
    """The reply."""
    fold = ReplyFold("c")
    for each in deltas:
        fold.add(each)
    return fold.reply()


def whole(*content: Mapping[str, Any], reason: str | None = "end_turn", **answer: Any) -> list[Delta]:
    """The deltas of an answer that was not streamed."""
    body = {"output": {"message": {"role": "assistant", "content": content}}, "stopReason": reason, **answer}
    return ConverseReader(ACCOUNT).read_whole(to_json(body))


def opaque(**data: Any) -> BlockPiece:
    """A block that goes back as it came."""
    return BlockPiece(Opaque("acme", data))


def test_text_comes_as_it_is_written() -> None:
    """Piece by piece, empty pieces left out, the counts and the stop behind them."""
    assert read(
        event("messageStart", {"role": "assistant"}),
        delta({"text": ""}),
        delta({"text": "a"}),
        delta({"text": "b"}),
        end(),
        stop(),
        METADATA,
    ) == [TextPiece("a"), TextPiece("b"), UsagePiece(Usage(5, 2)), StopPiece("end", "end_turn")]


def test_a_whole_answer_says_the_same() -> None:
    """Text, reasoning and calls in order, then the counts and the stop."""
    call = {"toolUseId": "t1", "name": "add", "input": {"a": 1}, "type": "tool_use"}
    reasoning = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}
    deltas = whole(reasoning, {"text": "a"}, {"toolUse": call}, reason="tool_use", usage=USAGE)
    assert folded(deltas) == Reply(
        (Thinking("hm", "s"), Text("a"), ToolCall("c.0", "add", {"a": 1}, "t1")), "tool_calls", Usage(5, 2), "tool_use"
    )


def test_tool_calls_are_assembled_from_their_pieces() -> None:
    """The id and the name come first, the arguments in stretches; the next call has the next slot."""
    deltas = read(
        start("toolUse", {"toolUseId": "t1", "name": "add"}),
        delta({"toolUse": {"input": ""}}),
        delta({"toolUse": {"input": '{"a"'}}),
        delta({"toolUse": {"input": ": 1}"}}),
        end(),
        start("toolUse", {"toolUseId": "t1", "name": "sub"}, 1),
        delta({"toolUse": {"input": "{}"}}, 1),
        end(1),
        stop("tool_use"),
    )
    assert deltas[0] == ToolCallPiece(0, "t1", "add")
    assert folded(deltas).content == (ToolCall("c.0", "add", {"a": 1}, "t1"), ToolCall("c.1", "sub", {}, "t1"))


def test_two_whole_calls_of_one_id_are_two() -> None:
    """Bedrock's ids are not ours to trust."""
    call = {"toolUse": {"toolUseId": "t", "name": "add", "input": {}}}
    assert len(folded(whole(call, call)).content) == 2


def test_calls_in_an_answer_that_says_it_ended_are_calls_to_run() -> None:
    """Some models end their turn with calls in it; the word stays theirs."""
    deltas = whole({"toolUse": {"toolUseId": "t", "name": "add", "input": {}}})
    assert deltas[-1] == StopPiece("tool_calls", "end_turn")


def test_a_signature_closes_the_reasoning_that_it_signs() -> None:
    """In one piece, though it may be told in several, when its block ends."""
    deltas = read(
        delta({"reasoningContent": {"text": "h"}}),
        delta({"reasoningContent": {"text": "m"}}),
        delta({"reasoningContent": {"signature": "s1"}}),
        delta({"reasoningContent": {"signature": "s2"}}),
        end(),
        delta({"text": "a"}, 1),
        end(1),
        stop(),
    )
    assert deltas[:3] == [ThinkingPiece("h"), ThinkingPiece("m"), ThinkingPiece("", "s1s2")]
    assert folded(deltas).content == (Thinking("hm", "s1s2"), Text("a"))


def test_reasoning_that_nobody_may_read_goes_back_whole() -> None:
    """Streamed in pieces of base64 or told at once."""
    first, second = (base64.b64encode(part).decode() for part in (b"ab", b"cdef"))
    both = base64.b64encode(b"abcdef").decode()
    expected = opaque(reasoningContent={"redactedContent": both})
    deltas = read(
        delta({"reasoningContent": {"redactedContent": first}}),
        delta({"reasoningContent": {"redactedContent": second}}),
        end(),
        stop(),
    )
    assert deltas[0] == expected
    assert whole({"reasoningContent": {"redactedContent": both}})[0] == expected


def test_citations_are_kept_beside_the_text_that_they_are_for() -> None:
    """The words are text like any other; where they are from stands behind them, streamed or whole."""
    citation = {"title": "facts", "location": {"documentChar": {"documentIndex": 0, "start": 0, "end": 9}}}
    expected = [TextPiece("a"), opaque(citationsContent={"citations": [citation]})]
    assert read(delta({"citation": citation}), delta({"text": "a"}), end(), stop())[:-1] == expected
    assert whole({"citationsContent": {"content": [{"text": "a"}], "citations": [citation]}})[:-1] == expected
    assert whole({"citationsContent": {"content": [{"text": "a"}]}})[:-1] == [TextPiece("a")]


def test_a_tool_that_bedrock_runs_itself_is_no_call_of_ours() -> None:
    """Its call and its result are kept whole, streamed or not."""
    call: dict[str, Any] = {"toolUseId": "t", "name": "search", "type": "server_tool_use"}
    result: dict[str, Any] = {"toolUseId": "t", "type": "search_result", "status": "success"}
    expected = [
        opaque(toolUse={**call, "input": {"q": "x"}}),
        opaque(toolResult={**result, "content": [{"text": "found"}, {"json": {"n": 1}}]}),
        TextPiece("a"),
        StopPiece("end", "end_turn"),
    ]
    assert (
        read(
            start("toolUse", call),
            delta({"toolUse": {"input": '{"q": '}}),
            delta({"toolUse": {"input": '"x"}'}}),
            end(),
            start("toolResult", result, 1),
            delta({"toolResult": [{"text": "found"}]}, 1),
            delta({"toolResult": [{"json": {"n": 1}}]}, 1),
            end(1),
            delta({"text": "a"}, 2),
            stop(),
        )
        == expected
    )
    assert (
        whole(
            {"toolUse": {**call, "input": {"q": "x"}}},
            {"toolResult": {**result, "content": [{"text": "found"}, {"json": {"n": 1}}]}},
            {"text": "a"},
        )
        == expected
    )


def test_pictures_are_blocks() -> None:
    """Streamed in pieces, told whole, or left in S3; one that could not be made is kept as it came."""
    first, second = (base64.b64encode(part).decode() for part in (b"pn", b"g"))
    streamed = read(
        start("image", {"format": "png"}),
        delta({"image": {"source": {"bytes": first}}}),
        delta({"image": {"source": {"bytes": second}}}),
        end(),
        stop(),
    )
    assert streamed[0] == BlockPiece(Image("image/png", data=b"png"))
    picture = {"format": "png", "source": {"bytes": base64.b64encode(b"png").decode()}}
    assert whole({"image": picture})[0] == streamed[0]
    stored = {"format": "jpeg", "source": {"s3Location": {"uri": "s3://b/k"}}}
    assert whole({"image": stored})[0] == BlockPiece(Image("image/jpeg", url="s3://b/k"))
    refused = {"format": "png", "error": {"message": "no"}}
    assert whole({"image": refused})[0] == opaque(image=refused)
    assert read(start("image", {"format": "png"}), delta({"image": {"error": {"message": "no"}}}), end(), stop())[
        0
    ] == opaque(image={"format": "png", "source": {"bytes": ""}})


def test_what_we_do_not_know_is_kept_or_passed_over() -> None:
    """A block is kept for its provider; a delta or an event of a new kind says nothing that could be kept."""
    assert whole({"hologram": {"x": 1}})[0] == opaque(hologram={"x": 1})
    assert read(start("hologram", {"x": 1}), delta({"hologram": {"y": 2}}), end(), stop())[0] == opaque(
        hologram={"x": 1}
    )
    assert read(event("weather", {"sun": True}), told(b"", message_type="event"), stop()) == [
        StopPiece("end", "end_turn")
    ]


def test_what_a_block_gathered_is_told_though_its_end_is_missing() -> None:
    """The stop ends every block."""
    assert read(delta({"reasoningContent": {"signature": "s"}}), stop()) == [
        ThinkingPiece("", "s"),
        StopPiece("end", "end_turn"),
    ]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("end_turn", "end"),
        ("tool_use", "tool_calls"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("stop_sequence", "stop_sequence"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("malformed_tool_use", "other"),
    ],
)
def test_a_reason_is_told_in_our_words_and_in_theirs(raw: str, reason: StopReason) -> None:
    """A word we do not know is ``other``, and still there to be read."""
    assert read(delta({"text": "a"}), stop(raw))[-1] == StopPiece(reason, raw)


def test_nothing_follows_the_metadata() -> None:
    """The connection need not be waited for."""
    reader = ConverseReader(ACCOUNT)
    states: list[tuple[bool, bool]] = []
    for data in (delta({"text": "a"}), stop(), METADATA):
        for frame in AwsEventReader().feed(data):
            reader.read(frame)
        states.append((reader.stopped, reader.done))
    assert states == [(False, False), (True, False), (True, True)]


def test_half_an_answer_is_incomplete() -> None:
    """No reason, no reply, however politely the stream ends."""
    with pytest.raises(Incomplete, match="acme ended in the middle"):
        read(delta({"text": "half"}), end(), METADATA)
    with pytest.raises(Incomplete):
        whole({"text": "half"}, reason=None)


def test_an_exception_inside_the_stream_is_raised() -> None:
    """Its class is that of the status it would have had."""
    with pytest.raises(Busy, match="slow down"):
        read(delta({"text": "half"}), exception("throttlingException", {"message": "slow down"}))


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({}, Usage()),
        ({"inputTokens": None, "outputTokens": "3"}, Usage()),
        (
            {"inputTokens": 5, "outputTokens": 2, "cacheReadInputTokens": 10, "cacheWriteInputTokens": 100},
            Usage(115, 2, 10, 100),
        ),
        ({"inputTokens": 5, "cacheReadInputTokenCount": 10, "cacheWriteInputTokenCount": 1}, Usage(16, 0, 10, 1)),
    ],
)
def test_counts_are_brought_into_one_way_of_counting(counts: dict[str, Any], usage: Usage) -> None:
    """What a cache held stands beside the input there, inside it here; InvokeModel has names of its own."""
    assert read_usage(counts) == usage


@pytest.mark.parametrize(
    "data",
    [
        event("contentBlockDelta", {"delta": {"text": "a"}}),
        event("contentBlockDelta", {"contentBlockIndex": 0}),
        event("contentBlockDelta", {"contentBlockIndex": 0, "delta": "text"}),
        event("contentBlockDelta", {"contentBlockIndex": [], "delta": {"toolUse": {"input": "{}"}}}),
        delta({"text": 5}),
        delta({"toolUse": {"input": 5}}),
        delta({"toolResult": {}}),
        start("toolUse", {"name": "add"}),
        start("toolUse", {"toolUseId": "t", "name": 5}),
        start("toolUse", {"toolUseId": "t", "type": "server_tool_use"}) + delta({"toolUse": {"input": "{"}}),
        delta({"reasoningContent": {"redactedContent": "%"}}),
        start("image", {}),
        event("messageStop", {"stopReason": 5}),
        event("metadata", {"usage": 5}),
    ],
)
def test_an_event_of_the_wrong_shape_is_misunderstood(data: bytes) -> None:
    """At once, or when its block or the message ends."""
    with pytest.raises(Misunderstood, match="acme sent what is no answer of Converse"):
        read(data, stop())


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"{}", b'{"message": "no"}', b'{"output": {"message": {"content": 5}}}']
)
def test_a_body_that_is_no_answer_is_never_an_empty_one(body: bytes) -> None:
    """A page of a proxy, or an object of another kind."""
    with pytest.raises(Misunderstood):
        ConverseReader(ACCOUNT).read_whole(body)


@pytest.mark.parametrize(
    ("model", "quoted"),
    [
        ("us.amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1%3A0"),
        ("arn:aws:bedrock:eu-west-1:1:prompt/x", "arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Aprompt%2Fx"),
    ],
)
def test_the_model_is_one_segment_of_the_path(model: str, quoted: str) -> None:
    """Whatever stands in its name."""
    assert path(model, True) == f"/model/{quoted}/converse-stream"
    assert BEDROCK_CONVERSE.path(model, False) == f"/model/{quoted}/converse"


ANSWER = b"".join(
    [
        event("messageStart", {"role": "assistant"}),
        delta({"reasoningContent": {"text": "Hm\u2028 \u00e9\U0001f600"}}),
        delta({"reasoningContent": {"signature": "s"}}),
        end(),
        delta({"text": "J\u00f6rg \U0001f600 \u2028 says"}, 1),
        end(1),
        start("toolUse", {"toolUseId": "x", "name": "add"}, 2),
        delta({"toolUse": {"input": '{"a": "\U0001f600"}'}}, 2),
        end(2),
        stop("tool_use"),
        METADATA,
    ]
)


@given(cut_anywhere(ANSWER))
def test_however_the_bytes_are_cut_the_deltas_are_the_same(chunks: list[bytes]) -> None:
    """Inside a length, a character, a number: the same deltas, and the reply they fold to."""
    deltas = read(*chunks)
    assert deltas == read(ANSWER)
    assert folded(deltas) == Reply(
        (
            Thinking("Hm\u2028 \u00e9\U0001f600", "s"),
            Text("J\u00f6rg \U0001f600 \u2028 says"),
            ToolCall("c.0", "add", {"a": "\U0001f600"}, "x"),
        ),
        "tool_calls",
        Usage(5, 2),
        "tool_use",
    )


@given(st.integers(0, len(ANSWER) - len(METADATA) - 1))
def test_wherever_a_stream_is_cut_off_it_is_not_whole(length: int) -> None:
    """Half an answer raises, at every length."""
    with pytest.raises(Incomplete):
        read(ANSWER[:length])


FIELDS = [
    "contentBlockIndex", "start", "delta", "text", "toolUse", "toolUseId", "name", "input", "type", "toolResult",
    "reasoningContent", "signature", "redactedContent", "reasoningText", "citation", "citationsContent", "citations",
    "content", "image", "format", "source", "bytes", "s3Location", "uri", "stopReason", "usage", "output", "message",
]  # fmt: skip
SHAPES = st.recursive(
    JSON | st.sampled_from([*FIELDS, "server_tool_use", "AAAA", "{}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=8,
)
EVENTS = ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]


@given(
    st.lists(st.tuples(st.sampled_from(EVENTS), st.dictionaries(st.sampled_from(FIELDS), SHAPES)), max_size=4), SHAPES
)
def test_no_shape_raises_anything_but_our_errors(events: list[tuple[str, dict[str, Any]]], inner: object) -> None:
    """Whatever JSON a provider sends, whole or as an event, it is deltas that fold, or an error of ours."""
    with suppress(BackendError):
        folded(read(*[event(name, {"contentBlockIndex": 0, **fields}) for name, fields in events], stop()))
    for kind in ("start", "delta"):
        with suppress(BackendError):
            name = f"contentBlock{kind.capitalize()}"
            folded(read(event(name, {"contentBlockIndex": 0, kind: inner}), end(), stop()))
    with suppress(BackendError):
        body = {"output": {"message": {"content": inner}}, "stopReason": "end_turn"}
        folded(ConverseReader(ACCOUNT).read_whole(to_json(body)))


@given(st.binary())
def test_no_bytes_raise_anything_but_misunderstood_or_incomplete(data: bytes) -> None:
    """Noise in the place of a stream, of one event's payload, and of a body."""
    for reading in (
        lambda: read(data),
        lambda: read(told(data, message_type="event", event_type="contentBlockDelta")),
        lambda: ConverseReader(ACCOUNT).read(AwsMessage(data, {":message-type": "event", ":event-type": "metadata"})),
        lambda: ConverseReader(ACCOUNT).read_whole(data),
    ):
        with suppress(Misunderstood, Incomplete):
            reading()
