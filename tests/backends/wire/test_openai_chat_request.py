"""Requests of Chat Completions: every message, tool and setting in its place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from loopbus.backends.contract import OutputSpec, Request, Settings
from loopbus.backends.errors import Refused
from loopbus.backends.wire.objects import write_object
from loopbus.backends.wire.openai_chat_dialects import Dialect
from loopbus.backends.wire.openai_chat_request import encode
from loopbus.events.content import (
    Audio,
    Block,
    File,
    Image,
    Message,
    Opaque,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    user,
)

from .specs import Spec


def messages(*sent: Message, dialect: Dialect | None = None) -> list[dict[str, Any]]:
    """The messages of the request."""
    return encode(Request(sent), "m", provider="acme", dialect=dialect or Dialect())["messages"]


def settings(*, tools: bool = True, **given_: Any) -> dict[str, Any]:
    """The request without its messages, tools and model."""
    body = encode(Request([], tools=[Spec()] if tools else [], settings=Settings(**given_), streaming=False), "m")
    return {name: value for name, value in body.items() if name not in {"messages", "model", "tools"}}


def assistant(*blocks: Block) -> Message:
    """What the model said earlier."""
    return Message("assistant", blocks)


def tool(*results: ToolResult) -> Message:
    """What its tools answered."""
    return Message("tool", results)


def test_a_request_is_a_model_and_its_messages() -> None:
    """Nothing is sent that nobody asked for, and instructions stand first."""
    request = Request([user("hi")], instructions="Be brief.", streaming=False)
    assert encode(request, "gpt") == {
        "model": "gpt",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
    }


def test_a_stream_asks_for_its_usage() -> None:
    """Without the option, a stream never tells what it cost; some servers do not know it."""
    assert encode(Request([]), "m")["stream_options"] == {"include_usage": True}
    assert encode(Request([]), "m", dialect=Dialect(usage_in_stream=False)) == {
        "model": "m",
        "messages": [],
        "stream": True,
    }


def test_every_kind_of_content_has_its_part() -> None:
    """Bytes go as base64, addresses as they are; what is another provider's stays away."""
    blocks: list[Block] = [
        Text("see"),
        Image("image/png", data=b"png"),
        Image("image/*", url="https://x/y.png"),
        Audio("audio/mpeg", data=b"mp3"),
        Audio("audio/wav", data=b"wav"),
        File("application/pdf", data=b"pdf", name="a.pdf"),
        File("application/pdf", url="https://x/a.pdf"),
        Opaque("acme", {"type": "video_url"}),
        Opaque("other", {"type": "secret"}),
    ]
    assert messages(Message("user", tuple(blocks)))[0]["content"] == [
        {"type": "text", "text": "see"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n"}},
        {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
        {"type": "input_audio", "input_audio": {"data": "bXAz", "format": "mp3"}},
        {"type": "input_audio", "input_audio": {"data": "d2F2", "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,cGRm"}},
        {"type": "file", "file": {"filename": "file", "file_data": "https://x/a.pdf"}},
        {"type": "video_url"},
    ]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (user(Audio("audio/wav", url="https://x/a.wav")), "as bytes"),
        (user(ToolResult("1", "add", "2")), "cannot hold a ToolResult"),
        (Message("tool", (Text("2"),)), "holds tool results, not Text"),
    ],
)
def test_a_block_in_the_wrong_place_is_refused(message: Message, words: str) -> None:
    """Before anything is sent, and with what to do."""
    with pytest.raises(Refused, match=words):
        messages(message)


def test_calls_and_results_are_paired() -> None:
    """Each result names its call, whatever order they come in; no text beside calls is ``null``."""
    calls = assistant(ToolCall("1.0", "add", {"a": 1}, "x"), ToolCall("1.1", "add", {"a": 2}, "x"))
    wire = messages(calls, tool(ToolResult("1.1", "add", "two"), ToolResult("1.0", "add", "one")))
    first, second = (call["id"] for call in wire[0]["tool_calls"])
    assert wire[0]["content"] is None
    assert wire[0]["tool_calls"][0] == {
        "id": "x",
        "type": "function",
        "function": {"name": "add", "arguments": '{"a":1}'},
    }
    assert first != second
    assert wire[1:] == [
        {"role": "tool", "tool_call_id": second, "content": "two"},
        {"role": "tool", "tool_call_id": first, "content": "one"},
    ]


