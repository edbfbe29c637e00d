"""Answers of Cohere's Chat: every part of them, cut anywhere, well-formed or not."""
# JSON of any shape is taken apart here.
# pyright: reportArgumentType=false
# pyright: reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false
# pyright: reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false

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
from loopbus.backends.errors import BackendError, Broken, Incomplete, Misunderstood
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.cohere import COHERE_CHAT, CohereV2Reader
from loopbus.backends.wire.sse import Frame, SseReader
from loopbus.events.content import Opaque
from loopbus.events.usage import Usage

from ..cuts import cut_anywhere
from .test_objects import JSON

ACCOUNT = Account("acme")
END: dict[str, Any] = {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}


def event(kind: str, index: int = 0, **message: Any) -> dict[str, Any]:
    """An event of a stream."""
    return {"type": kind, "index": index, "delta": {"message": message}}


def read(*events: object) -> list[Delta]:
    """The deltas of a stream that ends after ``events``."""
    reader = CohereV2Reader(ACCOUNT)
    return [delta for value in events for delta in reader.read(Frame(to_json(value)))] + list(reader.finish())


def read_bytes(*chunks: bytes) -> list[Delta]:
    """The deltas of a whole stream of bytes."""
    frames, reader = SseReader(), CohereV2Reader(ACCOUNT)
    found = [delta for data in chunks for frame in frames.feed(data) for delta in reader.read(frame)]
    return found + list(reader.finish())


def whole(reason: str = "COMPLETE", /, usage: object = None, **message: Any) -> list[Delta]:
    """The deltas of an answer that was not streamed."""
    return CohereV2Reader(ACCOUNT).read_whole(to_json({"message": message, "finish_reason": reason, "usage": usage}))


def test_text_comes_as_it_is_written() -> None:
    """Also what stands in the event that opens a part; empty pieces are left out."""
    assert read(
        event("message-start", role="assistant", content=[]),
        event("content-start", content={"type": "text", "text": "a"}),
        event("content-delta", content={"text": "b"}),
        event("content-delta", content={"text": ""}),
        {"type": "content-end", "index": 0},
        END,
    ) == [TextPiece("a"), TextPiece("b"), StopPiece("end", "COMPLETE")]


def test_reasoning_and_a_tool_plan_are_thinking() -> None:
    """Streamed or whole."""
    assert read(
        event("content-start", content={"type": "thinking", "thinking": ""}),
        event("content-delta", content={"thinking": "hm"}),
        event("tool-plan-delta", tool_plan="I will"),
        END,
    )[:-1] == [ThinkingPiece("hm"), ThinkingPiece("I will")]
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}]
    assert whole(content=parts)[:-1] == [ThinkingPiece("hm"), TextPiece("a")]
    assert whole(tool_plan="I will")[:-1] == [ThinkingPiece("I will")]


def test_calls_come_piece_by_piece_or_whole() -> None:
    """Told apart by their index; an answer with calls has stopped for them."""
    first: dict[str, Any] = {"id": "1", "type": "function", "function": {"name": "add", "arguments": ""}}
    assert read(
        event("tool-call-start", 0, tool_calls=first),
        event("tool-call-delta", 0, tool_calls={"function": {"arguments": '{"a":'}}),
        event("tool-call-start", 1, tool_calls={**first, "id": "2"}),
        event("tool-call-delta", 0, tool_calls={"function": {"arguments": "1}"}}),
        {"type": "tool-call-end", "index": 0},
        {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}},
    ) == [
        ToolCallPiece(0, "1", "add"),
        ToolCallPiece(0, arguments='{"a":'),
        ToolCallPiece(1, "2", "add"),
        ToolCallPiece(0, arguments="1}"),
        StopPiece("tool_calls", "TOOL_CALL"),
    ]
    assert whole(tool_calls=[first, first])[:2] == [ToolCallPiece(0, "1", "add"), ToolCallPiece(1, "1", "add")]


def test_citations_are_kept_for_their_provider() -> None:
    """All of them in one block behind the answer."""
    kept = BlockPiece(Opaque("acme", {"citations": [{"start": 0}, {"start": 1}]}))
    pieces = [event("citation-start", place, citations={"start": place}) for place in (0, 1)]
    assert read(*pieces, END)[0] == kept
    assert whole(citations=[{"start": 0}, {"start": 1}])[0] == kept


def test_a_part_that_nobody_knew_is_kept_whole() -> None:
    """A newer model's part is no reason to fail; of a stream's, the pieces mean nothing without it."""
    part = {"type": "hologram", "data": 1}
    assert whole(content=[part])[0] == BlockPiece(Opaque("acme", part))
    assert read(event("content-start", content=part), {"type": "debug", "prompt": "x"}, END) == read(END)


def test_content_may_be_plain_text() -> None:
    """As in a request."""
    assert whole(role="assistant", content="a", tool_calls=[])[0] == TextPiece("a")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("COMPLETE", "end"),
        ("STOP_SEQUENCE", "stop_sequence"),
        ("TOOL_CALL", "tool_calls"),
        ("MAX_TOKENS", "length"),
        ("ERROR_LIMIT", "length"),
        ("ERROR_TOXIC", "content_filter"),
        ("NEW_WORD", "other"),
    ],
)
def test_the_stop_is_told_in_our_words_and_in_theirs(raw: str, reason: StopReason) -> None:
    """A word that we do not know is no end."""
    assert whole(raw) == [StopPiece(reason, raw)]


