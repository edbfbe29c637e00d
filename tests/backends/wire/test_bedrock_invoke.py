"""Answers of InvokeModel: whose they are is found out, and each family's are read, cut anywhere, well-formed or not."""
# JSON of any shape is taken apart here.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from loopbus.backends.contract import Delta, Reply, StopReason
from loopbus.backends.errors import BackendError, Busy, Incomplete, Misunderstood
from loopbus.backends.fold import ReplyFold
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.aws_event_stream import AwsEventReader
from loopbus.backends.wire.bedrock_invoke import BEDROCK_INVOKE, InvokeReader
from loopbus.events.content import Text, ToolCall
from loopbus.events.usage import Usage

from ..cuts import cut_anywhere
from .aws_messages import chunk, event, exception, told
from .test_objects import JSON

ACCOUNT = Account("acme")
METRICS = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 5, "outputTokenCount": 2}}
CALL = ToolCall("c.0", "add", {"a": 1}, "t1")


def read(*data: bytes) -> list[Delta]:
    """The deltas of a whole stream."""
    frames, reader = AwsEventReader(), InvokeReader(ACCOUNT)
    found = [each for part in data for frame in frames.feed(part) for each in reader.read(frame)]
    frames.close()
    return found + list(reader.finish())


def folded(deltas: Iterable[Delta]) -> Reply:
    """The reply."""
    fold = ReplyFold("c")
    for each in deltas:
        fold.add(each)
    return fold.reply()


def streamed(*chunks: Mapping[str, Any]) -> Reply:
    """The reply of a stream of chunks."""
    return folded(read(*map(chunk, chunks)))


def whole(answer: Mapping[str, Any]) -> Reply:
    """The reply of an answer that was not streamed."""
    return folded(InvokeReader(ACCOUNT).read_whole(to_json(answer)))


def test_claude_answers_as_in_messages() -> None:
    """Events and bodies are the same; they only travel in other frames."""
    use = {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}}
    usage = {"input_tokens": 5, "output_tokens": 2}
    message: dict[str, Any] = {"type": "message", "role": "assistant", "usage": usage}
    expected = Reply((Text("hi"), CALL), "tool_calls", Usage(5, 2), "tool_use")
    assert whole({**message, "content": [{"type": "text", "text": "hi"}, use], "stop_reason": "tool_use"}) == expected
    assert (
        streamed(
            {"type": "message_start", "message": {**message, "content": []}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
            {"type": "content_block_stop", "index": 0},
            {"type": "content_block_start", "index": 1, "content_block": {**use, "input": {}}},
            {
                "type": "content_block_delta",
                "index": 1,
                "delta": {"type": "input_json_delta", "partial_json": '{"a": 1}'},
            },
            {"type": "content_block_stop", "index": 1},
            {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 2}},
            {"type": "message_stop", **METRICS},
        )
        == expected
    )


def test_nova_answers_as_in_converse() -> None:
    """But its chunks name their event themselves, and its counts have names of their own."""
    usage = {"inputTokens": 5, "outputTokens": 2, "cacheReadInputTokenCount": 10, "cacheWriteInputTokenCount": 0}
    use: dict[str, Any] = {"toolUseId": "t1", "name": "add"}
    content = [{"text": "hi"}, {"toolUse": {**use, "input": {"a": 1}}}]
    expected = Reply((Text("hi"), CALL), "tool_calls", Usage(15, 2, 10), "tool_use")
    assert whole({"output": {"message": {"content": content}}, "stopReason": "tool_use", "usage": usage}) == expected
    assert (
        streamed(
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "hi"}}},
            {"contentBlockStop": {"contentBlockIndex": 0}},
            {"contentBlockStart": {"contentBlockIndex": 1, "start": {"toolUse": use}}},
            {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '{"a": 1}'}}}},
            {"contentBlockStop": {"contentBlockIndex": 1}},
            {"messageStop": {"stopReason": "tool_use"}},
            {"metadata": {"usage": usage}, **METRICS},
        )
        == expected
    )


def test_newer_models_answer_as_in_chat_completions() -> None:
    """Jamba, gpt-oss, Qwen: the same chunks; Mistral calls the reason otherwise."""
    function = {"name": "add", "arguments": '{"a": 1}'}
    call = {"index": 0, "id": "t1", "type": "function", "function": function}
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    expected = Reply((Text("hi"), CALL), "tool_calls", Usage(5, 2), "tool_calls")
    for reason in ("finish_reason", "stop_reason"):
        message = {"role": "assistant", "content": "hi", "tool_calls": [call]}
        assert whole({"choices": [{"index": 0, "message": message, reason: "tool_calls"}], "usage": usage}) == expected
        assert (
            streamed(
                {"choices": [{"index": 0, "delta": {"content": "hi"}}]},
                {"choices": [{"index": 0, "delta": {"tool_calls": [call]}, reason: "tool_calls"}]},
                {"choices": [], "usage": usage, **METRICS},
            )
            == expected
        )