def test_what_a_tool_gave_beside_text_follows_the_last_result() -> None:
    """Nothing may stand between a call and its result, and a result holds text only."""
    picture = Image("image/*", url="https://x/y.png")
    wire = messages(
        assistant(ToolCall("1.0", "look"), ToolCall("1.1", "look")),
        tool(ToolResult("1.0", "look", "seen", parts=(picture,))),
        tool(ToolResult("1.1", "look", "nothing")),
        user("and?"),
    )
    assert [entry["role"] for entry in wire] == ["assistant", "tool", "tool", "user", "user"]
    assert wire[3]["content"] == [
        {"type": "text", "text": "Attached to the result of look (1.0):"},
        {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
    ]
    last = messages(assistant(ToolCall("1.0", "look")), tool(ToolResult("1.0", "look", "", parts=(picture,))))[-1]
    assert last["role"] == "user"


def test_malformed_arguments_go_back_as_none() -> None:
    """A server that parses them would refuse the whole conversation; the result says what was wrong."""
    wire = messages(assistant(ToolCall("1.0", "add", malformed='{"a": ')))
    assert wire[0]["tool_calls"][0]["function"]["arguments"] == "{}"


def test_earlier_answers_go_back_as_the_provider_takes_them() -> None:
    """A refusal in its field, sound by its id, opaque fields to their own provider, reasoning where it is wanted."""
    said = assistant(
        Thinking("hm"),
        Thinking("m"),
        Text("a"),
        Image("image/png", data=b"png"),
        Refusal("no"),
        Opaque("acme", {"audio": {"id": "a1", "data": "AAAA"}}),
        Opaque("acme", {"reasoning_details": [1]}),
        Opaque("other", {"secret": 1}),
    )
    plain = {
        "role": "assistant",
        "content": "a",
        "refusal": "no",
        "audio": {"id": "a1"},
        "reasoning_details": [1],
    }
    assert messages(said) == [plain]
    assert messages(said, dialect=Dialect(thinking=("reasoning_content",))) == [{**plain, "reasoning_content": "hmm"}]


def test_a_system_message_keeps_its_place() -> None:
    """Also in the middle."""
    wire = messages(user("a"), Message("system", (Text("b"), Text("c"))))
    assert wire[1] == {"role": "system", "content": "bc"}


def test_tools_are_told_with_their_schema() -> None:
    """As functions, which is the only kind that runs on our side."""
    assert encode(Request([], tools=[Spec()]), "m")["tools"] == [
        {
            "type": "function",
            "function": {"name": "add", "description": "Add.", "parameters": {"type": "object", "properties": {}}},
        }
    ]


def test_settings_go_under_the_names_of_the_wire() -> None:
    """Those that are not set are the provider's own."""
    assert settings() == {}
    assert settings(
        temperature=0.0,
        top_p=0.5,
        top_k=3,
        presence_penalty=0.1,
        frequency_penalty=0.2,
        max_tokens=9,
        stop=("x",),
        seed=0,
        reasoning_effort="low",
        parallel_tool_calls=False,
    ) == {
        "temperature": 0.0,
        "top_p": 0.5,
        "top_k": 3,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "max_tokens": 9,
        "stop": ["x"],
        "seed": 0,
        "reasoning_effort": "low",
        "parallel_tool_calls": False,
    }
    request = Request([], settings=Settings(max_tokens=9))
    assert encode(request, "m", dialect=Dialect(max_tokens="max_completion_tokens"))["max_completion_tokens"] == 9


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ("add", {"type": "function", "function": {"name": "add"}}),
    ],
)
def test_a_tool_is_chosen_by_mode_or_by_name(choice: str, wire: object) -> None:
    """A word that is no mode is a tool's name."""
    assert settings(tool_choice=choice) == {"tool_choice": wire}


def test_settings_for_tools_need_tools() -> None:
    """A provider refuses them otherwise."""
    assert settings(tools=False, tool_choice="auto", parallel_tool_calls=True) == {}


def test_the_extra_body_has_the_last_word() -> None:
    """What we do not know, or know better than the user, is the user's to say."""
    body = encode(Request([], settings=Settings(temperature=1, extra_body={"temperature": 0, "mirostat": 2})), "m")
    assert (body["temperature"], body["mirostat"]) == (0, 2)


TEXTS = st.text(max_size=5)
IDS = st.sampled_from(["", "x", "1.0", "1.1"])
BLOCKS = st.one_of(
    st.builds(Text, TEXTS),
    st.builds(Thinking, TEXTS),
    st.builds(Refusal, TEXTS),
    st.builds(ToolCall, IDS, TEXTS, st.dictionaries(TEXTS, TEXTS), IDS),
)
ROLES: list[Role] = ["system", "assistant"]


@given(st.lists(st.builds(Message, st.sampled_from(ROLES), st.lists(BLOCKS).map(tuple))))
def test_any_history_can_be_written(history: list[Message]) -> None:
    """It is JSON, message for message but for answers of nothing, and its calls have ids of their own."""
    wire = messages(*history)
    assert write_object({"messages": wire})
    others = [entry["role"] for entry in wire if entry["role"] != "assistant"]
    assert others == [message.role for message in history if message.role != "assistant"]
    ids = [call["id"] for entry in wire for call in entry.get("tool_calls", [])]
    assert len(set(ids)) == len(ids)


def test_an_output_that_can_be_enforced_is_strict() -> None:
    """Its schema is adapted to what the provider enforces; its description goes along."""
    schema: dict[str, JsonValue] = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    assert response_format(OutputSpec("Sum", schema, "A sum.")) == {
        "name": "Sum",
        "description": "A sum.",
        "schema": {**schema, "additionalProperties": False},
        "strict": True,
    }


@pytest.mark.parametrize(
    "output",
    [
        OutputSpec("Free", {"type": "object", "additionalProperties": {"type": "integer"}}),
        OutputSpec("Loose", {"type": "object", "properties": {"a": {"type": "integer"}}}, strict=False),
    ],
)
def test_an_output_that_cannot_be_enforced_is_told_as_it_is(output: OutputSpec) -> None:
    """Nor is one that is not asked to be; what comes is checked on our side anyway."""
    assert response_format(output) == {"name": output.name, "schema": output.schema}


def response_format(output: OutputSpec) -> dict[str, Any]:
    """What is said about the output."""
    spec = encode(Request([], output=output), "m")["response_format"]
    assert spec["type"] == "json_schema"
    return spec["json_schema"]


def test_an_empty_text_beside_a_call_stays_one() -> None:
    """Some servers want text where others take none, so it goes back as it came."""
    call = ToolCall("1", "add", {})
    assert messages(assistant(Text(""), call))[0]["content"] == ""
    assert messages(assistant(call))[0]["content"] is None
