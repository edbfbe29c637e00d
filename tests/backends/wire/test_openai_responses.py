"""Answers of the Responses API: every kind of item, streamed or whole, cut anywhere, well-formed or not."""
# JSON of any shape is taken apart here.
# pyright: reportArgumentType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false, reportUnknownVariableType=false

from collections.abc import Iterable
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
from loopbus.backends.errors import BackendError, Broken, Busy, ContextOverflow, Incomplete, Misunderstood, Refused
from loopbus.backends.fold import ReplyFold
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.openai_responses import OPENAI_RESPONSES, ResponsesReader
from loopbus.backends.wire.sse import Frame, SseReader
from loopbus.events.content import Image, Opaque, Refusal, Text, Thinking, ToolCall
from loopbus.events.usage import Usage

from ..cuts import cut_anywhere
from .test_objects import JSON

Json = dict[str, Any]

ACCOUNT = Account("acme")


def piece(kind: str, delta: str, index: int | None = 0, **fields: Any) -> Json:
    """An event that tells some more of an item."""
    return {"type": f"response.{kind}.delta", "delta": delta, "output_index": index, **fields}


def added(item: Json, index: int | None = 0) -> Json:
    """The event that opens an item."""
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def closed(item: Json, index: int | None = 0) -> Json:
    """The event that closes an item."""
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def ended(*output: Json, status: str = "completed", **fields: Any) -> Json:
    """The event that ends a response."""
    return {"type": f"response.{status}", "response": {"status": status, "output": output, **fields}}


def message(*parts: Json, **fields: Any) -> Json:
    """An item that holds what the model says."""
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": list(parts), **fields}


def said(text: str, **fields: Any) -> Json:
    """A part of a message."""
    return {"type": "output_text", "text": text, **fields}


def call(arguments: str = "", **fields: Any) -> Json:
    """An item that wishes for a tool."""
    return {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "add", "arguments": arguments, **fields}


def read(*events: object) -> list[Delta]:
    """The deltas of a stream that ends after ``events``."""
    reader = ResponsesReader(ACCOUNT)
    return [delta for value in events for delta in reader.read(Frame(to_json(value)))] + list(reader.finish())


def read_bytes(*chunks: bytes) -> list[Delta]:
    """The deltas of a whole stream of bytes."""
    frames, reader = SseReader(), ResponsesReader(ACCOUNT)
    found = [delta for data in chunks for frame in frames.feed(data) for delta in reader.read(frame)]
    return found + list(reader.finish())


def whole(*output: Json, status: str = "completed", **fields: Any) -> list[Delta]:
    """The deltas of an answer that was not streamed."""
    return ResponsesReader(ACCOUNT).read_whole(to_json({"status": status, "output": output, **fields}))


def folded(deltas: Iterable[Delta]) -> Reply:
    """The reply."""
    fold = ReplyFold("c")
    for delta in deltas:
        fold.add(delta)
    return fold.reply()


def test_text_comes_as_it_is_written() -> None:
    """Piece by piece, empty pieces left out; what repeats it at its end is not told again."""
    assert read(
        {"type": "response.created", "response": {"status": "in_progress", "error": None}},
        added(message()),
        piece("output_text", ""),
        piece("output_text", "a"),
        piece("output_text", "b"),
        {"type": "response.output_text.done", "text": "ab", "output_index": 0},
        closed(message(said("ab"))),
        ended(message(said("ab"))),
    ) == [TextPiece("a"), TextPiece("b"), StopPiece("end", "completed")]


@pytest.mark.parametrize(
    "events",
    [
        [closed(message(said("hi"))), ended()],
        [ended(message(said("hi")))],
        [piece("output_text", "hi"), ended(message(said("hi")))],
        [piece("output_text", "hi", 0, item_id="a"), closed(message(said("hi"), id="b")), ended(message(id="c"))],
        [piece("output_text", "hi", None, item_id="msg_1"), closed(message(said("hi")), None), ended(message())],
        [piece("output_text", "hi", 0, item_id="msg_1"), closed(message(said("hi")), None), ended(message())],
        [closed(message(said("hi")), None), ended({"type": "message", "id": "msg_1", "content": [said("hi")]})],
    ],
)
def test_what_a_server_tells_once_or_often_is_told_once(events: list[Json]) -> None:
    """In pieces, when the item closes, in the last event: any may be missing, and ids may change on the way."""
    assert folded(read(*events)).content == (Text("hi"),)


