"""Requests of Converse: every message, tool and setting in its place."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue
from pydantic_core import from_json

from loopbus.backends.contract import OutputSpec, Request, Settings
from loopbus.backends.errors import Refused
from loopbus.backends.wire.bedrock_converse_history import NO_OUTPUT, NO_WORDS
from loopbus.backends.wire.bedrock_converse_request import encode
from loopbus.backends.wire.objects import write_object
from loopbus.backends.wire.opening import OPENING
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

CLAUDE = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
NOVA = "amazon.nova-lite-v1:0"


ADD: dict[str, Any] = {
    "toolSpec": {
        "name": "add",
        "description": "Add.",
        "inputSchema": {"json": {"type": "object", "properties": {}}},
    }
}
CALL = ToolCall("c.0", "add", {"a": 1}, "t1")


OPENED = {"role": "user", "content": [{"text": OPENING}]}


def body(*sent: Message, model: str = CLAUDE, tools: bool = False, **given_: Any) -> dict[str, Any]:
    """The request."""
    request = Request(sent, tools=[Spec()] if tools else [], settings=Settings(**given_))
    return encode(request, model, provider="acme")


def messages(*sent: Message, model: str = CLAUDE) -> list[dict[str, Any]]:
    """The messages of the request, without what stands before an answer that would be the first."""
    wire = body(*sent, model=model)["messages"]
    return wire[1:] if wire[:1] == [OPENED] else wire


def assistant(*blocks: Block) -> Message:
    """What the model said earlier."""
    return Message("assistant", blocks)


def tool(*results: ToolResult) -> Message:
    """What its tools answered."""
    return Message("tool", results)


def test_a_request_is_its_messages() -> None:
    """Nothing is sent that nobody asked for: model and streaming are the address's to say."""
    request = Request([user("hi")], instructions="Be brief.")
    assert encode(request, NOVA) == {
        "messages": [{"role": "user", "content": [{"text": "hi"}]}],
        "system": [{"text": "Be brief."}],
    }


def test_system_messages_stand_apart() -> None:
    """Wherever they come, after the instructions."""
    marker = Opaque("acme", {"cachePoint": {"type": "default"}})
    sent = encode(
        Request([user("hi"), Message("system", (Text("Be kind."), marker))], instructions="Be brief."),
        NOVA,
        provider="acme",
    )
    assert sent["system"] == [{"text": "Be brief."}, {"text": "Be kind."}, {"cachePoint": {"type": "default"}}]
    assert len(sent["messages"]) == 1


def test_a_call_and_its_result_agree_on_an_id() -> None:
    """Results are a user's, told before what the user says next, in one message, for roles must alternate."""
    result = ToolResult("c.0", "add", "three", provider_id="t1")
    assert messages(user("hi"), assistant(Text("Wait."), CALL), tool(result), user("and?")) == [
        {"role": "user", "content": [{"text": "hi"}]},
        {
            "role": "assistant",
            "content": [{"text": "Wait."}, {"toolUse": {"toolUseId": "t1", "name": "add", "input": {"a": 1}}}],
        },
        {
            "role": "user",
            "content": [{"toolResult": {"toolUseId": "t1", "content": [{"text": "three"}]}}, {"text": "and?"}],
        },
    ]


@pytest.mark.parametrize("provider_id", ["", "call:1/2", "x" * 100])
def test_an_id_has_only_what_bedrock_takes(provider_id: str) -> None:
    """Ours has a dot in it, another provider's may have anything and be long: the pair still agrees."""
    call = ToolCall("c.0", "add", {}, provider_id)
    _, said, answered = messages(user("hi"), assistant(call), tool(ToolResult("c.0", "add", "3")))
    wire_id = said["content"][0]["toolUse"]["toolUseId"]
    assert answered["content"][0]["toolResult"]["toolUseId"] == wire_id
    assert 0 < len(wire_id) <= 64
    assert set(wire_id) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")


