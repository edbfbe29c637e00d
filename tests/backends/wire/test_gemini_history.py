"""Turns of generateContent: what each of our messages becomes."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.contract import Request
from loopbus.backends.wire.gemini_history import UNSIGNED
from loopbus.backends.wire.gemini_request import encode
from loopbus.backends.wire.objects import write_object
from loopbus.backends.wire.opening import OPENING
from loopbus.events.content import (
    Audio,
    Block,
    File,
    Image,
    Message,
    Opaque,
    Outcome,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    user,
)

OLD, NEW = "gemini-2.5-flash", "gemini-3-flash"


OPENED = {"role": "user", "parts": [{"text": OPENING}]}


def contents(*messages: Message, model: str = OLD) -> list[dict[str, Any]]:
    """The turns that the messages become, without what stands before an answer that would be the first."""
    wire = encode(Request(messages), model)["contents"]
    return wire[1:] if wire[:1] == [OPENED] else wire


def parts(*messages: Message, model: str = OLD) -> list[dict[str, Any]]:
    """The parts of all turns."""
    return [part for content in contents(*messages, model=model) for part in content["parts"]]


def assistant(*blocks: Block) -> Message:
    """What the model said."""
    return Message("assistant", blocks)


def tool(*results: Block) -> Message:
    """What tools answered."""
    return Message("tool", results)


def test_media_go_as_bytes_or_by_address() -> None:
    """Pictures, sound, films and documents alike."""
    picture, sound = Image("image/png", data=b"png"), Audio("audio/wav", url="gs://bucket/a.wav")
    assert parts(user("look", picture, sound, File("video/mp4", url="https://youtu.be/x"))) == [
        {"text": "look"},
        {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(b"png").decode()}},
        {"fileData": {"mimeType": "audio/wav", "fileUri": "gs://bucket/a.wav"}},
        {"fileData": {"mimeType": "video/mp4", "fileUri": "https://youtu.be/x"}},
    ]


def test_what_the_wire_alone_knows_goes_onto_the_block_before() -> None:
    """How a film is looked at, or what a text was signed with; a part of its own stays one."""
    film = user(File("video/mp4", url="x"), Opaque("google", {"videoMetadata": {"fps": 2}}))
    assert parts(film) == [{"fileData": {"mimeType": "video/mp4", "fileUri": "x"}, "videoMetadata": {"fps": 2}}]
    said = assistant(
        Opaque("google", {"executableCode": {"code": "1"}}),
        Text("a"),
        Opaque("google", {"thoughtSignature": "s"}),
        Opaque("google", {"text": "", "thoughtSignature": "t"}),
        Opaque("google", {"groundingMetadata": {}}),
        Opaque("google", [1]),
        Opaque("other", {"thoughtSignature": "u"}),
    )
    assert parts(said) == [
        {"executableCode": {"code": "1"}},
        {"text": "a", "thoughtSignature": "s"},
        {"text": "", "thoughtSignature": "t"},
    ]


def test_thinking_goes_back_only_with_geminis_own_signature() -> None:
    """What another provider signed would be refused, and what nobody signed is of no use."""
    said = assistant(
        Thinking("a"), Opaque("google", {"thoughtSignature": "s"}), Thinking("b", "theirs"), Thinking("c"), Text("d")
    )
    assert parts(said) == [{"text": "a", "thought": True, "thoughtSignature": "s"}, {"text": "d"}]


def test_a_reply_of_nothing_is_no_turn() -> None:
    """An empty turn is refused; what the user says is sent as it is."""
    assert contents(user(""), assistant(Text("")), assistant()) == [{"role": "user", "parts": [{"text": ""}]}]


def test_answers_in_a_row_are_one_turn_and_so_are_results() -> None:
    """The results of one reply must stand together; what the user says twice stays apart."""
    history = [
        user("a"),
        user("b"),
        assistant(Text("c"), ToolCall("1", "f")),
        assistant(Refusal("d"), ToolCall("2", "g")),
        tool(ToolResult("1", "f", "x")),
        tool(ToolResult("2", "g", "y")),
        user("e"),
    ]
    turns = [(content["role"], len(content["parts"])) for content in contents(*history)]
    assert turns == [("user", 1), ("user", 1), ("model", 4), ("user", 2), ("user", 1)]


def test_a_call_and_its_result_have_the_same_id_or_none() -> None:
    """Gemini gives ids or does not; one that came twice would pair wrongly, and one that we made up is none."""
    calls = [ToolCall("1", "f", {"a": 1}, "x"), ToolCall("2", "f", {}, "x"), ToolCall("3", "f")]
    results = [ToolResult(call.call_id, "f", "r", provider_id=call.provider_id) for call in calls]
    wire = parts(assistant(*calls), tool(*results, ToolResult("4", "f", "r")))
    assert [part["functionCall"] for part in wire[:3]] == [
        {"name": "f", "args": {"a": 1}, "id": "x"},
        {"name": "f", "args": {}},
        {"name": "f", "args": {}},
    ]
    answer = {"name": "f", "response": {"output": "r"}}
    assert [part["functionResponse"] for part in wire[3:]] == [{**answer, "id": "x"}, answer, answer, answer]


def test_a_signed_call_goes_back_signed() -> None:
    """Or the provider refuses the whole conversation."""
    assert parts(assistant(ToolCall("1", "f", signature="s")))[0]["thoughtSignature"] == "s"


def test_the_first_call_of_another_model_is_signed_for_it() -> None:
    """From Gemini 3 on, and for names that do not say; a signature that is there stays."""
    said = assistant(Text("a"), ToolCall("1", "f"), ToolCall("2", "f"))
    signatures = [part.get("thoughtSignature") for part in parts(said, model=NEW)]
    assert signatures == [None, UNSIGNED, None]
    assert parts(said, model="my-endpoint") == parts(said, model=NEW)
    assert not any("thoughtSignature" in part for part in parts(said, model=OLD))
    assert parts(assistant(ToolCall("1", "f", signature="s")), model=NEW)[0]["thoughtSignature"] == "s"


@pytest.mark.parametrize(
    ("output", "outcome", "response"),
    [
        ("42", "ok", {"output": "42"}),
        ("", "ok", {"output": ""}),
        ('{"a": [1]}', "ok", {"a": [1]}),
        ("{a}", "ok", {"output": "{a}"}),
        ('{"id": 12345678901234567}', "ok", {"output": '{"id": 12345678901234567}'}),
        ('{"a": NaN}', "ok", {"output": '{"a": NaN}'}),
        ("no such city", "error", {"error": "no such city"}),
        ('{"a": 1}', "unknown", {"error": '{"a": 1}'}),
    ],
)
def test_a_result_is_an_object(output: str, outcome: Outcome, response: dict[str, Any]) -> None:
    """Its own, if it is one; but a number too long for a double stays text, and what failed is said to have."""
    result = ToolResult("1", "f", output, outcome)
    assert parts(tool(result)) == [{"functionResponse": {"name": "f", "response": response}}]


def test_media_of_a_result_go_inside_it_or_behind() -> None:
    """Before Gemini 3 a result is text alone: what comes with it follows all results, and says whose it is."""
    picture = Image("image/png", data=b"png")
    results = tool(ToolResult("1", "look", "see", parts=(picture,)), ToolResult("2", "f", "x"))
    blob = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(b"png").decode()}}
    assert parts(results, model=NEW)[0]["functionResponse"]["parts"] == [blob]
    assert [list(part) for part in parts(results)] == [["functionResponse"]] * 2 + [["text"], ["inlineData"]]
    assert parts(results)[2:] == [{"text": "Attached to the result of look:"}, blob]


TEXTS = st.text(max_size=5)
IDS = st.sampled_from(["", "x", "1.0", "1.1"])
BLOCKS = st.one_of(
    st.builds(Text, TEXTS),
    st.builds(Thinking, TEXTS, st.none() | TEXTS),
    st.builds(Refusal, TEXTS),
    st.builds(Image, st.just("image/png"), data=st.binary(max_size=3)),
    st.builds(ToolCall, IDS, TEXTS, st.dictionaries(TEXTS, TEXTS), IDS),
    st.builds(ToolResult, IDS, TEXTS, TEXTS | st.sampled_from(["{", '{"a": {}}'])),
    st.builds(Opaque, st.just("google"), st.sampled_from([{"thoughtSignature": "s"}, {"toolCall": {}}, {}, 5])),
)
ROLES: list[Role] = ["system", "user", "assistant", "tool"]


@given(st.lists(st.builds(Message, st.sampled_from(ROLES), st.lists(BLOCKS).map(tuple))), st.sampled_from([OLD, NEW]))
def test_any_history_can_be_written(history: list[Message], model: str) -> None:
    """It is JSON, no turn is empty, and no id is given to two calls."""
    turns = contents(*history, model=model)
    assert write_object({"contents": turns})
    assert all(turn["parts"] for turn in turns)
    calls = [part["functionCall"] for turn in turns for part in turn["parts"] if "functionCall" in part]
    ids = [call["id"] for call in calls if "id" in call]
    assert len(set(ids)) == len(ids)


def test_empty_texts_are_left_out() -> None:
    """Vertex refuses them, whoever wrote them; a prompt of nothing else is for the provider to refuse."""
    assert parts(user("", "hi")) == [{"text": "hi"}]
    assert parts(user("")) == [{"text": ""}]
    body = encode(Request([Message("system", (Text(""),)), user("hi")]), NEW)
    assert "systemInstruction" not in body
