"""Answers of generateContent: every part of them, cut anywhere, well-formed or not."""

import base64
import json
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
    Request,
    StopPiece,
    StopReason,
    TextPiece,
    ThinkingPiece,
    UsagePiece,
)
from loopbus.backends.errors import (
    BackendError,
    Broken,
    Busy,
    ContextOverflow,
    Incomplete,
    Misunderstood,
    Refused,
)
from loopbus.backends.fold import ReplyFold
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.gemini import GEMINI, GeminiReader
from loopbus.backends.wire.gemini_frames import GeminiFrames
from loopbus.backends.wire.sse import Frame
from loopbus.events.content import Audio, File, Image, Message, Opaque, Refusal, Text, Thinking, ToolCall
from loopbus.events.usage import Usage

from ..cuts import cut_anywhere
from ..servers import event
from .test_objects import JSON

ACCOUNT = Account("google", key_variable="GEMINI_API_KEY")
STOP: dict[str, Any] = {"candidates": [{"finishReason": "STOP"}]}


def chunk(*parts: object, **candidate: Any) -> dict[str, Any]:
    """A chunk of a stream."""
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, "index": 0, **candidate}]}


def call(**function: Any) -> dict[str, Any]:
    """A part that calls a function."""
    return {"functionCall": function}


def read(*chunks: object) -> list[Delta]:
    """The deltas of a stream that ends after ``chunks``."""
    reader = GeminiReader(ACCOUNT)
    return [delta for value in chunks for delta in reader.read(Frame(to_json(value)))] + reader.finish()


def read_bytes(*chunks: bytes) -> list[Delta]:
    """The deltas of a whole stream of bytes."""
    frames, reader = GEMINI.frames(), GEMINI.answer(ACCOUNT)
    cut = [frame for data in chunks for frame in frames.feed(data)] + list(frames.close())
    return [delta for frame in cut for delta in reader.read(frame)] + list(reader.finish())


def folded(deltas: Iterable[Delta]) -> Reply:
    """The reply."""
    fold = ReplyFold("c")
    for delta in deltas:
        fold.add(delta)
    return fold.reply()


def test_text_comes_as_it_is_written() -> None:
    """Piece by piece, empty pieces left out, the stop last with the provider's own word."""
    assert read(chunk({"text": "a"}), chunk({"text": ""}), chunk({"text": "b"}, finishReason="STOP")) == [
        TextPiece("a"),
        TextPiece("b"),
        StopPiece("end", "STOP"),
    ]


def test_thoughts_are_thinking() -> None:
    """Beside the answer, never in it."""
    assert read(chunk({"text": "hm", "thought": True}, {"text": "a"}), STOP)[:2] == [
        ThinkingPiece("hm"),
        TextPiece("a"),
    ]


