"""Answers of Anthropic Messages: every part of them, cut anywhere, well-formed or not."""

from collections.abc import Iterable, Sequence
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
    Request,
    StopPiece,
    StopReason,
    TextPiece,
    ToolCallPiece,
    UsagePiece,
)
from loopbus.backends.errors import BackendError, Busy, ContextOverflow, Incomplete, Misunderstood, Refused
from loopbus.backends.fold import ReplyFold
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.anthropic_messages import ANTHROPIC_MESSAGES, ANTHROPIC_VERTEX, MessagesReader, read_usage
from loopbus.backends.wire.sse import Frame, SseReader
from loopbus.events.content import Opaque, Refusal, Text, Thinking, ToolCall
from loopbus.events.usage import Usage

from ..cuts import cut_anywhere
from .test_objects import JSON

Json = dict[str, Any]

ACCOUNT = Account("acme")
START: Json = {"type": "message_start", "message": {"usage": {"input_tokens": 5, "output_tokens": 1}}}
OVER: Json = {"type": "message_stop"}


def begin(index: int, kind: str, **fields: Any) -> Json:
    """A block begins."""
    return {"type": "content_block_start", "index": index, "content_block": {"type": kind, **fields}}


def grow(index: int, kind: str, **fields: Any) -> Json:
    """A block grows."""
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def end(index: int) -> Json:
    """A block ends."""
    return {"type": "content_block_stop", "index": index}


def stop(reason: str = "end_turn", *, usage: Json | None = None, **fields: Any) -> Json:
    """The message's own end is told."""
    return {"type": "message_delta", "delta": {"stop_reason": reason, **fields}, "usage": usage or {}}


def frame(event: object) -> Frame:
    """One event as it arrives."""
    return Frame(to_json(event))


def read(*events: object) -> list[Delta]:
    """The deltas of a stream that ends after ``events``."""
    reader = MessagesReader(ACCOUNT)
    return [delta for event in events for delta in reader.read(frame(event))] + reader.finish()


def whole(*content: object, **message: Any) -> list[Delta]:
    """The deltas of an answer that was not streamed."""
    body = {"type": "message", "content": content, "stop_reason": "end_turn", **message}
    return MessagesReader(ACCOUNT).read_whole(to_json(body))


def folded(deltas: Iterable[Delta]) -> Reply:
    """The reply."""
    fold = ReplyFold("c")
    for delta in deltas:
        fold.add(delta)
    return fold.reply()


def read_bytes(chunks: Sequence[bytes]) -> list[Delta]:
    """The deltas of a whole stream of bytes."""
    frames, reader = SseReader(), MessagesReader(ACCOUNT)
    found = [delta for chunk in chunks for found in frames.feed(chunk) for delta in reader.read(found)]
    return found + reader.finish()


def streamed(*events: Json) -> bytes:
    """Events as the provider sends them."""
    return b"".join(b"event: %s\ndata: %s\n\n" % (event["type"].encode(), to_json(event)) for event in events)


def test_text_comes_as_it_is_written() -> None:
    """Piece by piece, empty pieces left out, the stop last with the provider's own word."""
    assert read(
        begin(0, "text", text=""),
        grow(0, "text_delta", text="a"),
        {"type": "ping"},
        grow(0, "text_delta", text=""),
        grow(0, "text_delta", text="b"),
        end(0),
        stop(),
        OVER,
    ) == [TextPiece("a"), TextPiece("b"), StopPiece("end", "end_turn")]


