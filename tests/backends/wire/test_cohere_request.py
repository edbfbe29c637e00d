"""Requests of Cohere's Chat: every message, tool and setting in its place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.contract import Request, Settings
from loopbus.backends.errors import Refused
from loopbus.backends.wire.cohere_request import encode
from loopbus.backends.wire.objects import write_object
from loopbus.events.content import (
    Audio,
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

from .specs import PERSON, Spec, function


def body(*messages: Message, **request: Any) -> dict[str, Any]:
    """The request without what every one has."""
    encoded = encode(Request(messages, streaming=False, **request), "m", provider="acme")
    return {name: value for name, value in encoded.items() if name not in ("model", "stream")}


def entries(*messages: Message) -> list[dict[str, Any]]:
    """The messages of the request."""
    return body(*messages)["messages"]


def settings(*, tools: bool = False, **given_: Any) -> dict[str, Any]:
    """The request without its messages."""
    encoded = body(settings=Settings(**given_), tools=[Spec(), Spec("now")] if tools else [])
    del encoded["messages"]
    return encoded


def test_a_request_is_a_model_its_messages_and_whether_to_stream() -> None:
    """Instructions stand first, a system message keeps its place."""
    request = Request([user("hi"), Message("system", (Text("b"), Text("c")))], "Be brief.")
    assert encode(request, "command") == {
        "model": "command",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "hi"},
            {"role": "system", "content": "bc"},
        ],
        "stream": True,
    }


def test_pictures_stand_in_the_message_and_documents_beside_it() -> None:
    """A document is cited by its name; what is another provider's stays away."""
    encoded = body(
        user(
            "see",
            Image("image/png", data=b"png"),
            File("text/plain", data="\u00e9".encode(), name="notes.txt"),
            File("application/json", data=b'{"sky": "green"}'),
            File("application/json", data=b"[1]"),
            Refusal("no"),
            Opaque("acme", {"type": "image_url", "image_url": {"url": "x", "detail": "low"}}),
            Opaque("acme", "no part"),
            Opaque("other", {"type": "secret"}),
        )
    )
    assert encoded["messages"][0]["content"] == [
        {"type": "text", "text": "see"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n"}},
        {"type": "text", "text": "no"},
        {"type": "image_url", "image_url": {"url": "x", "detail": "low"}},
    ]
    assert encoded["documents"] == [
        {"id": "notes.txt", "data": {"text": "\u00e9"}},
        {"data": {"sky": "green"}},
        {"data": {"text": "[1]"}},
    ]
    assert entries(user(File("text/plain", data=b"a")))[0]["content"] == ""


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (user(Audio("audio/wav", data=b"")), "cannot hold a Audio"),
        (user(File("application/pdf", url="https://x/a.pdf")), "load a file .https://x/a.pdf. and pass File.data"),
        (user(File("application/pdf", data=b"%PDF\xff", name="a.pdf")), "a.pdf .application/pdf. is none"),
        (user(File("application/json", data=b"{")), "a file .application/json. is none"),
        (Message("tool", (Text("2"),)), "holds tool results, not Text"),
    ],
)
def test_what_cohere_cannot_take_is_refused(message: Message, words: str) -> None:
    """Before anything is sent, and with what to do."""
    with pytest.raises(Refused, match=words):
        entries(message)


