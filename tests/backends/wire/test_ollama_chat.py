"""Chats with Ollama: every message and tool in its place."""

from typing import Any

import pytest

from loopbus.backends.contract import Request, Settings
from loopbus.backends.errors import Refused
from loopbus.backends.wire.objects import read_object, write_object
from loopbus.backends.wire.ollama_chat import OLLAMA_CHAT, encode
from loopbus.events.content import (
    Audio,
    File,
    Image,
    Message,
    Opaque,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    user,
)

from .specs import PERSON, Spec, function

PICTURE = Image("image/png", data=b"png")


def entries(*messages: Message) -> list[dict[str, Any]]:
    """The messages of the request, as they are sent."""
    return read_object(write_object(encode(Request(messages), "m")))["messages"]


def test_a_request_is_a_model_and_its_messages() -> None:
    """Instructions stand first, options behind."""
    request = Request([user("hi")], "Be brief.", settings=Settings(seed=1), streaming=False)
    assert encode(request, "llama") == {
        "model": "llama",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
        "stream": False,
        "options": {"seed": 1},
    }


def test_pictures_stand_beside_the_text() -> None:
    """As bytes; a message is one text."""
    seen = user("a", PICTURE, "b", Refusal("c"), Opaque("ollama", 1))
    assert entries(seen, Message("system", (Text("s"),))) == [
        {"role": "user", "content": "abc", "images": ["cG5n"]},
        {"role": "system", "content": "s"},
    ]


def test_arguments_are_objects() -> None:
    """Nested ones too; malformed ones go back as none at all. Reasoning goes back beside the text."""
    called = Message(
        "assistant",
        (
            Thinking("hm"),
            Text("a"),
            Refusal("b"),
            ToolCall("1.0", "add", {"a": {"b": [1]}}, "x"),
            ToolCall("1.1", "add", malformed="{"),
        ),
    )
    assert entries(called, Message("assistant", (Opaque("ollama", 1),))) == [
        {
            "role": "assistant",
            "content": "ab",
            "thinking": "hm",
            "tool_calls": [
                {"id": "x", "function": {"name": "add", "arguments": {"a": {"b": [1]}}}},
                {"function": {"name": "add", "arguments": {}}},
            ],
        },
        {"role": "assistant", "content": ""},
    ]


def test_a_result_names_its_tool() -> None:
    """And its call, where the server named that; pictures stay with the result."""
    results = (ToolResult("1.0", "look", "seen", parts=(PICTURE,), provider_id="x"), ToolResult("1.1", "now", "noon"))
    assert entries(Message("tool", results)) == [
        {"role": "tool", "content": "seen", "tool_name": "look", "tool_call_id": "x", "images": ["cG5n"]},
        {"role": "tool", "content": "noon", "tool_name": "now"},
    ]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (user(Audio("audio/wav", data=b"")), "not a Audio"),
        (Message("tool", (Text("2"),)), "holds tool results, not Text"),
        (Message("tool", (ToolResult("1", "read", "", parts=(File("x/y", data=b""),)),)), "the File that read gave"),
    ],
)
def test_what_ollama_cannot_take_is_refused(message: Message, words: str) -> None:
    """Before anything is sent."""
    with pytest.raises(Refused, match=words):
        entries(message)


@pytest.mark.parametrize(
    ("choice", "offered"),
    [
        (None, [function(), function("now")]),
        ("auto", [function(), function("now")]),
        ("required", [function(), function("now")]),
        ("now", [function("now")]),
        ("none", None),
    ],
)
def test_a_choice_of_tools_is_what_is_offered(choice: str | None, offered: object) -> None:
    """Ollama has no field for it. Only without tools can an answer be held to a schema."""
    request = Request([], tools=[Spec(), Spec("now")], settings=Settings(tool_choice=choice), output=PERSON)
    encoded = encode(request, "m")
    assert encoded.get("tools") == offered
    assert ("format" in encoded) is (offered is None)


def test_the_wire_says_where_to_ask() -> None:
    """Under the address of the host."""
    assert OLLAMA_CHAT.path("llama", True) == "/api/chat"