def test_a_call_is_assembled_from_its_pieces() -> None:
    """Two at a time, each under its place in the output; their answer is asked for."""
    deltas = read(
        added(call()),
        added(call(call_id="c2", name="sub"), 1),
        piece("function_call_arguments", '{"a"'),
        piece("function_call_arguments", "{}", 1),
        piece("function_call_arguments", ": 1}"),
        {"type": "response.function_call_arguments.done", "arguments": '{"a": 1}', "output_index": 0},
        closed(call('{"a": 1}')),
        closed(call("{}", call_id="c2", name="sub"), 1),
        ended(call('{"a": 1}'), call("{}", call_id="c2", name="sub", id="fc_2")),
    )
    assert deltas[0] == ToolCallPiece(0, "c1", "add")
    assert folded(deltas).content == (ToolCall("c.0", "add", {"a": 1}, "c1"), ToolCall("c.1", "sub", {}, "c2"))
    assert deltas[-1] == StopPiece("tool_calls", "completed")


@pytest.mark.parametrize(
    "events",
    [
        [closed(call('{"a": 1}')), ended()],
        [added(call()), ended(call('{"a": 1}'))],
        [piece("function_call_arguments", '{"a": 1}'), closed(call('{"a": 1}')), ended()],
        [added(call('{"a": 1}')), piece("function_call_arguments", '{"a": 1}'), closed(call('{"a": 1}')), ended()],
        [added(call()), closed(call('{"a": 1}', id="fc_9", call_id="c9")), ended()],
    ],
)
def test_a_call_is_whole_whichever_event_tells_it(events: list[Json]) -> None:
    """Servers leave out what they like of opening, pieces and closing."""
    assert folded(read(*events)).content == (ToolCall("c.0", "add", {"a": 1}, "c1"),)


def test_whole_calls_keep_what_must_go_back_beside_them() -> None:
    """A call without an id of its own goes by that of its item."""
    reply = folded(whole(call("{}", call_id=None, namespace="crm"), call('{"a": 1}', id=None)))
    assert reply.content == (
        ToolCall("c.0", "add", {}, "fc_1"),
        Opaque("acme", {"type": "function_call", "call_id": "fc_1", "namespace": "crm"}),
        ToolCall("c.1", "add", {"a": 1}, "c1"),
    )


def test_a_summary_is_thinking_and_the_seal_goes_back() -> None:
    """Its parts are paragraphs. Without its id: under that, the provider would look for what it does not store."""
    item: Json = {"type": "reasoning", "id": "rs_1", "status": "completed", "encrypted_content": "s3al"}
    item["summary"] = [{"type": "summary_text", "text": "So."}, {"type": "summary_text", "text": "Yes."}]
    carried = Opaque("acme", {"type": "reasoning", "summary": item["summary"], "encrypted_content": "s3al"})
    told = read(
        added({"type": "reasoning", "id": "rs_1", "summary": []}),
        piece("reasoning_summary_text", "S", summary_index=0),
        piece("reasoning_summary_text", "o.", summary_index=0),
        piece("reasoning_summary_text", "Yes.", summary_index=1),
        closed(item),
        piece("reasoning_summary_text", "Next.", 1, summary_index=0),
        ended(),
    )
    assert folded(told).content == (Thinking("So.\n\nYes."), carried, Thinking("Next."))
    assert folded(whole(item)).content == (Thinking("So.\n\nYes."), carried)


def test_open_reasoning_goes_back_as_it_came() -> None:
    """Under its id too: who shows its reasoning has nothing sealed to look it up for."""
    item: Json = {"type": "reasoning", "id": "rs_1", "encrypted_content": None}
    item["content"] = [{"type": "reasoning_text", "text": "Hm."}]
    carried = Opaque("acme", {"summary": [], "type": "reasoning", "id": "rs_1", "content": item["content"]})
    assert folded(whole(item)).content == (Thinking("Hm."), carried)
    assert folded(read(piece("reasoning_text", "Hm.", content_index=0), closed(item), ended())).content == (
        Thinking("Hm."),
        carried,
    )


def test_reasoning_that_is_told_twice_is_told_once() -> None:
    """As itself and as its summary: the first to speak is heard. A summary with no seal has nothing to go back."""
    item: Json = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}
    deltas = read(
        piece("reasoning_summary_text", "Hm.", summary_index=0), piece("reasoning_text", "Hm."), closed(item), ended()
    )
    assert deltas[:-1] == [ThinkingPiece("Hm.")]