def test_a_signature_goes_back_onto_what_it_signs() -> None:
    """A thought's, a text's, a picture's, a call's, one of nothing at all: the same parts, in the same order."""
    picture = {"mimeType": "image/png", "data": base64.b64encode(b"png").decode()}
    parts: list[dict[str, Any]] = [
        {"text": "hm", "thought": True, "thoughtSignature": "s1"},
        {"text": "a", "thoughtSignature": "s2"},
        {"inlineData": picture, "thoughtSignature": "s3"},
        {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "s4"},
        {"text": "", "thoughtSignature": "s5"},
        {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB"}, "thoughtSignature": "s6"},
        {"inlineData": picture, "thought": True, "thoughtSignature": "s7"},
    ]
    reply = folded(read(chunk(*parts), STOP))
    assert _sent_back(reply) == parts
    assert [type(block) for block in reply.content if not isinstance(block, Opaque)] == [
        Thinking,
        Text,
        Image,
        ToolCall,
    ]


def _sent_back(reply: Reply) -> list[Any]:
    body = GEMINI.encode(Request([Message("assistant", reply.content)]), "gemini-3-pro", provider="google")
    return json.loads(to_json(body["contents"][-1]["parts"]))


def test_what_google_did_itself_is_kept_whole() -> None:
    """Code that it ran, and what we have never heard of; for its maker alone."""
    parts: list[dict[str, Any]] = [
        {"executableCode": {"code": "1"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK"}},
        {"hologram": {}},
    ]
    assert read(chunk(*parts), STOP)[:-1] == [BlockPiece(Opaque("google", part)) for part in parts]
    assert read(chunk({"text": "", "thought": True}), STOP) == [StopPiece("end", "STOP")]


def test_media_are_blocks() -> None:
    """Pictures, sound and whatever else, as bytes or by address."""
    data = base64.b64encode(b"x").decode()
    assert read(
        chunk(
            {"inlineData": {"mimeType": "audio/wav", "data": data}},
            {"inlineData": {"mimeType": "application/pdf", "data": data}},
            {"fileData": {"mimeType": "image/png", "fileUri": "gs://b/x"}},
        ),
        STOP,
    )[:-1] == [
        BlockPiece(Audio("audio/wav", data=b"x")),
        BlockPiece(File("application/pdf", data=b"x")),
        BlockPiece(Image("image/png", url="gs://b/x")),
    ]


def test_calls_come_whole_with_or_without_ids() -> None:
    """The stop says that they are what the model wants, for Gemini's own word does not."""
    calls = [
        call(name="f", args={"a": 1}, id="x"),
        {**call(name="g"), "thoughtSignature": "s"},
        call(name="g", args=None),
    ]
    reply = folded(read(chunk(*calls), STOP))
    assert reply.content == (
        ToolCall("c.0", "f", {"a": 1}, "x"),
        ToolCall("c.1", "g", signature="s"),
        ToolCall("c.2", "g"),
    )
    assert (reply.stop, reply.raw_stop) == ("tool_calls", "STOP")


def test_what_was_searched_is_kept_beside_the_answer() -> None:
    """Once, as it was told last, and it is never sent back."""
    first: JsonValue = {"webSearchQueries": ["a"]}
    last: JsonValue = {"webSearchQueries": ["a", "b"]}
    deltas = read(chunk({"text": "x"}, groundingMetadata=first), chunk(groundingMetadata=last, finishReason="STOP"))
    assert deltas[1:] == [BlockPiece(Opaque("google", {"groundingMetadata": last})), StopPiece("end", "STOP")]
    assert _sent_back(folded(deltas)) == [{"text": "x"}]


def test_of_several_candidates_the_first_is_the_answer() -> None:
    """Also where another comes before it in a chunk, or alone."""
    other = {"content": {"parts": [{"text": "other"}]}, "index": 1, "finishReason": "MAX_TOKENS"}
    first = chunk({"text": "a"}, finishReason="STOP")["candidates"][0]
    assert read({"candidates": [other, first]}, {"candidates": [other]}) == [TextPiece("a"), StopPiece("end", "STOP")]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("STOP", "end"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("PLANNED_OUTAGE", "other"),
    ],
)
def test_a_reason_is_told_in_our_words_and_in_theirs(raw: str, reason: StopReason) -> None:
    """A word we do not know is ``other``, and still there to be read."""
    assert read(chunk({"text": "a"}, finishReason=raw))[-1] == StopPiece(reason, raw)


@pytest.mark.parametrize(("raw", "kind"), [("MALFORMED_FUNCTION_CALL", Broken), ("MISSING_THOUGHT_SIGNATURE", Refused)])
def test_an_answer_that_came_to_nothing_is_an_error(raw: str, kind: type[BackendError]) -> None:
    """With Google's words for it: a call that was none is no whole answer."""
    with pytest.raises(kind, match=rf"{raw}: print\(1\)") as caught:
        read(chunk(finishReason=raw, finishMessage="print(1)"))
    assert (caught.value.code, caught.value.provider) == (raw, "google")
    with pytest.raises(kind, match=rf"\({raw}\)"):
        read(chunk(finishReason=raw))


def test_a_call_to_a_tool_that_is_not_there_is_a_call() -> None:
    """The model can be told so. One that never came, or came by half, is none."""
    cut = {"functionCall": {"name": "add", "willContinue": True}}
    assert read(chunk(call(), finishReason="UNEXPECTED_TOOL_CALL"))[-1] == StopPiece(
        "tool_calls", "UNEXPECTED_TOOL_CALL"
    )
    for parts in ([], [cut]):
        with pytest.raises(Broken, match="UNEXPECTED_TOOL_CALL"):
            read(chunk(*parts, finishReason="UNEXPECTED_TOOL_CALL"))


@pytest.mark.parametrize("reason", ["SAFETY", "OTHER", "JAILBREAK"])
def test_a_prompt_that_is_blocked_ends_the_reply(reason: str) -> None:
    """Typed, with Google's word: nobody takes it for an answer of nothing."""
    usage = {"promptTokenCount": 3}
    deltas = read({"promptFeedback": {"blockReason": reason}, "usageMetadata": usage})
    assert deltas == [UsagePiece(Usage(3)), StopPiece("content_filter", reason)]


@pytest.mark.parametrize(
    "answer",
    [
        {"promptFeedback": {"blockReason": "MODEL_ARMOR", "blockReasonMessage": "no way"}},
        chunk(finishReason="MODEL_ARMOR", finishMessage="no way"),
    ],
)
def test_why_something_is_blocked_is_a_refusal_in_words(answer: dict[str, Any]) -> None:
    """Whether it was the prompt or the answer."""
    assert read(answer) == [BlockPiece(Refusal("no way")), StopPiece("content_filter", "MODEL_ARMOR")]


def test_half_an_answer_is_incomplete() -> None:
    """No reason, no reply; one that is not specified is none, and ratings of a prompt block nothing."""
    with pytest.raises(Incomplete, match="google ended in the middle"):
        read(
            chunk({"text": "half"}, finishReason="FINISH_REASON_UNSPECIFIED"), {"promptFeedback": {"safetyRatings": []}}
        )
    with pytest.raises(Incomplete):
        GeminiReader(ACCOUNT).read_whole(to_json(chunk({"text": "half"})))


def test_what_comes_after_the_last_word_is_no_chunk() -> None:
    """Some gateways end a stream as OpenAI does."""
    reader = GeminiReader(ACCOUNT)
    assert not reader.stopped
    assert reader.read(Frame(to_json(STOP))) == []
    assert (reader.stopped, reader.done) == (True, False)
    assert reader.read(Frame(b"[DONE]")) == reader.read(Frame(b"")) == []
    assert reader.done


@pytest.mark.parametrize(
    ("error", "kind", "wait_s"),
    [
        ({"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}, Busy, None),
        ({"message": "m", "status": "UNAVAILABLE"}, Busy, None),
        ({"code": 500, "message": "m", "status": "INTERNAL"}, Broken, None),
        ({"code": 400, "message": "token count (9) exceeds the maximum number of tokens"}, ContextOverflow, None),
        ({"code": 429, "message": "m", "details": [{"retryDelay": "34.5s"}, 5]}, Busy, 34.5),
        ({"code": 429, "message": "m", "details": [{"retryDelay": "soon"}]}, Busy, None),
    ],
)
def test_an_error_inside_the_stream_is_raised(error: dict[str, Any], kind: type[BackendError], wait_s: object) -> None:
    """Alone or in an array, with the class of the status it would have had and the wait that Google asks for."""
    for body in (to_json({"error": error}), to_json([{"error": error}])):
        with pytest.raises(kind) as caught:
            read_bytes(body)
        assert type(caught.value) is kind
        assert getattr(caught.value, "retry_after_s", None) == wait_s
        with pytest.raises(kind):
            GeminiReader(ACCOUNT).read_whole(body)


def test_a_wrong_key_is_known_by_its_reason() -> None:
    """Google answers 400 to it; the error names the variable all the same."""
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
    error = {"code": 400, "message": "no", "status": "INVALID_ARGUMENT", "details": details}
    with pytest.raises(Refused, match="check the key in GEMINI_API_KEY") as caught:
        read({"error": error})
    assert caught.value.code == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    "value",
    [
        {"candidates": [5]},
        {"candidates": 5},
        {"candidates": {"0": 1}},
        {"candidates": [{"content": 5}]},
        chunk(5),
        chunk({"text": 5}),
        chunk({"text": 5, "thought": True}),
        chunk(call(name=5)),
        chunk(call(args=5)),
        chunk(call(partialArgs=5)),
        chunk(call(partialArgs=[{"jsonPath": 5}])),
        chunk(call(partialArgs=[{"jsonPath": "$.a[3]", "boolValue": True}])),
        chunk({"functionCall": {}, "thoughtSignature": 5}),
        chunk({"inlineData": {"mimeType": "image/png", "data": "%"}}),
        chunk({"fileData": {}}),
        chunk(finishReason=[5]),
        chunk(finishReason="STOP", finishMessage=5),
        {"promptFeedback": 5},
        {"promptFeedback": {"blockReason": {"a": 1}}},
        {"usageMetadata": 5},
    ],
)
def test_a_chunk_of_the_wrong_shape_is_misunderstood(value: object) -> None:
    """The error quotes the frame, so that one can see what came."""
    with pytest.raises(Misunderstood, match="google sent what is no answer of generateContent") as caught:
        read(value)
    assert caught.value.frame == to_json(value)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b"[1]", b'{"candidates": []}', b""])
def test_a_body_that_is_no_answer_is_never_an_empty_one(body: bytes) -> None:
    """A page of a proxy, or an object of another kind."""
    with pytest.raises((Misunderstood, Incomplete)):
        GeminiReader(ACCOUNT).read_whole(body)


CHUNKS = [
    chunk({"text": "Hm\u2028 \u00e9\U0001f600", "thought": True}),
    chunk({"text": 'J\u00f6rg "}]\\ \U0001f600'}, {"text": " \u2028 says"}),
    chunk({**call(name="add", args={"a": "\U0001f600"}, id="x"), "thoughtSignature": "s"}),
    {**STOP, "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2}},
]
ANSWERS = {
    "sse": b"".join(map(event, CHUNKS)),
    "crlf": b"\xef\xbb\xbf" + b"".join(map(event, CHUNKS)).replace(b"\n", b"\r\n"),
    "array": b"\r\n[" + b"\n,\r\n".join(json.dumps(value, indent=2).encode() for value in CHUNKS) + b"\n]\n",
}
REPLY = Reply(
    (
        Thinking("Hm\u2028 \u00e9\U0001f600"),
        Text('J\u00f6rg "}]\\ \U0001f600 \u2028 says'),
        ToolCall("c.0", "add", {"a": "\U0001f600"}, "x", signature="s"),
    ),
    "tool_calls",
    Usage(1, 2),
    "STOP",
)


@given(st.data(), st.sampled_from(sorted(ANSWERS)))
def test_however_the_bytes_are_cut_the_deltas_are_the_same(data: st.DataObject, kind: str) -> None:
    """As events or as an array: the same deltas, and the reply they fold to."""
    deltas = read_bytes(*data.draw(cut_anywhere(ANSWERS[kind])))
    assert deltas == read(*CHUNKS)
    assert folded(deltas) == REPLY


@given(st.data(), st.sampled_from(sorted(ANSWERS)))
def test_wherever_a_stream_is_cut_off_it_is_not_whole(data: st.DataObject, kind: str) -> None:
    """Half an answer raises, at every length."""
    answer = ANSWERS[kind]
    length = data.draw(st.integers(0, answer.index(b'"finishReason"')))
    with pytest.raises((Incomplete, Misunderstood)):
        read_bytes(answer[:length])


def test_an_array_read_whole_is_the_same_answer() -> None:
    """Who asked for a stream may get it as one JSON document."""
    assert GeminiReader(ACCOUNT).read_whole(ANSWERS["array"]) == read(*CHUNKS)


FIELDS = [
    "candidates", "content", "parts", "text", "thought", "functionCall", "name", "args", "id", "partialArgs",
    "jsonPath", "stringValue", "willContinue", "inlineData", "mimeType", "data", "fileData", "finishReason", "index",
    "promptFeedback", "blockReason", "usageMetadata", "groundingMetadata", "thoughtSignature", "error", "details",
]  # fmt: skip
SHAPES = st.recursive(
    JSON | st.sampled_from(["STOP", "$.a[1]", "$.a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)


@given(SHAPES, SHAPES)
def test_any_json_is_an_answer_or_an_error_of_ours(candidate: object, part: object) -> None:
    """Nothing else is raised, whatever stands where; and what is read can be folded."""
    for value in (
        candidate,
        {"candidates": [candidate]},
        chunk(part, groundingMetadata=candidate, finishReason="STOP"),
    ):
        with suppress(BackendError):
            folded(read(value))


@given(st.lists(st.binary()))
def test_any_bytes_are_an_answer_or_an_error_of_ours(chunks: list[bytes]) -> None:
    """Streamed or whole."""
    with suppress(BackendError):
        read_bytes(*chunks)
    with suppress(BackendError):
        GeminiReader(ACCOUNT).read_whole(b"".join(chunks))


def test_a_stream_that_never_began_has_no_frames() -> None:
    """White space is no first byte."""
    frames = GeminiFrames()
    assert frames.feed(b" \r\n") == frames.close() == []