@pytest.mark.parametrize(
    ("output", "content"),
    [
        ("three", {"text": "three"}),
        (' {"sum": 3}', {"json": {"sum": 3}}),
        ('{"sum": NaN}', {"text": '{"sum": NaN}'}),
        ("{no json}", {"text": "{no json}"}),
        ("[1]", {"text": "[1]"}),
        (" \n", {"text": NO_OUTPUT}),
    ],
)
def test_a_result_is_text_or_an_object(output: str, content: dict[str, Any]) -> None:
    """Some families take objects alone; blank text nobody takes."""
    sent = messages(assistant(CALL), tool(ToolResult("c.0", "add", output)))
    assert sent[1]["content"][0]["toolResult"]["content"] == [content]


@pytest.mark.parametrize(("model", "status"), [(CLAUDE, "error"), (NOVA, "error"), ("meta.llama3-70b", None)])
def test_a_failed_call_is_told_where_the_model_knows_the_word(model: str, status: str | None) -> None:
    """Other families refuse it; the text says it all the same."""
    sent = messages(assistant(CALL), tool(ToolResult("c.0", "add", "no", "denied")), model=model)
    assert sent[1]["content"][0]["toolResult"].get("status") == status


def test_a_result_holds_pictures_and_no_sound() -> None:
    """What Bedrock takes inside a result, and what it does not."""
    result = ToolResult("c.0", "add", "", parts=(Image("image/png", data=b"png"),))
    sent = messages(assistant(CALL), tool(result))
    picture = {"image": {"format": "png", "source": {"bytes": "cG5n"}}}
    assert sent[1]["content"][0]["toolResult"]["content"] == [picture]
    with pytest.raises(Refused, match="a tool's result cannot hold audio"):
        messages(assistant(CALL), tool(ToolResult("c.0", "add", "", parts=(Audio("audio/wav", data=b"x"),))))


def test_malformed_arguments_go_back_as_none_at_all() -> None:
    """The wire has no place for what is no object."""
    call = ToolCall("c.0", "add", {}, "t1", malformed='{"a": ')
    assert messages(assistant(call))[0]["content"][0]["toolUse"]["input"] == {}


def test_reasoning_goes_back_if_it_is_signed() -> None:
    """Without its signature it would be refused; what nobody may read goes back as it came."""
    redacted = Opaque("acme", {"reasoningContent": {"redactedContent": "AAAA"}})
    assert messages(assistant(Thinking("hm"), Thinking("so", "sig"), redacted, Text("a")))[0]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "so", "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": "AAAA"}},
        {"text": "a"},
    ]


def test_citations_go_back_around_the_text_that_they_are_for() -> None:
    """They stand behind it in a reply; with no text before them they go as they are."""
    cited = Opaque("acme", {"citationsContent": {"citations": [{"title": "facts"}]}})
    assert messages(assistant(Text("a"), cited))[0]["content"] == [
        {"citationsContent": {"citations": [{"title": "facts"}], "content": [{"text": "a"}]}}
    ]
    assert messages(assistant(cited))[0]["content"] == [{"citationsContent": {"citations": [{"title": "facts"}]}}]


def test_what_is_blank_foreign_or_made_by_a_model_stays_behind() -> None:
    """Bedrock refuses blank text; a message of which nothing is left is none, and its neighbours become one."""
    foreign = Opaque("other", {"x": 1})
    picture = Image("image/png", data=b"png")
    sent = [user("a", " ", foreign), assistant(Text("\n"), picture, foreign, Thinking("hm")), user("b"), user("")]
    assert messages(*sent) == [{"role": "user", "content": [{"text": "a"}, {"text": "b"}]}]


def test_a_refusal_goes_back_as_text() -> None:
    """From a model or to one."""
    sent = messages(user("hi", Refusal("no")), assistant(Refusal("no")))
    assert [message["content"][-1] for message in sent] == [{"text": "no"}, {"text": "no"}]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Message("user", (CALL,)), "user's message cannot hold a ToolCall"),
        (Message("system", (Thinking("hm"),)), "system message cannot hold a Thinking"),
        (Message("tool", (Text("x"),)), "holds tool results, not Text"),
    ],
)
def test_a_block_in_the_wrong_place_is_refused(message: Message, words: str) -> None:
    """Before anything is sent, naming the block."""
    with pytest.raises(Refused, match=words):
        messages(message)


def test_settings_have_bedrocks_names() -> None:
    """Those that every family knows."""
    sent = body(user("hi"), max_tokens=5, temperature=0.0, top_p=1, stop=("|",))
    assert sent["inferenceConfig"] == {"maxTokens": 5, "temperature": 0.0, "topP": 1, "stopSequences": ["|"]}