def test_an_answer_at_once_means_the_same_as_its_stream() -> None:
    """Every kind of block, told in pieces or whole, folds to the same reply."""
    server: Json = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}}
    found: Json = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"url": "https://x"}]}
    hidden: Json = {"type": "redacted_thinking", "data": "zzz"}
    call: Json = {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}}
    pieces = read(
        START,
        begin(0, "thinking", thinking="", signature=""),
        grow(0, "thinking_delta", thinking="hm"),
        grow(0, "signature_delta", signature="sig"),
        end(0),
        {**begin(1, ""), "content_block": hidden},
        end(1),
        {**begin(2, ""), "content_block": {**server, "input": {}}},
        grow(2, "input_json_delta", partial_json='{"query": '),
        grow(2, "input_json_delta", partial_json='"x"}'),
        end(2),
        {**begin(3, ""), "content_block": found},
        end(3),
        begin(4, "text", text=""),
        grow(4, "text_delta", text="a"),
        end(4),
        {**begin(5, ""), "content_block": {**call, "input": {}}},
        grow(5, "input_json_delta", partial_json=""),
        grow(5, "input_json_delta", partial_json='{"a": 1}'),
        end(5),
        stop("tool_use", usage={"output_tokens": 9}),
        OVER,
    )
    thought: Json = {"type": "thinking", "thinking": "hm", "signature": "sig"}
    said: Json = {"type": "text", "text": "a"}
    usage = {"input_tokens": 5, "output_tokens": 9}
    at_once = whole(thought, hidden, server, found, said, call, stop_reason="tool_use", usage=usage)
    assert folded(pieces) == folded(at_once)
    assert folded(pieces) == Reply(
        (
            Thinking("hm", "sig"),
            Opaque("acme", hidden),
            Opaque("acme", server),
            Opaque("acme", found),
            Text("a"),
            ToolCall("c.0", "add", {"a": 1}, "t1"),
        ),
        "tool_calls",
        Usage(5, 9),
        "tool_use",
    )


def test_thoughts_that_are_kept_back_still_have_their_signature() -> None:
    """A model may show nothing of its reasoning; without the signature it could not go on from there."""
    deltas = read(
        begin(0, "thinking", thinking=""), grow(0, "signature_delta", signature="s"), end(0), stop("pause_turn")
    )
    assert folded(deltas).content == (Thinking("", "s"),)


def test_two_thoughts_in_a_row_stay_two() -> None:
    """Each has its own signature."""
    first, second = ({"type": "thinking", "thinking": word, "signature": word.upper()} for word in "ab")
    assert folded(whole(first, second)).content == (Thinking("a", "A"), Thinking("b", "B"))


def test_a_text_with_citations_is_followed_by_itself_with_them() -> None:
    """Readers see plain text; the provider gets its citations back."""
    first, second = ({"url": url} for url in ("https://x", "https://y"))
    deltas = read(
        begin(0, "text", text="", citations=[]),
        grow(0, "citations_delta", citation=first),
        grow(0, "text_delta", text="a"),
        grow(0, "text_delta", text="b"),
        grow(0, "citations_delta", citation=second),
        end(0),
        stop(),
    )
    copy: Json = {"type": "text", "text": "ab", "citations": [first, second]}
    cited = Opaque("acme", copy)
    assert folded(deltas).content == (Text("ab"), cited)
    assert whole(copy)[:-1] == [
        TextPiece("ab"),
        BlockPiece(cited),
    ]
    assert whole({"type": "text", "text": "ab", "citations": None})[:-1] == [TextPiece("ab")]


def test_tool_calls_are_assembled_even_interleaved() -> None:
    """The provider sends one block after the other; not all who speak its wire do."""
    deltas = read(
        begin(0, "tool_use", id="x", name="add", input={}),
        begin(1, "tool_use", id="y", name="sub", input={}),
        grow(0, "input_json_delta", partial_json='{"a"'),
        grow(1, "input_json_delta", partial_json="{}"),
        grow(0, "input_json_delta", partial_json=": 1}"),
        end(0),
        end(1),
        stop("tool_use"),
    )
    assert deltas[0] == ToolCallPiece(0, "x", "add")
    assert folded(deltas).content == (ToolCall("c.0", "add", {"a": 1}, "x"), ToolCall("c.1", "sub", {}, "y"))


def test_arguments_that_come_with_the_call_are_not_lost() -> None:
    """A call by the model's own code arrives whole, though streamed; who calls goes back beside it."""
    caller: JsonValue = {"type": "code_execution_20260120", "tool_id": "s1"}
    deltas = read(begin(0, "tool_use", id="x", name="add", input={"a": 1}, caller=caller), end(0), stop("tool_use"))
    assert folded(deltas).content == (
        ToolCall("c.0", "add", {"a": 1}, "x"),
        Opaque("acme", {"type": "tool_use", "id": "x", "caller": caller}),
    )