def test_thinking_after_something_else_begins_anew() -> None:
    """A paragraph is a matter of one block; without a seal between, two summaries are one."""
    item: Json = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}
    spoken = message(said("a"))
    assert folded(whole(item, spoken, item)).content == (Thinking("Hm."), Text("a"), Thinking("Hm."))
    assert folded(whole(item, item)).content == (Thinking("Hm.\n\nHm."),)


def test_a_refusal_is_a_block_and_a_reason() -> None:
    """Streamed or whole; the provider's own word for the stop stays."""
    item = message({"type": "refusal", "refusal": "I cannot"})
    expected = [BlockPiece(Refusal("I cannot")), StopPiece("refusal", "completed")]
    assert read(piece("refusal", "I can"), piece("refusal", "not"), closed(item), ended(item)) == expected
    assert whole(item) == expected


def test_what_stands_beside_the_text_is_kept_behind_it() -> None:
    """The phase, which goes back; sources, and parts that nobody knows yet."""
    note: Json = {"type": "url_citation", "url": "https://x"}
    item = message(said("a", annotations=[note]), {"type": "hologram"}, phase="commentary")
    beside: JsonValue = {
        "type": "message",
        "phase": "commentary",
        "annotations": [note],
        "content": [{"type": "hologram"}],
    }
    expected = (Text("a"), Opaque("acme", beside), Text("b"))
    assert folded(whole(item, message(said("b", annotations=[])))).content == expected
    assert (
        folded(read(piece("output_text", "a"), closed(item), piece("output_text", "b", 1), ended())).content == expected
    )


@pytest.mark.parametrize(("told", "kind"), [(None, "png"), ("jpeg", "jpeg"), ("svg", "svg+xml")])
def test_a_picture_is_a_picture(told: str | None, kind: str) -> None:
    """The rest of its item stands beside it, without the same bytes again."""
    item: Json = {"type": "image_generation_call", "id": "ig_1", "output_format": told, "result": "cG5n"}
    rest: JsonValue = {"type": "image_generation_call", "id": "ig_1", "output_format": told}
    assert folded(whole(item)).content == (Image(f"image/{kind}", data=b"png"), Opaque("acme", rest))
    assert folded(whole({**item, "result": None})).content == (Opaque("acme", rest),)


@pytest.mark.parametrize(
    "kind", ["web_search_call", "file_search_call", "code_interpreter_call", "mcp_call", "custom_tool_call", "hologram"]
)
def test_what_the_provider_did_is_kept_whole(kind: str) -> None:
    """Its own tools, calls of custom ones, and items that nobody knows yet. None of them is a call for us."""
    item: JsonValue = {"type": kind, "id": "x_1", "status": "completed", "input": "ls"}
    deltas = read({"type": f"response.{kind}.in_progress", "output_index": 0}, closed(item), ended(item))
    assert deltas == [BlockPiece(Opaque("acme", item)), StopPiece("end", "completed")]


@pytest.mark.parametrize(
    ("status", "details", "reason", "raw"),
    [
        ("completed", None, "end", "completed"),
        ("incomplete", {"reason": "max_output_tokens"}, "length", "incomplete:max_output_tokens"),
        ("incomplete", {"reason": "content_filter"}, "content_filter", "incomplete:content_filter"),
        ("incomplete", {"reason": "steered"}, "length", "incomplete:steered"),
        ("incomplete", None, "length", "incomplete"),
        ("completed", {"reason": "max_output_tokens"}, "length", "incomplete:max_output_tokens"),
        ("sideways", None, "other", "sideways"),
    ],
)
def test_a_stop_is_told_in_our_words_and_in_theirs(
    status: str, details: Json | None, reason: StopReason, raw: str
) -> None:
    """Whatever makes an answer incomplete, it was cut."""
    assert whole(message(said("a")), status=status, incomplete_details=details)[-1] == StopPiece(reason, raw)
    if status != "sideways":
        assert read(ended(status=status, incomplete_details=details)) == [StopPiece(reason, raw)]