@pytest.mark.parametrize(
    ("model", "given_", "extra"),
    [
        (CLAUDE, {"top_k": 5}, {"top_k": 5}),
        (CLAUDE, {"reasoning_tokens": 1024}, {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        (CLAUDE, {"reasoning_effort": "low"}, {"thinking": {"type": "enabled", "budget_tokens": 2048}}),
        (NOVA, {"top_k": 5}, {"inferenceConfig": {"topK": 5}}),
        (NOVA, {"reasoning_effort": "low"}, None),
        (
            "us.amazon.nova-2-lite-v1:0",
            {"reasoning_effort": "minimal", "top_k": 5},
            {"inferenceConfig": {"topK": 5}, "reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}},
        ),
        ("amazon.nova-2-lite-v1:0", {"reasoning_effort": "none"}, {"reasoningConfig": {"type": "disabled"}}),
        ("amazon.nova-2-lite-v1:0", {}, None),
        ("openai.gpt-oss-120b-1:0", {"reasoning_effort": "high"}, {"reasoning_effort": "high"}),
        ("openai.gpt-oss-120b-1:0", {"reasoning_effort": "none"}, None),
        ("cohere.command-r-v1:0", {"top_k": 5}, {"k": 5}),
        ("cohere.command-r-v1:0", {}, None),
        ("meta.llama3-70b-instruct-v1:0", {"top_k": 5, "reasoning_effort": "low"}, None),
    ],
)
def test_settings_of_a_family_go_where_it_looks(
    model: str, given_: dict[str, Any], extra: dict[str, Any] | None
) -> None:
    """Converse passes them on unread; a family that has no such setting is not sent it."""
    assert body(user("hi"), model=model, **given_).get("additionalModelRequestFields") == extra


def test_extra_body_is_merged_last() -> None:
    """Whatever it says wins."""
    sent = body(user("hi"), max_tokens=5, extra_body={"inferenceConfig": {}, "serviceTier": {"type": "flex"}})
    assert (sent["inferenceConfig"], sent["serviceTier"]) == ({}, {"type": "flex"})


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        (None, {"tools": [ADD]}),
        ("auto", {"tools": [ADD], "toolChoice": {"auto": {}}}),
        ("required", {"tools": [ADD], "toolChoice": {"any": {}}}),
        ("add", {"tools": [ADD], "toolChoice": {"tool": {"name": "add"}}}),
        ("none", None),
    ],
)
def test_tools_and_their_choice(choice: str | None, config: dict[str, Any] | None) -> None:
    """There is no word for none: then the tools are left out."""
    assert body(user("hi"), tools=True, tool_choice=choice).get("toolConfig") == config


def test_a_history_with_calls_goes_with_its_tools() -> None:
    """Bedrock refuses it otherwise: tools that may not be called still stand there, and those that are gone by name."""
    history = [user("hi"), assistant(CALL), tool(ToolResult("c.0", "add", "3"))]
    assert body(*history, tools=True, tool_choice="none")["toolConfig"] == {"tools": [ADD]}
    assert body(*history, tool_choice="auto")["toolConfig"] == {
        "tools": [{"toolSpec": {"name": "add", "inputSchema": {"json": {"type": "object"}}}}]
    }


def test_a_tool_without_a_description_has_none() -> None:
    """An empty one is refused."""
    request = Request([user("hi")], tools=[Spec(description="")])
    assert "description" not in encode(request, CLAUDE)["toolConfig"]["tools"][0]["toolSpec"]


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (None, {"type": "auto"}),
        ("required", {"type": "any"}),
        ("add", {"type": "tool", "name": "add"}),
        ("none", None),
    ],
)
def test_claude_is_told_to_call_one_tool_at_a_time(choice: str | None, told: dict[str, Any] | None) -> None:
    """In its own words, for Converse has none; without tools there is nothing to tell."""
    sent = body(user("hi"), tools=True, tool_choice=choice, parallel_tool_calls=False)
    expected = None if told is None else {"tool_choice": {**told, "disable_parallel_tool_use": True}}
    assert sent.get("additionalModelRequestFields") == expected
    assert "additionalModelRequestFields" not in body(user("hi"), parallel_tool_calls=False)