def test_arguments_that_come_twice_are_those_that_came_in_pieces() -> None:
    """Some gateways tell them at the start of the block too."""
    deltas = read(
        begin(0, "tool_use", id="x", name="add", input={"a": 1}),
        grow(0, "input_json_delta", partial_json='{"a": 1}'),
        end(0),
        stop("tool_use"),
    )
    assert folded(deltas).content == (ToolCall("c.0", "add", {"a": 1}, "x"),)


def test_a_call_by_the_model_itself_needs_nothing_beside_it() -> None:
    """That it calls directly is what everybody assumes."""
    call: Json = {"type": "tool_use", "id": "x", "name": "add", "input": {}, "caller": {"type": "direct"}}
    assert whole(call)[:-1] == [ToolCallPiece(0, "x", "add")]


def test_arguments_that_were_cut_never_run() -> None:
    """``max_tokens`` may fall into the middle of them; the block still ends, and so does the message."""
    deltas = read(
        begin(0, "tool_use", id="x", name="add", input={}),
        grow(0, "input_json_delta", partial_json='{"a": '),
        end(0),
        stop("max_tokens"),
    )
    reply = folded(deltas)
    assert reply.stop == "length"
    assert reply.content == (ToolCall("c.0", "add", {}, "x", malformed='{"a": '),)


def test_the_input_of_a_server_tool_that_was_cut_stays_as_it_began() -> None:
    """Half of its JSON could not go back."""
    block: Json = {"type": "mcp_tool_use", "id": "s1", "name": "look", "server_name": "docs", "input": {}}
    deltas = read(
        {**begin(0, ""), "content_block": block},
        grow(0, "input_json_delta", partial_json='{"q": '),
        end(0),
        stop("max_tokens"),
    )
    assert deltas[0] == BlockPiece(Opaque("acme", block))


def test_a_compaction_is_kept_with_what_came_for_it() -> None:
    """Its summary replaces what stood before it, once it goes back."""
    deltas = read(
        begin(0, "compaction", content=None),
        grow(0, "compaction_delta", content="so far", encrypted_content=None),
        grow(0, "compaction_delta", content=None, encrypted_content="zzz"),
        end(0),
        stop("compaction"),
    )
    kept: JsonValue = {"type": "compaction", "content": "so far", "encrypted_content": "zzz"}
    assert deltas == [BlockPiece(Opaque("acme", kept)), StopPiece("other", "compaction")]


def test_events_and_deltas_of_unheard_kinds_say_nothing() -> None:
    """The provider announces that it will add some."""
    assert read({"type": "weather"}, begin(0, "text", text=""), grow(0, "mood_delta", mood="good"), end(0), stop()) == [
        StopPiece("end", "end_turn")
    ]


def test_blocks_that_never_ended_end_with_the_message() -> None:
    """Some gateways leave the event out; the stop is what counts."""
    deltas = read(begin(0, "thinking", thinking="hm", signature="s"), stop())
    assert folded(deltas).content == (Thinking("hm", "s"),)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("end_turn", "end"),
        ("stop_sequence", "stop_sequence"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("pause_turn", "pause"),
        ("refusal", "refusal"),
        ("news", "other"),
    ],
)
def test_the_reason_is_told_in_our_words_and_theirs(raw: str, reason: StopReason) -> None:
    """Streamed or whole, known or not."""
    assert read(stop(raw)) == [StopPiece(reason, raw)]
    assert whole(stop_reason=raw) == [StopPiece(reason, raw)]


def test_a_call_makes_the_end_of_a_turn_one_that_waits_for_it() -> None:
    """Whatever word the server has for it."""
    assert whole({"type": "tool_use", "id": "x", "name": "add", "input": {}})[-1] == StopPiece("tool_calls", "end_turn")


def test_a_refusal_is_told_in_the_providers_words_if_it_has_any() -> None:
    """They come apart from the answer, and only sometimes."""
    told = {"type": "refusal", "category": "cyber", "explanation": "Not that."}
    assert read(stop("refusal", stop_details=told)) == [
        BlockPiece(Refusal("Not that.")),
        StopPiece("refusal", "refusal"),
    ]
    assert whole(stop_reason="refusal", stop_details={**told, "explanation": None}) == [StopPiece("refusal", "refusal")]