def test_calls_and_results_are_paired() -> None:
    """Each result names its call; no text beside calls is left out."""
    calls = Message("assistant", (ToolCall("1.0", "add", {"a": 1}, "x"), ToolCall("1.1", "add", malformed="{")))
    results = Message("tool", (ToolResult("1.1", "add", "two"), ToolResult("1.0", "add", "one")))
    assert entries(calls, results) == [
        {
            "role": "assistant",
            "tool_calls": [
                {"id": "x", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}},
                {"id": "1.1", "type": "function", "function": {"name": "add", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "1.1", "content": "two"},
        {"role": "tool", "tool_call_id": "x", "content": "one"},
    ]


def test_a_tools_files_are_documents_and_its_pictures_follow() -> None:
    """Nothing may stand between a call and its result, and a result holds text and documents only."""
    file = File("application/json", data=b'{"a": 1}')
    parts = (file, Image("image/*", url="https://x/y.png"))
    wire = entries(
        Message("assistant", (ToolCall("1", "look"), ToolCall("2", "look"))),
        Message("tool", (ToolResult("1", "look", "seen", parts=parts),)),
        Message("tool", (ToolResult("2", "look", "", parts=(file,)),)),
        user("and?"),
    )
    document = {"type": "document", "document": {"data": {"a": 1}}}
    assert wire[1]["content"] == [{"type": "text", "text": "seen"}, document]
    assert wire[2]["content"] == [document]
    assert wire[3] == {
        "role": "user",
        "content": [
            {"type": "text", "text": "Attached to the result of look (1):"},
            {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
        ],
    }
    assert wire[4] == {"role": "user", "content": "and?"}


def test_reasoning_goes_back_as_a_part_or_as_the_plan_of_calls() -> None:
    """Cohere's prompts write both down alike; citations return to whom they came from."""
    cited = Opaque("acme", {"citations": [{"start": 0}]})
    thought = Thinking("hm")
    assert entries(Message("assistant", (thought, Text("a"), Refusal("b"), cited, Opaque("other", {"x": 1}))))[0] == {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "ab"}],
        "citations": [{"start": 0}],
    }
    planned = entries(Message("assistant", (thought, Text("a"), ToolCall("1", "now"))))[0]
    assert (planned["content"], planned["tool_plan"]) == ("a", "hm")


def test_an_answer_without_anything_is_left_out() -> None:
    """As are parts that the model made and that it does not take back."""
    gone = Opaque("acme", {"type": "hologram"})
    assert entries(Message("assistant", (gone,))) == []
    assert entries(Message("assistant", (gone, Text("a")))) == [{"role": "assistant", "content": "a"}]


def test_settings_go_under_the_names_of_the_wire() -> None:
    """Those that are not set are Cohere's own; the extra body has the last word."""
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
        extra_body={"seed": 1, "safety_mode": "OFF"},
    ) == {
        "temperature": 0.0,
        "p": 0.5,
        "k": 3,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "max_tokens": 9,
        "stop_sequences": ["x"],
        "seed": 1,
        "safety_mode": "OFF",
    }


@pytest.mark.parametrize(
    ("wish", "thinking"),
    [
        ({"reasoning_effort": "none"}, {"type": "disabled"}),
        ({"reasoning_effort": "low"}, {"type": "enabled"}),
        ({"reasoning_tokens": 0, "reasoning_effort": "high"}, {"type": "disabled"}),
        ({"reasoning_tokens": 9, "reasoning_effort": "none"}, {"type": "enabled", "token_budget": 9}),
    ],
)
def test_thinking_is_a_switch_with_a_budget(wish: dict[str, Any], thinking: dict[str, Any]) -> None:
    """A budget goes before an effort."""
    assert settings(**wish) == {"thinking": thinking}


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (None, {}),
        ("auto", {}),
        ("none", {"tool_choice": "NONE"}),
        ("required", {"tool_choice": "REQUIRED"}),
    ],
)
def test_tools_are_told_with_their_schema(choice: str | None, told: dict[str, str]) -> None:
    """And whether one must be called."""
    assert settings(tools=True, tool_choice=choice) == {"tools": [function(), function("now")], **told}


def test_a_tool_that_must_be_called_is_offered_alone() -> None:
    """Cohere has no word for one tool; one that is not offered cannot be called."""
    assert settings(tools=True, tool_choice="now") == {"tools": [function("now")], "tool_choice": "REQUIRED"}
    with pytest.raises(Refused, match="'gone' is to be called and is not among the tools"):
        settings(tools=True, tool_choice="gone")
    assert settings(tool_choice="required") == {}


def test_an_outputs_schema_is_asked_for_where_cohere_allows_it() -> None:
    """It refuses one beside tools or documents."""
    assert body(user("a"), output=PERSON)["response_format"] == {
        "type": "json_object",
        "json_schema": {"type": "object"},
    }
    assert "response_format" not in body(user("a"), output=PERSON, tools=[Spec()])
    assert "response_format" not in body(user(File("text/plain", data=b"a")), output=PERSON)


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
    wire = entries(*history)
    assert write_object({"messages": wire})
    others = [entry["role"] for entry in wire if entry["role"] != "assistant"]
    assert others == [message.role for message in history if message.role != "assistant"]
    ids = [call["id"] for entry in wire for call in entry.get("tool_calls", [])]
    assert len(set(ids)) == len(ids)
