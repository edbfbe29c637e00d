"""A conversation as the messages of Anthropic Messages: every block in its place, and back again."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue
from pydantic_core import to_json

from loopbus.backends.errors import Refused
from loopbus.backends.fold import ReplyFold
from loopbus.backends.wire.account import Account
from loopbus.backends.wire.anthropic_messages import MessagesReader
from loopbus.backends.wire.anthropic_messages_history import History
from loopbus.backends.wire.objects import write_object
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

Json = dict[str, Any]

HI: Json = {"role": "user", "content": [{"type": "text", "text": "hi"}]}


def wire(*messages: Message) -> list[Json]:
    """The messages of the request."""
    history = History("acme")
    for message in messages:
        history.add(message)
    return history.wire


def system(*messages: Message) -> list[Json]:
    """The system blocks of the request."""
    history = History("acme")
    for message in messages:
        history.add(message)
    return history.system


def assistant(*blocks: Block) -> Message:
    """What the model said earlier."""
    return Message("assistant", blocks)


def tool(*results: Block) -> Message:
    """What its tools answered."""
    return Message("tool", results)


def round_trip(content: Sequence[Json]) -> list[Json]:
    """An answer, read and sent back."""
    body = to_json({"content": content, "stop_reason": "end_turn"})
    fold = ReplyFold()
    for delta in MessagesReader(Account("acme")).read_whole(body):
        fold.add(delta)
    return wire(Message("assistant", fold.reply().content))[0]["content"]


def test_every_kind_of_content_has_its_block() -> None:
    """Bytes go as base64, addresses as they are, plain text as text; what is another provider's stays away."""
    blocks: list[Block] = [
        Text("see"),
        Image("image/png", data=b"png"),
        Image("image/*", url="https://x/y.png"),
        File("application/pdf", data=b"pdf", name="a.pdf"),
        File("application/pdf", url="https://x/a.pdf"),
        File("text/markdown", data=b"# a", name="a.md"),
        File("application/json", data=b"{\xff}"),
        Opaque("acme", {"type": "container_upload", "file_id": "f1"}),
        Opaque("other", {"type": "secret"}),
        Opaque("acme", "no block"),
        Refusal("no"),
    ]
    assert wire(Message("user", tuple(blocks)))[0]["content"] == [
        {"type": "text", "text": "see"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "cG5n"}},
        {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "cGRm"},
            "title": "a.pdf",
        },
        {"type": "document", "source": {"type": "url", "url": "https://x/a.pdf"}},
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "# a"},
            "title": "a.md",
        },
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "{�}"}},
        {"type": "container_upload", "file_id": "f1"},
        {"type": "text", "text": "no"},
    ]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (user(Audio("audio/wav", data=b"a")), "carries no Audio"),
        (user(ToolResult("1", "add", "2")), "carries no ToolResult"),
        (Message("tool", (Text("2"),)), "holds tool results, not Text"),
        (tool(ToolResult("1", "add", "", parts=(Audio("audio/wav", data=b"a"),))), "carries no Audio"),
    ],
)
def test_a_block_in_the_wrong_place_is_refused(message: Message, words: str) -> None:
    """Before anything is sent, and with what to do."""
    with pytest.raises(Refused, match=words):
        wire(message)


def test_system_messages_stand_together_at_the_head() -> None:
    """The wire's own place for them; the provider's markers go along."""
    kept: JsonValue = {"type": "text", "text": "c", "cache_control": {"type": "ephemeral"}}
    messages = [
        Message("system", (Text("a"),)),
        user("hi"),
        Message("system", (Text("b"), Opaque("acme", kept))),
    ]
    assert system(*messages) == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, kept]
    assert wire(*messages) == [HI]


def test_messages_of_one_side_in_a_row_become_one() -> None:
    """Some who serve Claude want the sides to take turns, and results at the head of what follows a call."""
    messages = wire(
        assistant(ToolCall("1", "add", {}, "x")), tool(ToolResult("1", "add", "2")), user("and?"), user("well?")
    )
    assert [message["role"] for message in messages] == ["assistant", "user"]
    assert [block["type"] for block in messages[1]["content"]] == ["tool_result", "text", "text"]


def test_blank_texts_are_left_out_with_the_messages_that_they_leave_empty() -> None:
    """The provider refuses them, and a reply may hold nothing else."""
    blank = [user("hi"), assistant(Text(" \n")), assistant(), user(Text(""), Text("\t")), user("hi")]
    assert wire(*blank) == [{"role": "user", "content": HI["content"] * 2}]