def test_usage_is_a_running_total_over_several_reports() -> None:
    """The last report counts anew only what changed, and may say null for the rest."""
    first = {"input_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20, "output_tokens": 1}
    last = {"output_tokens": 9, "input_tokens": None, "output_tokens_details": {"thinking_tokens": 4}}
    deltas = read({"type": "message_start", "message": {"usage": first}}, stop(usage=last))
    assert deltas[:-1] == [UsagePiece(Usage(125, 1, 100, 20)), UsagePiece(Usage(125, 9, 100, 20, 4))]


@given(JSON.filter(lambda value: isinstance(value, dict)))
def test_any_counts_are_read_as_counts(counts: Any) -> None:
    """What is no number of tokens counts nothing."""
    with suppress(AttributeError):
        assert read_usage(counts).total_tokens >= 0


def test_an_answer_without_its_stop_is_half_an_answer() -> None:
    """Law 7: the end of the connection, or of the message, is not the end of the answer."""
    reader = MessagesReader(ACCOUNT)
    for event in (START, begin(0, "text", text="a"), end(0), OVER):
        reader.read(frame(event))
    assert reader.done
    assert not reader.stopped
    with pytest.raises(Incomplete, match=r"acme ended in the middle of the reply \(no stop_reason\)"):
        reader.finish()
    with pytest.raises(Incomplete):
        whole({"type": "text", "text": "a"}, stop_reason=None)


def test_the_stop_and_the_end_are_known_when_they_come() -> None:
    """Whoever reads need not wait for the connection to close."""
    reader = MessagesReader(ACCOUNT)
    reader.read(frame(stop()))
    assert (reader.stopped, reader.done) == (True, False)
    reader.read(frame(OVER))
    assert reader.done


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, Busy),
        ({"type": "rate_limit_error", "message": "slow down"}, Busy),
        ({"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"}, ContextOverflow),
        (
            {"type": "invalid_request_error", "message": "input length and `max_tokens` exceed context limit: 9 > 8"},
            ContextOverflow,
        ),
        ({"type": "request_too_large", "message": "Request exceeds the maximum size"}, Refused),
        ({"type": "billing_error", "message": "no credit"}, Refused),
    ],
)
def test_an_error_inside_a_stream_is_what_its_status_would_have_been(error: Json, kind: type[BackendError]) -> None:
    """The connection's own status was 200 by then."""
    reader = MessagesReader(ACCOUNT)
    reader.read(frame(begin(0, "text", text="a")))
    with pytest.raises(BackendError, match=error["message"][:10]) as caught:
        reader.read(frame({"type": "error", "error": error, "request_id": "req_1"}))
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.code) == (None, error["type"])


@pytest.mark.parametrize(
    "sent",
    [
        Frame(b'{"error": {"message": "gone"}}'),
        Frame(b'{"message": "gone"}', b"error"),
        Frame(b'{"type": "error", "message": "gone"}'),
    ],
)
def test_gateways_tell_errors_in_their_own_ways(sent: Frame) -> None:
    """By a field, by the event's name, or without a type of error."""
    with pytest.raises(BackendError, match="gone"):
        MessagesReader(ACCOUNT).read(sent)


def test_an_error_in_the_place_of_an_answer_is_raised() -> None:
    """With a status that says all is well."""
    with pytest.raises(Busy, match="Overloaded"):
        MessagesReader(ACCOUNT).read_whole(
            b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
        )


@pytest.mark.parametrize(
    "event",
    [
        begin(0, "text", text=7),
        begin(0, "tool_use", id="x"),
        grow(0, "text_delta", text="a"),
        end(0),
        {"type": "message_start", "message": "hello"},
        {"type": "message_delta", "delta": {"stop_reason": 7}},
        {"type": ["text"]},
    ],
)
def test_what_is_no_message_is_misunderstood(event: Json) -> None:
    """With the frame, and who sent it."""
    with pytest.raises(Misunderstood, match="acme sent what is no Anthropic message") as caught:
        MessagesReader(ACCOUNT).read(frame(event))
    assert caught.value.frame


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"content": "a"}', b'{"content": [7]}'])
def test_a_body_that_is_no_message_is_misunderstood(body: bytes) -> None:
    """A page, a list, another provider's answer."""
    with pytest.raises(Misunderstood):
        MessagesReader(ACCOUNT).read_whole(body)