def test_a_call_that_was_cut_never_runs() -> None:
    """Its arguments stay text, and the stop says that the answer is not whole."""
    cut = ended(call('{"a": '), status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    reply = folded(read(added(call()), piece("function_call_arguments", '{"a": '), cut))
    assert reply.content == (ToolCall("c.0", "add", {}, "c1", '{"a": '),)
    assert reply.stop == "length"


def test_half_an_answer_is_incomplete() -> None:
    """No last event, no reply: also if the stream ends as politely as can be."""
    reader = ResponsesReader(ACCOUNT)
    frames = SseReader().feed(b"data: " + to_json(piece("output_text", "half")) + b"\n\ndata: [DONE]\n\n")
    assert [delta for frame in frames for delta in reader.read(frame)] == [TextPiece("half")]
    assert (reader.done, reader.stopped) == (True, False)
    with pytest.raises(Incomplete, match="acme ended in the middle of the reply"):
        reader.finish()


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_an_answer_that_is_still_being_written_is_incomplete(status: str) -> None:
    """It runs in the background; what is there is not the reply."""
    with pytest.raises(Incomplete, match=status):
        whole(message(said("half")), status=status)


def test_an_answer_that_was_called_off_is_broken() -> None:
    """Somebody cancelled it at the provider."""
    with pytest.raises(Broken, match="cancelled"):
        read(piece("output_text", "half"), ended(status="cancelled"))


def test_the_last_event_ends_the_stream() -> None:
    """Nothing follows it: the connection may go."""
    reader = ResponsesReader(ACCOUNT)
    reader.read(Frame(to_json(ended(message(said("a"))))))
    assert (reader.done, reader.stopped) == (True, True)


def test_the_name_of_an_event_may_stand_before_it() -> None:
    """Where the data do not say it."""
    reader = ResponsesReader(ACCOUNT)
    assert reader.read(Frame(b'{"delta": "a", "output_index": 0}', b"response.output_text.delta")) == [TextPiece("a")]
    assert reader.read(Frame(b"")) == []


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"type": "error", "code": "rate_limit_exceeded", "message": "slow down"}, Busy),
        ({"type": "error", "code": None, "message": "oops"}, Broken),
        ({"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}, Refused),
        ({"error": {"message": "slow down", "code": 429}}, Busy),
        (ended(status="failed", error={"code": "server_error", "message": "oops"}), Broken),
        (ended(status="failed", error={"code": "server_is_overloaded", "message": "oops"}), Busy),
        (ended(status="failed", error={"code": "rate_limit_exceeded", "message": "oops"}), Busy),
        (ended(status="failed", error={"code": "invalid_prompt", "message": "no"}), Refused),
        (ended(status="failed", error={"code": "context_length_exceeded", "message": "no"}), ContextOverflow),
        (ended(status="failed", error=None), Broken),
    ],
)
def test_an_error_inside_the_stream_is_raised(event: Json, kind: type[BackendError]) -> None:
    """Its class is that of the status it would have had."""
    with pytest.raises(kind) as caught:
        read(piece("output_text", "half"), event)
    assert type(caught.value) is kind
    assert caught.value.provider == "acme"


def test_an_error_with_status_200_is_raised() -> None:
    """A response that failed, in the provider's words."""
    with pytest.raises(Busy, match="slow down"):
        whole(status="failed", error={"code": "rate_limit_exceeded", "message": "slow down"})
    with pytest.raises(Broken, match="the response failed"):
        whole(status="failed")


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"choices": []},
        {"type": 5},
        {"type": []},
        {"type": "response.output_text.delta"},
        {**piece("output_text", ""), "delta": 5},
        {**piece("output_text", "a"), "output_index": []},
        {**piece("function_call_arguments", ""), "delta": 5},
        added({}),
        added({"type": "function_call"}),
        closed({"type": 5}),
        closed({"type": "message", "content": 5}),
        closed({"type": "reasoning", "summary": [5]}),
        closed({"type": "image_generation_call", "result": 5}),
        {"type": "response.completed"},
        ended(status="incomplete", incomplete_details={"reason": 5}),
        ended(usage=5),
    ],
)
def test_an_event_of_the_wrong_shape_is_misunderstood(event: Json) -> None:
    """The error quotes the frame, so that one can see what came."""
    with pytest.raises(Misunderstood, match="acme sent what is no response") as caught:
        read(event)
    assert caught.value.frame == to_json(event)


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"{}", b'{"choices": []}', b'{"status": "completed"}', b'{"output": []}']
)
def test_a_body_that_is_no_response_is_never_an_empty_answer(body: bytes) -> None:
    """A page of a proxy, or an object of another kind."""
    with pytest.raises(Misunderstood):
        ResponsesReader(ACCOUNT).read_whole(body)