def test_cohere_answers_as_in_the_first_version_of_its_chat() -> None:
    """The same events, each in a chunk."""
    answer = {"generation_id": "g", "text": "hi", "finish_reason": "COMPLETE", "chat_history": []}
    assert whole({**answer, "response_id": "r"}).content == (Text("hi"),)
    reply = streamed(
        {"event_type": "stream-start", "is_finished": False},
        {"event_type": "text-generation", "text": "hi", "is_finished": False},
        {"event_type": "stream-end", "finish_reason": "COMPLETE", "response": answer, "is_finished": True, **METRICS},
    )
    assert (reply.content, reply.raw_stop) == ((Text("hi"),), "COMPLETE")


@pytest.mark.parametrize(
    ("answer", "usage", "stop", "raw"),
    [
        (
            {"generation": "hi", "stop_reason": "stop", "prompt_token_count": 5, "generation_token_count": 2},
            Usage(5, 2),
            "end",
            "stop",
        ),
        (
            {
                "inputTextTokenCount": 5,
                "results": [{"tokenCount": 2, "outputText": "hi", "completionReason": "LENGTH"}],
            },
            Usage(5, 2),
            "length",
            "LENGTH",
        ),
        ({"outputs": [{"text": "hi", "stop_reason": "stop"}]}, Usage(), "end", "stop"),
        ({"choices": [{"text": "hi", "stop_reason": "length"}]}, Usage(), "length", "length"),
        ({"generations": [{"text": "hi", "finish_reason": "COMPLETE"}]}, Usage(), "end", "COMPLETE"),
        ({"completion": "hi", "stop_reason": "stop_sequence"}, Usage(), "stop_sequence", "stop_sequence"),
        (
            {"completions": [{"data": {"text": "hi"}, "finishReason": {"reason": "endoftext"}}]},
            Usage(),
            "end",
            "endoftext",
        ),
    ],
)
def test_models_that_continue_a_text_answer_each_in_its_own_shape(
    answer: dict[str, Any], usage: Usage, stop: StopReason, raw: str
) -> None:
    """Llama, Titan, Mistral, DeepSeek, Cohere Command, Claude's old completions, Jurassic."""
    assert whole(answer) == Reply((Text("hi"),), stop, usage, raw)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (
            {"generation": "h", "prompt_token_count": 5, "generation_token_count": 1, "stop_reason": None},
            {"generation": "i", "prompt_token_count": None, "generation_token_count": 2, "stop_reason": "stop"},
        ),
        (
            {"outputText": "h", "inputTextTokenCount": 5, "totalOutputTextTokenCount": None, "completionReason": None},
            {"outputText": "i", "inputTextTokenCount": None, "completionReason": "FINISH"},
        ),
        ({"outputs": [{"text": "h", "stop_reason": None}]}, {"outputs": [{"text": "i", "stop_reason": "stop"}]}),
        ({"choices": [{"text": "h", "stop_reason": None}]}, {"choices": [{"text": "i", "stop_reason": "stop"}]}),
        ({"text": "h", "is_finished": False}, {"text": "i", "is_finished": True, "finish_reason": "COMPLETE"}),
        ({"completion": "h", "stop_reason": None}, {"completion": "i", "stop_reason": "end_turn"}),
    ],
)
def test_their_streams_are_counted_by_bedrock(first: dict[str, Any], last: dict[str, Any]) -> None:
    """Some count themselves, all get Bedrock's own counts with the last chunk, and nothing follows that."""
    reply = streamed(first, {**last, **METRICS})
    assert (reply.content, reply.stop, reply.usage) == ((Text("hi"),), "end", Usage(5, 2))


@pytest.mark.parametrize(
    "chunks",
    [
        [{"generation": "h", "stop_reason": "stop"}, {"generation": "", **METRICS}],
        [{"messageStart": {}, "messageStop": {"stopReason": "end_turn"}}, {"metadata": {}, **METRICS}],
    ],
)
def test_nothing_follows_the_counts_of_bedrock(chunks: list[dict[str, Any]]) -> None:
    """The connection need not be waited for."""
    reader = InvokeReader(ACCOUNT)
    states = [(reader.stopped, reader.done)]
    for value in chunks:
        for frame in AwsEventReader().feed(chunk(value)):
            reader.read(frame)
        states.append((reader.stopped, reader.done))
    assert states == [(False, False), (True, False), (True, True)]


def test_old_completions_of_claude_may_have_a_type() -> None:
    """By which they would be taken for messages."""
    told = {"type": "completion", "completion": "hi", "stop_reason": "stop_sequence", "stop": "Human:"}
    for reply in (whole(told), streamed(told)):
        assert (reply.content, reply.stop, reply.raw_stop) == ((Text("hi"),), "stop_sequence", "stop_sequence")