def test_a_block_that_makes_no_sense_at_the_end_is_misunderstood() -> None:
    """Its own end would have said so, had it come."""
    with pytest.raises(Misunderstood):
        read(begin(0, "thinking", thinking="hm", signature=7), stop())


def test_an_empty_frame_says_nothing() -> None:
    """Some send one to keep the connection open."""
    assert MessagesReader(ACCOUNT).read(Frame(b"")) == []


def grow_any(index: int, kind: str, field: str, value: object) -> Json:
    """A block grows by anything."""
    return grow(index, kind, **{field: value})


def begin_any(index: int, block: Json) -> Json:
    """Anything begins."""
    return {**begin(index, ""), "content_block": block}


EVENTS = st.one_of(
    JSON,
    st.sampled_from([START, OVER, stop(), {"type": "ping"}]),
    st.builds(begin, st.integers(0, 1), st.sampled_from(["text", "thinking", "tool_use", "compaction"])),
    st.builds(
        grow_any,
        st.integers(0, 1),
        st.sampled_from(["text_delta", "thinking_delta", "signature_delta", "input_json_delta", "citations_delta"]),
        st.sampled_from(["text", "thinking", "signature", "partial_json", "citation"]),
        JSON,
    ),
    st.builds(end, st.integers(0, 1)),
    st.builds(
        begin_any,
        st.integers(0, 1),
        st.dictionaries(st.sampled_from(["type", "text", "thinking", "id", "name", "input", "citations"]), JSON),
    ),
)


@given(st.lists(EVENTS, max_size=12))
def test_any_json_is_read_or_misunderstood(events: list[Any]) -> None:
    """Law 11: nothing but our own errors leaves a codec, and what it gives can be folded."""
    with suppress(BackendError):
        folded(read(*events))


@given(st.binary())
def test_any_bytes_are_read_or_misunderstood(data: bytes) -> None:
    """As a stream, as a frame, and as an answer at once."""
    for attempt in (
        lambda: read_bytes([data]),
        lambda: MessagesReader(ACCOUNT).read(Frame(data)),
        lambda: MessagesReader(ACCOUNT).read_whole(data),
    ):
        with suppress(BackendError):
            attempt()


STREAM = streamed(
    START,
    begin(0, "thinking", thinking="", signature=""),
    grow(0, "thinking_delta", thinking="hm… \u2028"),
    grow(0, "signature_delta", signature="s"),
    end(0),
    begin(1, "text", text=""),
    grow(1, "text_delta", text="käse\n\nbrot 🧀"),
    grow(1, "citations_delta", citation={"url": "https://x"}),
    end(1),
    begin(2, "tool_use", id="x", name="add", input={}),
    grow(2, "input_json_delta", partial_json='{"a": "é"}'),
    end(2),
    stop("tool_use", usage={"output_tokens": 9}),
    OVER,
)


@given(cut_anywhere(STREAM))
def test_however_a_stream_is_cut_it_says_the_same(chunks: list[bytes]) -> None:
    """Inside a character, a line end or a frame."""
    assert read_bytes(chunks) == read_bytes([STREAM])


def test_the_wire_names_its_parts() -> None:
    """One path for every model, streamed or not."""
    assert ANTHROPIC_MESSAGES.name == "anthropic.messages"
    assert {ANTHROPIC_MESSAGES.path("m", streaming) for streaming in (True, False)} == {"/v1/messages"}
    assert isinstance(ANTHROPIC_MESSAGES.answer(ACCOUNT), MessagesReader)
    assert isinstance(ANTHROPIC_MESSAGES.frames(), SseReader)


def test_claude_at_vertex_is_named_in_the_address() -> None:
    """The body holds a version in its place; the answer is the same."""
    path, body = ANTHROPIC_VERTEX.path, ANTHROPIC_VERTEX.encode(Request([]), "m", provider="vertex")
    assert path("claude-sonnet-4@20250514", True) == "/models/claude-sonnet-4@20250514:streamRawPredict"
    assert path("a/b", False) == "/models/a%2Fb:rawPredict"
    assert (body["anthropic_version"], "model" in body) == ("vertex-2023-10-16", False)
    assert ANTHROPIC_VERTEX.answer is ANTHROPIC_MESSAGES.answer