def test_an_output_schema_travels_as_text() -> None:
    """Adapted to what is enforced where it is strict; as it is where it is not."""
    schema: dict[str, JsonValue] = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}

    def sent(strict: bool, description: str = "") -> dict[str, Any]:
        request = Request([user("hi")], output=OutputSpec("City", schema, description, strict))
        told = encode(request, CLAUDE)["outputConfig"]["textFormat"]
        assert told["type"] == "json_schema"
        return told["structure"]["jsonSchema"]

    assert from_json(sent(False)["schema"]) == schema
    assert from_json(sent(True)["schema"])["additionalProperties"] is False
    assert sent(False).keys() == {"name", "schema"}
    assert sent(False, "Where.")["description"] == "Where."


POINT = {"cachePoint": {"type": "default"}}


def test_cache_points_stand_behind_what_stays_the_same() -> None:
    """The system prompt, and the last message; five minutes is what a point means by itself."""
    request = Request([user("hi")], "Be brief.", [Spec()], Settings(cache_prompt="5m"))
    sent = encode(request, CLAUDE)
    assert (sent["system"][-1], sent["messages"][-1]["content"][-1]) == (POINT, POINT)
    assert sent["toolConfig"]["tools"] == [ADD]
    request = Request([user("hi")], "Be brief.", settings=Settings(cache_prompt="1h"))
    assert encode(request, CLAUDE)["system"][-1] == {"cachePoint": {"type": "default", "ttl": "1h"}}


def test_without_a_system_prompt_the_tools_are_kept_where_the_model_can() -> None:
    """Nova cannot. Nothing is marked behind an assistant's words."""
    assert body(user("hi"), tools=True, cache_prompt="5m")["toolConfig"]["tools"] == [ADD, POINT]
    assert body(user("hi"), tools=True, model=NOVA, cache_prompt="5m")["toolConfig"]["tools"] == [ADD]
    assert body(user("hi"), assistant(Text("a")), cache_prompt="5m")["messages"][-1]["content"] == [{"text": "a"}]
    assert body(cache_prompt="5m") == {"messages": []}


BLOCKS = st.sampled_from([Text("a"), Text(" "), Thinking("t"), Thinking("t", "s"), CALL, Opaque("acme", {"x": 1})])
ROLES: list[Role] = ["user", "assistant", "system"]


@given(st.lists(st.tuples(st.sampled_from(ROLES), st.lists(BLOCKS, max_size=3))))
def test_roles_alternate_and_no_message_is_empty(drawn: list[tuple[Role, list[Block]]]) -> None:
    """Whatever the history, for Bedrock refuses anything else; ids are unique, and it is JSON."""
    sent = messages(
        *[
            Message(role, tuple(block for block in blocks if role == "assistant" or isinstance(block, Text | Opaque)))
            for role, blocks in drawn
        ]
    )
    roles = [message["role"] for message in sent]
    assert all(role != following for role, following in pairwise(roles))
    assert all(message["content"] for message in sent)
    ids = [block["toolUse"]["toolUseId"] for message in sent for block in message["content"] if "toolUse" in block]
    assert len(set(ids)) == len(ids)
    write_object({"messages": sent})


def test_claude_does_not_begin_to_think_in_the_middle_of_calls() -> None:
    """As after a fallback: with a budget it would be refused, for the turn began without a thought."""
    called = assistant(Thinking("hm", "sig", "elsewhere"), CALL)
    said = [user("hi"), called, Message("tool", (ToolResult("c.0", "add", "2"),))]
    assert "additionalModelRequestFields" not in body(*said, reasoning_tokens=2048)
    assert "additionalModelRequestFields" in body(*said, assistant(Text("2")), user("on"), reasoning_tokens=2048)


def test_a_document_does_not_come_without_a_word() -> None:
    """Bedrock wants a text beside it, and refuses blank ones; where something was said, nothing is added."""
    file = File("application/pdf", data=b"%PDF", name="a.pdf")
    assert [list(part) for part in messages(user(file, " "))[0]["content"]] == [["document"], ["text"]]
    assert messages(user(file))[0]["content"][1] == {"text": NO_WORDS}
    assert [list(part) for part in messages(user("Read.", file))[0]["content"]] == [["text"], ["document"]]