def test_usage_is_told_with_the_stop() -> None:
    """In the last event."""
    assert read(ended(usage={"input_tokens": 1})) == [UsagePiece(Usage(1)), StopPiece("end", "completed")]


STREAM = b"".join(
    b"event: " + str(value["type"]).encode() + b"\ndata: " + to_json(value) + b"\n\n"
    for value in (
        piece("reasoning_summary_text", "Hm\u2028 \u00e9", summary_index=0),
        closed({"type": "reasoning", "summary": [], "encrypted_content": "s3al"}),
        piece("output_text", "J\u00f6rg \U0001f600 \u2028 says", 1),
        added(call(), 2),
        piece("function_call_arguments", '{"a": "\U0001f600"}', 2),
        ended(usage={"input_tokens": 1, "output_tokens": 2}),
    )
)


@given(st.data(), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_however_the_bytes_are_cut_the_deltas_are_the_same(data: st.DataObject, end: bytes) -> None:
    """Inside a character, a line end, a number: the same deltas, and the reply they fold to."""
    deltas = read_bytes(*data.draw(cut_anywhere(STREAM.replace(b"\n", end))))
    assert deltas == read_bytes(STREAM)
    assert folded(deltas) == Reply(
        (
            Thinking("Hm\u2028 \u00e9"),
            Opaque("acme", {"summary": [], "type": "reasoning", "encrypted_content": "s3al"}),
            Text("J\u00f6rg \U0001f600 \u2028 says"),
            ToolCall("c.0", "add", {"a": "\U0001f600"}, "c1"),
        ),
        "tool_calls",
        Usage(1, 2),
        "completed",
    )


@given(st.integers(0, len(STREAM) - 2))
def test_wherever_a_stream_is_cut_off_it_is_not_whole(length: int) -> None:
    """Half an answer raises, at every length."""
    with pytest.raises(Incomplete):
        read_bytes(STREAM[:length])


FIELDS = [
    "type", "item", "output_index", "item_id", "id", "delta", "response", "output", "status", "usage", "error", "code",
    "message", "content", "summary", "text", "refusal", "annotations", "arguments", "name", "call_id", "result",
    "output_format", "encrypted_content", "incomplete_details", "reason", "input_tokens_details", "phase",
]  # fmt: skip
READ = ResponsesReader._events, ResponsesReader._items  # pyright: ignore[reportPrivateUsage]  # every kind there is
KINDS = [*READ[0], *READ[1], "output_text", "refusal", "completed", "incomplete", "failed"]
SHAPES = st.recursive(
    JSON | st.sampled_from(KINDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)
EVENTS = st.builds(
    lambda kind, rest: {**rest, "type": kind},
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(FIELDS), SHAPES, max_size=5),
)


@given(st.lists(EVENTS, max_size=4), st.dictionaries(st.sampled_from(FIELDS), SHAPES))
def test_no_shape_raises_anything_but_our_errors(events: list[Json], answer: Json) -> None:
    """Whatever JSON a provider sends, whole or as events, it is deltas that fold, or an error of ours."""
    with suppress(BackendError):
        folded(read(*events))
    with suppress(BackendError):
        folded(read(*(closed(event, None) for event in events), ended(*events)))
    for body in (answer, {**answer, "status": "completed", "output": events}):
        with suppress(BackendError):
            folded(ResponsesReader(ACCOUNT).read_whole(to_json(body)))


@given(st.binary())
def test_no_bytes_raise_anything_but_misunderstood_or_incomplete(data: bytes) -> None:
    """Noise in the place of a stream, of one frame, or of a name."""
    with suppress(Misunderstood, Incomplete):
        folded(read_bytes(data))
    with suppress(Misunderstood, Incomplete):
        folded(ResponsesReader(ACCOUNT).read(Frame(data)))
    if data != b"error":
        with suppress(Misunderstood):
            ResponsesReader(ACCOUNT).read(Frame(b"{}", data))


def test_the_wire_says_where_to_ask() -> None:
    """Under the address of the host, streaming or not."""
    assert OPENAI_RESPONSES.path("m", True) == OPENAI_RESPONSES.path("m", False) == "/responses"