def test_a_result_tells_its_outcome_and_what_is_no_text() -> None:
    """In one block; no output is no content."""
    picture = Image("image/*", url="https://x/y.png")
    results = (
        ToolResult("1", "look", "seen", parts=(picture,)),
        ToolResult("2", "look", "boom", "error"),
        ToolResult("3", "look", "not you", "denied"),
        ToolResult("4", "look", ""),
    )
    calls = assistant(*(ToolCall(result.call_id, "look") for result in results))
    assert wire(calls, tool(*results))[1]["content"] == [
        {
            "type": "tool_result",
            "tool_use_id": "1",
            "content": [
                {"type": "text", "text": "seen"},
                {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
            ],
        },
        {"type": "tool_result", "tool_use_id": "2", "content": [{"type": "text", "text": "boom"}], "is_error": True},
        {"type": "tool_result", "tool_use_id": "3", "content": [{"type": "text", "text": "not you"}], "is_error": True},
        {"type": "tool_result", "tool_use_id": "4"},
    ]


def test_calls_and_results_are_paired_in_letters_that_the_wire_takes() -> None:
    """Our own ids hold a dot, other providers' worse; each result names its call, whatever order they come in."""
    calls = assistant(ToolCall("1.0", "add", {"a": 1}), ToolCall("1.1", "add", {}, "functions.add:1"))
    asked, answered = wire(calls, tool(ToolResult("1.1", "add", "two"), ToolResult("1.0", "add", "one")))
    assert asked["content"] == [
        {"type": "tool_use", "id": "1_0", "name": "add", "input": {"a": 1}},
        {"type": "tool_use", "id": "functions_add_1", "name": "add", "input": {}},
    ]
    assert [block["tool_use_id"] for block in answered["content"]] == ["functions_add_1", "1_0"]


def test_malformed_arguments_go_back_as_none() -> None:
    """The wire wants an object, and half of one is none."""
    assert wire(assistant(ToolCall("1", "add", {}, "x", malformed='{"a"')))[0]["content"][0]["input"] == {}


def test_reasoning_goes_back_with_its_signature_or_not_at_all() -> None:
    """The provider checks it; what another model thought has none of its."""
    said = assistant(Thinking("hm", "sig"), Thinking("other"), Thinking("", "hidden"), Text("a"))
    assert wire(said)[0]["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "thinking", "thinking": "", "signature": "hidden"},
        {"type": "text", "text": "a"},
    ]


def test_what_a_model_made_beside_text_does_not_go_back() -> None:
    """Nobody takes its pictures; a refusal is text, and other providers' blocks stay away."""
    said = assistant(Image("image/png", data=b"a"), Refusal("no"), Opaque("other", {"type": "x"}), Opaque("acme", 1))
    assert wire(said)[0]["content"] == [{"type": "text", "text": "no"}]


CITATIONS: list[Json] = [{"type": "web_search_result_location", "url": "https://x", "encrypted_index": "zz"}]


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": "a"}],
        [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "redacted_thinking", "data": "zzz"},
            {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": [1, {"b": None}]}},
            {"type": "tool_use", "id": "t2", "name": "add", "input": {}},
        ],
        [
            {"type": "text", "text": "I look."},
            {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}},
            {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"encrypted_content": "zz"}]},
            {"type": "text", "text": "So "},
            {"type": "text", "text": "it is", "citations": CITATIONS},
            {"type": "text", "text": ", and "},
            {"type": "text", "text": "so", "citations": CITATIONS * 2},
            {"type": "text", "text": "."},
        ],
        [
            {"type": "server_tool_use", "id": "s1", "name": "code_execution", "input": {"code": "add(1)"}},
            {
                "type": "tool_use",
                "id": "t1",
                "name": "add",
                "input": {"a": 1},
                "caller": {"type": "code_execution_20260120", "tool_id": "s1"},
            },
        ],
        [{"type": "text", "text": "it is", "citations": CITATIONS}],
        [{"type": "mcp_tool_result", "tool_use_id": "m1", "is_error": False, "content": []}],
    ],
)
def test_an_answer_goes_back_as_it_came(content: list[Json]) -> None:
    """Block by block, with all that only the provider understands."""
    assert round_trip(content) == content


def test_citations_go_only_with_the_text_that_they_are_for() -> None:
    """A text that somebody changed since has none; the provider's copy of the old one would bring it back."""
    cited = Opaque("acme", {"type": "text", "text": "secret", "citations": [{"url": "https://x"}]})
    assert wire(assistant(Text("***"), cited))[0]["content"] == [{"type": "text", "text": "***"}]
    assert wire(assistant(cited)) == []
    marked: JsonValue = {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}}
    assert wire(assistant(Text("a"), Opaque("acme", marked)))[0]["content"][1] == marked


def test_what_is_said_of_a_call_that_is_gone_is_gone() -> None:
    """A policy may have taken it out."""
    caller = Opaque("acme", {"type": "tool_use", "id": "t1", "caller": {"type": "code_execution_20260120"}})
    assert wire(assistant(Text("a"), caller))[0]["content"] == [{"type": "text", "text": "a"}]


BLOCKS = st.one_of(
    st.builds(Text, st.text()),
    st.builds(Thinking, st.text(), st.none() | st.text()),
    st.builds(Refusal, st.text()),
    st.builds(Image, st.just("image/png"), st.binary(max_size=3)),
    st.builds(File, st.sampled_from(["application/pdf", "text/csv"]), st.binary(max_size=3)),
    st.builds(ToolCall, st.text(max_size=3), st.text(max_size=3), provider_id=st.text(max_size=3)),
    st.builds(ToolResult, st.text(max_size=3), st.text(max_size=3), st.text(max_size=3)),
    st.builds(
        Opaque,
        st.sampled_from(["acme", "other"]),
        st.sampled_from(
            [
                "x",
                {},
                {"type": "tool_use"},
                {"type": "text"},
                {"type": "text", "text": 7},
                {"type": "text", "text": "a", "citations": [1]},
                {"type": "text", "citations": [1]},
            ]
        ),
    ),
)
ROLES: list[Role] = ["system", "user", "assistant", "tool"]


@given(st.lists(st.builds(Message, st.sampled_from(ROLES), st.lists(BLOCKS, max_size=4).map(tuple)), max_size=6))
def test_any_conversation_is_written_or_refused(messages: list[Message]) -> None:
    """What is written can be sent, the sides take turns, and no two calls share an id."""
    try:
        written = wire(*messages)
    except Refused:
        return
    write_object({"messages": written})
    roles = [message["role"] for message in written]
    assert all(first != second for first, second in pairwise(roles))
    blocks = [block for message in written for block in message["content"]]
    assert all(message["content"] for message in written)
    assert all(not block["text"].isspace() for block in blocks if isinstance(block.get("text"), str))
    ids = [block["id"] for block in blocks if block.get("type") == "tool_use" and "id" in block]
    assert len(ids) == len(set(ids))