@pytest.mark.parametrize("raw", ["ERROR", "TIMEOUT", "USER_CANCEL"])
def test_an_answer_that_was_broken_off_is_none(raw: str) -> None:
    """It may be asked for again."""
    with pytest.raises(Broken, match=raw) as caught:
        whole(raw)
    assert (caught.value.code, caught.value.retryable) == (raw, True)


def test_a_stream_without_its_end_is_incomplete() -> None:
    """Law 7: also one that says it is done, and an answer without a reason."""
    with pytest.raises(Incomplete):
        read(event("content-delta", content={"text": "a"}))
    with pytest.raises(Incomplete):
        read_bytes(b"data: [DONE]\n\n")
    with pytest.raises(Incomplete):
        whole("")


def test_an_error_at_the_end_is_told_in_its_words() -> None:
    """The answer before it was handed out."""
    error = {"finish_reason": "ERROR", "usage": {}, "error": "invalid generation", "error_type": "INVALID"}
    with pytest.raises(BackendError, match="acme answered INVALID: invalid generation") as caught:
        read({"type": "message-end", "delta": error})
    assert (caught.value.status, caught.value.code) == (None, "INVALID")


def test_an_error_in_the_place_of_an_answer_is_told_in_its_words() -> None:
    """Some are told behind a status of 200."""
    with pytest.raises(BackendError, match="too long"):
        CohereV2Reader(ACCOUNT).read_whole(b'{"id": "1", "message": "too long"}')
    with pytest.raises(BackendError, match="too long"):
        read({"message": "too long"})
    with pytest.raises(BackendError, match="too long"):
        CohereV2Reader(ACCOUNT).read(Frame(b'{"type": "x", "message": "too long"}', b"error"))


def test_usage_is_counted_as_we_count() -> None:
    """Cached prompt and reasoning lie inside; billed units count only where there is nothing else."""
    tokens = {"input_tokens": 9.0, "output_tokens": 8, "reasoning_tokens": 3}
    usage = {"tokens": tokens, "billed_units": {"input_tokens": 1}, "cached_tokens": 4}
    assert whole(usage=usage)[0] == UsagePiece(Usage(9, 8, cached_tokens=4, reasoning_tokens=3))
    assert whole(usage={"billed_units": {"input_tokens": 1}})[0] == UsagePiece(Usage(1))


def test_the_end_is_known_before_the_connection_closes() -> None:
    """Nothing follows the message's end but a mark that says so."""
    reader = CohereV2Reader(ACCOUNT)
    assert (reader.stopped, reader.done) == (False, False)
    reader.read(Frame(to_json(END)))
    assert (reader.stopped, reader.done) == (True, True)
    assert reader.read(Frame(b"[DONE]")) == []


@pytest.mark.parametrize(
    "frame",
    [
        b"nonsense",
        b"[]",
        b"{}",
        b'{"type": []}',
        b'{"type": "content-delta"}',
        b'{"type": "content-delta", "delta": {"message": {"content": {"text": 1}}}}',
        b'{"type": "tool-plan-delta", "delta": {"message": {"tool_plan": null}}}',
        b'{"type": "tool-call-start", "delta": {"message": {"tool_calls": {"id": 1, "function": {}}}}}',
        b'{"type": "tool-call-start", "delta": {"message": {"tool_calls": {"function": {"name": 1}}}}}',
        b'{"type": "message-end", "delta": {"finish_reason": 1}}',
    ],
)
def test_a_frame_of_another_shape_is_misunderstood(frame: bytes) -> None:
    """And quoted."""
    with pytest.raises(Misunderstood) as caught:
        CohereV2Reader(ACCOUNT).read(Frame(frame))
    assert caught.value.frame == frame


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"message": {"content": 1}}', b'{"message": {"citations": 1}}', b'{"message": []}']
)
def test_a_body_of_another_shape_is_misunderstood(body: bytes) -> None:
    """And quoted."""
    with pytest.raises(Misunderstood) as caught:
        CohereV2Reader(ACCOUNT).read_whole(body)
    assert caught.value.frame == body


KINDS = st.sampled_from([*CohereV2Reader._events, "content-end"])  # pyright: ignore[reportPrivateUsage]  # every kind
EVENTS = st.builds(lambda kind, rest: {**rest, "type": kind}, KINDS, st.dictionaries(st.text(max_size=5), JSON))


@given(st.binary() | st.one_of(JSON, EVENTS).map(to_json))
def test_nothing_else_than_our_errors_comes_out(data: bytes) -> None:
    """Whatever the bytes."""
    for answer in (lambda: CohereV2Reader(ACCOUNT).read(Frame(data)), lambda: CohereV2Reader(ACCOUNT).read_whole(data)):
        with suppress(BackendError):
            answer()


STREAM = b"".join(
    b"event: x\ndata: " + to_json(value) + b"\n\n"
    for value in (
        event("content-delta", content={"text": "h\u00e9"}),
        event("tool-call-start", 0, tool_calls={"id": "1", "function": {"name": "add", "arguments": "{}"}}),
        END,
    )
)


@given(cut_anywhere(STREAM))
def test_the_same_deltas_come_out_however_the_bytes_are_cut(chunks: list[bytes]) -> None:
    """Also inside a character."""
    assert read_bytes(*chunks) == read_bytes(STREAM)


def test_the_wire_says_where_to_ask() -> None:
    """Under the address of the host."""
    assert COHERE_CHAT.path("command-a", True) == COHERE_CHAT.path("command-a", False) == "/v2/chat"
