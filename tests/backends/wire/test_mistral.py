"""Chat Completions as Mistral speaks it."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from loopbus.backends.contract import Request, Settings, ThinkingPiece
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.mistral import MISTRAL_CHAT, encode
from loopbus.events.content import (
    Audio,
    File,
    Image,
    Message,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    user,
)

from .specs import Spec


def entries(*messages: Message) -> list[dict[str, Any]]:
    """The messages of the request."""
    return encode(Request(messages), "m")["messages"]


def settings(*, tools: bool = True, **given_: Any) -> dict[str, Any]:
    """The request without its messages, tools and model."""
    body = encode(Request([], tools=[Spec()] if tools else [], settings=Settings(**given_), streaming=False), "m")
    return {name: value for name, value in body.items() if name not in {"messages", "model", "tools"}}


def test_a_stream_tells_its_usage_unasked() -> None:
    """Mistral refuses fields that it does not know."""
    assert encode(Request([user("hi")]), "m") == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
    }


def test_settings_go_under_mistrals_names() -> None:
    """The rest is as OpenAI has it, and the extra body has the last word."""
    assert settings(seed=1, max_tokens=9) == {"random_seed": 1, "max_tokens": 9}
    assert settings(seed=1, extra_body={"random_seed": 2}) == {"random_seed": 2}
    assert settings(tool_choice="required") == {"tool_choice": "any"}
    assert settings(tool_choice="auto") == {"tool_choice": "auto"}
    assert settings(tools=False, tool_choice="required") == {}


def test_documents_and_sound_have_parts_of_their_own() -> None:
    """Both may be addresses; in a tool's result too."""
    said = user(
        File("application/pdf", data=b"pdf", name="a.pdf"),
        File("application/pdf", url="https://x/a.pdf"),
        Audio("audio/wav", data=b"wav"),
        Audio("audio/wav", url="https://x/a.wav"),
        Image("image/*", url="https://x/y.png"),
    )
    assert entries(said)[0]["content"] == [
        {"type": "document_url", "document_url": "data:application/pdf;base64,cGRm", "document_name": "a.pdf"},
        {"type": "document_url", "document_url": "https://x/a.pdf"},
        {"type": "input_audio", "input_audio": {"data": "d2F2", "format": "wav"}},
        {"type": "input_audio", "input_audio": "https://x/a.wav"},
        {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
    ]
    file = File("application/pdf", url="https://x/a.pdf")
    wire = entries(
        Message("assistant", (ToolCall("1", "read"),)), Message("tool", (ToolResult("1", "read", "", parts=(file,)),))
    )
    assert wire[-1]["content"][1] == {"type": "document_url", "document_url": "https://x/a.pdf"}


def test_reasoning_goes_back_among_the_parts() -> None:
    """In its place and with its signature; an answer without any stays text."""
    said = Message("assistant", (Thinking("hm", "s"), Text("a"), Thinking("m"), Refusal("b")))
    assert entries(said, user("on"))[0] == {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "signature": "s"},
            {"type": "text", "text": "a"},
            {"type": "thinking", "thinking": [{"type": "text", "text": "m"}]},
            {"type": "text", "text": "b"},
        ],
    }
    said = Message("assistant", (Text("a"), Refusal("b")))
    assert entries(said, user("on"))[0] == {"role": "assistant", "content": "ab"}


def test_a_reply_at_the_end_is_one_to_go_on_with() -> None:
    """Mistral answers nothing else."""
    assert entries(Message("assistant", (Text("a"),))) == [{"role": "assistant", "content": "a", "prefix": True}]


def test_reasoning_comes_with_its_signature() -> None:
    """References among its words are no words."""
    words = [{"type": "text", "text": "hm"}, {"type": "reference", "reference_ids": [1]}]
    part = {"type": "thinking", "thinking": words, "signature": "s"}
    choice = {"index": 0, "message": {"content": [part]}, "finish_reason": "stop"}
    reader = MISTRAL_CHAT.answer(Account("mistral"))
    assert reader.read_whole(to_json({"choices": [choice]}))[0] == ThinkingPiece("hm", "s")


def test_ids_of_calls_are_nine_letters_and_digits() -> None:
    """Mistral's own stay; others are replaced, each by one of its own, and their results follow."""
    calls = [
        ToolCall("1.0", "a", {}, "wVug6SNgl"),
        ToolCall("1.1", "a", {}, "wVug6SNgl"),
        ToolCall("1.2", "a", {}, "x"),
    ]
    results = [ToolResult(call.call_id, "a", call.call_id) for call in calls]
    wire = entries(Message("assistant", tuple(calls)), Message("tool", tuple(results)))
    ids = [call["id"] for call in wire[0]["tool_calls"]]
    assert ids[0] == "wVug6SNgl"
    assert len(set(ids)) == 3
    assert [entry["tool_call_id"] for entry in wire[1:]] == ids


IDS = st.text(max_size=10) | st.from_regex(r"[a-z0-9]{9}", fullmatch=True) | st.just("\ud800")


@given(st.lists(st.tuples(IDS, IDS)))
def test_any_ids_become_such_ids(given_: list[tuple[str, str]]) -> None:
    """The same history always gets the same, or a prompt cache would not know it again."""
    said = Message("assistant", tuple(ToolCall(ours, "a", {}, theirs) for ours, theirs in given_))
    ids = [call["id"] for entry in entries(said) for call in entry.get("tool_calls", [])]
    assert all(re.fullmatch("[A-Za-z0-9]{9}", word) for word in ids)
    assert len(set(ids)) == len(given_)
    assert ids == [call["id"] for entry in entries(said) for call in entry.get("tool_calls", [])]


@pytest.mark.parametrize("streaming", [True, False])
def test_the_wire_says_where_to_ask(streaming: bool) -> None:
    """As OpenAI does."""
    assert (MISTRAL_CHAT.name, MISTRAL_CHAT.path("m", streaming)) == ("mistral.chat", "/chat/completions")
