"""Answers of Cohere's Chat, version 1: every part of them, cut anywhere, well-formed or not."""
# JSON of any shape is taken apart here.
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

from loopbus.backends.contract import BlockPiece, Delta, StopPiece, TextPiece, ToolCallPiece, UsagePiece
from loopbus.backends.errors import BackendError, Broken, Incomplete, Misunderstood
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.cohere_v1 import COHERE_CHAT_V1, CohereV1Reader
from loopbus.backends.wire.json_lines import JsonLinesReader
from loopbus.events.content import Opaque
from loopbus.events.usage import Usage

from ..cuts import cut_anywhere
from .test_objects import JSON

ACCOUNT = Account("acme")
STOP = StopPiece("end", "COMPLETE")


def event(kind: str, **fields: Any) -> dict[str, Any]:
    """An event of a stream."""
    return {"event_type": kind, "is_finished": False, **fields}


def end(reason: str = "COMPLETE", **response: Any) -> dict[str, Any]:
    """The event that ends a stream: it holds the answer once more, as a whole."""
    return event("stream-end", finish_reason=reason, response=response)


def read(*events: object) -> list[Delta]:
    """The deltas of a stream that ends after ``events``."""
    reader = CohereV1Reader(ACCOUNT)
    return [delta for value in events for delta in reader.read(to_json(value))] + reader.finish()


def read_bytes(*chunks: bytes) -> list[Delta]:
    """The deltas of a whole stream of bytes."""
    frames, reader = JsonLinesReader(), CohereV1Reader(ACCOUNT)
    found = [delta for data in chunks for frame in frames.feed(data) for delta in reader.read(frame)]
    return found + [delta for frame in frames.close() for delta in reader.read(frame)] + reader.finish()


def whole(reason: str = "COMPLETE", **answer: Any) -> list[Delta]:
    """The deltas of an answer that was not streamed."""
    return CohereV1Reader(ACCOUNT).read_whole(to_json({"text": "", "finish_reason": reason, **answer}))


def test_text_is_told_once() -> None:
    """The last event repeats it; only where nothing came before is it news."""
    assert read(event("stream-start"), event("text-generation", text="a"), end(text="a")) == [TextPiece("a"), STOP]
    assert read(end(text="a")) == [TextPiece("a"), STOP]
    assert whole(text="a") == [TextPiece("a"), STOP]


def test_calls_are_told_once() -> None:
    """Whole, as their own event has them, or else as the last one has; the plan before them is text here."""
    calls = [{"name": "add", "parameters": {"a": 1}}, {"name": "now", "parameters": {}}]
    told = [
        ToolCallPiece(0, "", "add", '{"a":1}'),
        ToolCallPiece(1, "", "now", "{}"),
        StopPiece("tool_calls", "COMPLETE"),
    ]
    chunks = [event("tool-calls-chunk", text="I"), event("tool-calls-chunk", tool_call_delta={"parameters": "{"})]
    generation = event("tool-calls-generation", text="I", tool_calls=calls)
    assert read(*chunks, generation, end(text="I", tool_calls=calls)) == [TextPiece("I"), *told]
    assert read(end(tool_calls=calls)) == whole(tool_calls=calls) == told


def test_citations_are_kept_for_their_provider() -> None:
    """In one block behind the answer, told once."""
    kept = BlockPiece(Opaque("acme", {"citations": [{"start": 0}]}))
    told = event("citation-generation", citations=[{"start": 0}])
    assert read(told, end(citations=[{"start": 0}])) == read(told, end()) == [kept, STOP]
    assert whole(citations=[{"start": 0}]) == [kept, STOP]


def test_usage_stands_in_meta() -> None:
    """Counted as in version 2."""
    meta = {"tokens": {"input_tokens": 2, "output_tokens": 1}, "cached_tokens": 1}
    assert whole(meta=meta)[0] == read(end(meta=meta))[0] == UsagePiece(Usage(2, 1, cached_tokens=1))


def test_what_was_broken_off_or_cut_is_no_answer() -> None:
    """Law 7."""
    with pytest.raises(Incomplete):
        read(event("text-generation", text="a"))
    with pytest.raises(Incomplete):
        read(event("stream-end", response={}))
    with pytest.raises(Broken, match="ERROR"):
        whole("ERROR")
    with pytest.raises(BackendError, match="it hurts"):
        read(end("ERROR", error="it hurts"))


def test_an_error_in_the_place_of_an_answer_is_told_in_its_words() -> None:
    """Behind a status of 200."""
    for answer in (CohereV1Reader(ACCOUNT).read, CohereV1Reader(ACCOUNT).read_whole):
        with pytest.raises(BackendError, match="acme answered with an error: too long"):
            answer(b'{"message": "too long"}')


def test_the_end_is_known_before_the_connection_closes() -> None:
    """Nothing follows it."""
    reader = CohereV1Reader(ACCOUNT)
    assert (reader.stopped, reader.done) == (False, False)
    reader.read(to_json(end()))
    assert (reader.stopped, reader.done) == (True, True)


def test_an_event_that_nobody_knew_is_passed_over() -> None:
    """Such as those about Cohere's own search."""
    assert read(event("search-results", documents=[]), end()) == [STOP]


@pytest.mark.parametrize(
    "frame",
    [
        b"nonsense",
        b"{}",
        b'{"event_type": []}',
        b'{"event_type": "text-generation", "text": 1}',
        b'{"event_type": "tool-calls-generation", "tool_calls": [{"name": "a", "parameters": [1]}]}',
        b'{"event_type": "citation-generation"}',
        b'{"event_type": "stream-end", "response": [1]}',
    ],
)
def test_a_frame_of_another_shape_is_misunderstood(frame: bytes) -> None:
    """And quoted."""
    with pytest.raises(Misunderstood) as caught:
        CohereV1Reader(ACCOUNT).read(frame)
    assert caught.value.frame == frame


@pytest.mark.parametrize("body", [b"", b"{}", b'{"text": 1, "finish_reason": "COMPLETE"}'])
def test_a_body_of_another_shape_is_misunderstood(body: bytes) -> None:
    """And quoted."""
    with pytest.raises(Misunderstood):
        CohereV1Reader(ACCOUNT).read_whole(body)


KINDS = st.sampled_from([*CohereV1Reader._events])  # pyright: ignore[reportPrivateUsage]  # every kind
FIELDS = st.dictionaries(st.sampled_from(["text", "tool_calls", "citations", "response", "finish_reason"]), JSON)
EVENTS = st.builds(lambda kind, rest: {**rest, "event_type": kind}, KINDS, FIELDS)


@given(st.binary() | st.one_of(JSON, EVENTS).map(to_json))
def test_nothing_else_than_our_errors_comes_out(data: bytes) -> None:
    """Whatever the bytes."""
    for answer in (CohereV1Reader(ACCOUNT).read, CohereV1Reader(ACCOUNT).read_whole):
        with suppress(BackendError):
            answer(data)


STREAM = b"".join(to_json(value) + b"\n" for value in (event("text-generation", text="h\u00e9"), end(text="h\u00e9")))


@given(cut_anywhere(STREAM.rstrip()))
def test_the_same_deltas_come_out_however_the_bytes_are_cut(chunks: list[bytes]) -> None:
    """Also inside a character, and without the last line feed."""
    assert read_bytes(*chunks) == [TextPiece("h\u00e9"), STOP]


def test_the_wire_says_where_to_ask() -> None:
    """Under the address of the host."""
    assert COHERE_CHAT_V1.path("command", True) == "/v1/chat"