def test_a_guardrail_ends_the_answer_that_it_gives_itself() -> None:
    """The model has no reason to stop then: it never began."""
    action = {"amazon-bedrock-guardrailAction": "INTERVENED"}
    reply = streamed({"outputText": "Sorry", "inputTextTokenCount": 6.0, **action})
    assert (reply.content, reply.stop, reply.usage) == ((Text("Sorry"),), "content_filter", Usage(6))
    with pytest.raises(Incomplete):
        streamed({"outputText": "half", "amazon-bedrock-guardrailAction": "NONE"})


def test_half_an_answer_is_incomplete() -> None:
    """Of whatever family, and before the first chunk too."""
    for chunks in (
        [],
        [{"generation": "half"}],
        [{"messageStart": {}}],
        [{"choices": []}],
        [{"type": "message_start"}],
    ):
        with pytest.raises((Incomplete, Misunderstood)):
            streamed(*chunks)
    with pytest.raises(Incomplete):
        whole({"generation": "half", "stop_reason": None})


def test_an_exception_inside_the_stream_is_raised() -> None:
    """Before the first chunk or after it."""
    slow = exception("throttlingException", {"message": "slow down"})
    for before in (b"", chunk({"generation": "half"})):
        with pytest.raises(Busy, match="slow down"):
            read(before, slow)


def test_events_that_are_no_chunks_say_nothing() -> None:
    """What AWS may add to its streams."""
    assert folded(read(event("weather", {}), chunk({"generation": "hi", "stop_reason": "stop"}))).content == (
        Text("hi"),
    )


@pytest.mark.parametrize(
    "data",
    [
        event("chunk", {}),
        event("chunk", {"bytes": 5}),
        event("chunk", {"bytes": "%"}),
        chunk({"hologram": 1}),
        chunk({"generation": 5}),
        chunk({"outputs": []}),
        chunk({"generation": "hi", "amazon-bedrock-invocationMetrics": 5}),
        chunk({"choices": 5}),
    ],
)
def test_a_chunk_of_the_wrong_shape_is_misunderstood(data: bytes) -> None:
    """Base64 or JSON that is none, and JSON of nobody's shape."""
    with pytest.raises(Misunderstood, match="acme sent what"):
        read(data)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"message": "no"}'])
def test_a_body_that_is_no_answer_is_never_an_empty_one(body: bytes) -> None:
    """A page of a proxy, or an object of another kind."""
    with pytest.raises(Misunderstood):
        InvokeReader(ACCOUNT).read_whole(body)


def test_the_path_says_whether_to_stream() -> None:
    """The body does not."""
    assert BEDROCK_INVOKE.path("a:0", True) == "/model/a%3A0/invoke-with-response-stream"
    assert BEDROCK_INVOKE.path("a:0", False) == "/model/a%3A0/invoke"


ANSWER = b"".join(
    [
        chunk({"generation": "J\u00f6rg \U0001f600 ", "prompt_token_count": 5, "stop_reason": None}),
        chunk({"generation": "\u2028 says", "generation_token_count": 2, "stop_reason": "stop", **METRICS}),
    ]
)


@given(cut_anywhere(ANSWER))
def test_however_the_bytes_are_cut_the_deltas_are_the_same(chunks: list[bytes]) -> None:
    """Inside a length, a character, a number: the same deltas, and the reply they fold to."""
    assert read(*chunks) == read(ANSWER)
    assert folded(read(*chunks)).content == (Text("J\u00f6rg \U0001f600 \u2028 says"),)


FIELDS = [
    "type", "output", "messageStart", "contentBlockDelta", "contentBlockIndex", "delta", "event_type", "generation_id",
    "generation", "stop_reason", "outputText", "results", "outputs", "choices", "message", "finish_reason", "text",
    "generations", "is_finished", "completion", "completions", "amazon-bedrock-invocationMetrics", "inputTokenCount",
]  # fmt: skip
SHAPES = st.recursive(
    JSON | st.sampled_from(FIELDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), SHAPES, min_size=1), min_size=1, max_size=3))
def test_no_shape_raises_anything_but_our_errors(answers: list[dict[str, Any]]) -> None:
    """Whatever JSON a model sends, whole or in chunks, it is deltas that fold, or an error of ours."""
    with suppress(BackendError):
        streamed(*answers)
    for answer in answers:
        with suppress(BackendError):
            whole(answer)


@given(st.binary())
def test_no_bytes_raise_anything_but_misunderstood_or_incomplete(data: bytes) -> None:
    """Noise in the place of a stream, of a message's payload, and of a body."""
    for reading in (
        lambda: read(data),
        lambda: read(told(data, message_type="event", event_type="chunk")),
        lambda: InvokeReader(ACCOUNT).read_whole(data),
    ):
        with suppress(Misunderstood, Incomplete):
            reading()
