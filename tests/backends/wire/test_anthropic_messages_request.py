"""Requests of Anthropic Messages: every setting and tool in its place."""

from typing import Any

import pytest

from loopbus.backends.contract import OutputSpec, Request, Settings
from loopbus.backends.wire.anthropic_messages_request import BEDROCK, DEFAULT_MAX_TOKENS, VERTEX, encode
from loopbus.events.content import Message, Opaque, Text, Thinking, ToolCall, ToolResult, user

from .specs import Spec

Json = dict[str, Any]

KEPT: Json = {"cache_control": {"type": "ephemeral"}}


ADD: Json = {"name": "add", "description": "Add.", "input_schema": {"type": "object", "properties": {}}}


def settings(*, tools: bool = True, model: str = "claude-sonnet-5", **given: Any) -> Json:
    """The request without its messages, model and what it is made of otherwise."""
    body = encode(Request([], tools=[Spec()] if tools else [], settings=Settings(**given), streaming=False), model)
    return {name: value for name, value in body.items() if name not in {"messages", "model", "tools"}}


def test_a_request_is_a_model_and_its_messages() -> None:
    """Nothing is sent that nobody asked for, but for the length that the wire insists on."""
    assert encode(Request([user("hi")], instructions="Be brief.", streaming=False), "claude") == {
        "model": "claude",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "max_tokens": DEFAULT_MAX_TOKENS,
        "system": [{"type": "text", "text": "Be brief."}],
    }


def test_a_stream_is_asked_for() -> None:
    """By a field of its own."""
    assert encode(Request([]), "m")["stream"] is True


def test_bedrock_and_vertex_say_a_version_in_the_place_of_the_model() -> None:
    """The model stands in the address; at Bedrock, so does whether it streams."""
    bare: Json = {"messages": [], "max_tokens": DEFAULT_MAX_TOKENS}
    assert encode(Request([]), "m", dialect=BEDROCK) == {"anthropic_version": "bedrock-2023-05-31", **bare}
    assert encode(Request([]), "m", dialect=VERTEX) == {
        "anthropic_version": "vertex-2023-10-16",
        **bare,
        "stream": True,
    }


def test_every_setting_has_its_field() -> None:
    """What the wire does not know is left out."""
    assert settings(
        tools=False,
        temperature=0.5,
        top_p=0.9,
        top_k=5,
        max_tokens=10,
        stop=("x", "y"),
        seed=1,
        presence_penalty=1.0,
        frequency_penalty=1.0,
    ) == {"temperature": 0.5, "top_p": 0.9, "top_k": 5, "max_tokens": 10, "stop_sequences": ["x", "y"]}


def test_reasoning_does_not_eat_up_the_answer() -> None:
    """The wire's limit counts both; ours, where nobody set it, is one for the answer."""
    assert settings(model="claude-opus-4-5", reasoning_tokens=3000) == {
        "thinking": {"type": "enabled", "budget_tokens": 3000},
        "max_tokens": DEFAULT_MAX_TOKENS + 3000,
    }
    assert settings(model="claude-opus-4-5", reasoning_tokens=3000, max_tokens=4000)["max_tokens"] == 4000


def test_a_tool_is_a_name_a_description_and_a_schema() -> None:
    """Under this wire's name for the schema."""
    assert encode(Request([], tools=[Spec()]), "m")["tools"] == [ADD]


@pytest.mark.parametrize(
    ("given", "choice"),
    [
        ({}, None),
        ({"tool_choice": "auto"}, {"type": "auto"}),
        ({"tool_choice": "none"}, {"type": "none"}),
        ({"tool_choice": "required"}, {"type": "any"}),
        ({"tool_choice": "add"}, {"type": "tool", "name": "add"}),
        ({"parallel_tool_calls": True}, None),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        (
            {"parallel_tool_calls": False, "tool_choice": "required"},
            {"type": "any", "disable_parallel_tool_use": True},
        ),
        ({"parallel_tool_calls": False, "tool_choice": "none"}, {"type": "none"}),
    ],
)
def test_the_choice_of_a_tool(given: Json, choice: Json | None) -> None:
    """In the wire's words; one call at a time is a part of it."""
    assert settings(**given).get("tool_choice") == choice


def test_without_tools_there_is_no_choice() -> None:
    """The provider refuses one; a tool of its own is one too."""
    assert "tool_choice" not in settings(tools=False, tool_choice="auto")
    search = {"type": "web_search_20260318", "name": "web_search"}
    assert settings(tools=False, tool_choice="auto", extra_body={"tools": [search]})["tool_choice"] == {"type": "auto"}


def test_extra_tools_stand_beside_ours() -> None:
    """The provider's own as they are; one with the name of ours says more about it."""
    search = {"type": "tool_search_tool_regex_20251119", "name": "tool_search"}
    extra: Json = {"tools": [{"name": "add", "defer_loading": True}, search, {"type": "mcp_toolset"}]}
    body = encode(Request([], tools=[Spec()], settings=Settings(extra_body=extra)), "m")
    assert body["tools"] == [search, {"type": "mcp_toolset"}, {**ADD, "defer_loading": True}]


def test_the_extra_body_has_the_last_word() -> None:
    """It replaces what stands there, but for a part of the output's configuration."""
    extra: Json = {"tools": None, "max_tokens": 1, "metadata": {"user_id": "u"}, "output_config": {"effort": "max"}}
    request = Request(
        [],
        tools=[Spec()],
        settings=Settings(extra_body=extra),
        output=OutputSpec("answer", {"type": "object", "properties": {}, "additionalProperties": False}),
    )
    body = encode(request, "m")
    assert (body["tools"], body["max_tokens"], body["metadata"]) == (None, 1, {"user_id": "u"})
    assert body["output_config"].keys() == {"format", "effort"}
    nothing = encode(Request([], settings=Settings(extra_body={"tools": None, "output_config": None})), "m")
    assert (nothing["tools"], nothing["output_config"]) == (None, None)


def test_an_output_is_enforced_as_the_provider_can() -> None:
    """A bound that it refuses becomes words; the effort stays beside it."""
    schema: Json = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}
    request = Request([], output=OutputSpec("answer", schema), settings=Settings(reasoning_effort="high"))
    body = encode(request, "claude-sonnet-5")
    assert body["output_config"] == {
        "effort": "high",
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": {"n": {"type": "integer", "description": "(minimum: 1)"}},
                "required": ["n"],
                "additionalProperties": False,
            },
        },
    }
    assert "system" not in body


def test_an_output_that_the_provider_cannot_enforce_is_asked_for() -> None:
    """In words, at the end of the instructions: it would refuse the schema."""
    tree: Json = {"$defs": {"T": {"type": "object", "properties": {"t": {"$ref": "#/$defs/T"}}}}, "$ref": "#/$defs/T"}
    body = encode(Request([], instructions="Be brief.", output=OutputSpec("tree", tree)), "m")
    assert "output_config" not in body
    assert [block["text"][:30] for block in body["system"]] == ["Be brief.", "Answer only with JSON that thi"]
    assert '"$ref":"#/$defs/T"' in body["system"][1]["text"]


def test_what_stays_the_same_is_marked_to_be_kept() -> None:
    """The head, the end of the conversation, and where it ended the last time; nothing of ours is changed for it."""
    messages = [
        user("a"),
        Message("assistant", (ToolCall("1", "add", {}, "x"),)),
        Message("tool", (ToolResult("1", "add", "2"),)),
        user("b"),
        Message("assistant", (Text("c"),)),
        user("d"),
    ]
    request = Request(messages, instructions="Be brief.", tools=[Spec()], settings=Settings(cache_prompt="5m"))
    body = encode(request, "m")
    assert body["system"] == [{"type": "text", "text": "Be brief.", **KEPT}]
    assert body["tools"] == [ADD]
    marked = [[KEPT.keys() <= block.keys() for block in message["content"]] for message in body["messages"]]
    assert marked == [[False], [False], [False, True], [False], [True]]
    assert encode(request, "m") == body


def test_a_mark_of_ones_own_stays() -> None:
    """It may ask for another time."""
    mine: Json = {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    message = Message("user", (Opaque("anthropic", mine),))
    assert encode(Request([message], settings=Settings(cache_prompt="5m")), "m")["messages"][0]["content"] == [mine]


def test_without_instructions_the_tools_are_kept() -> None:
    """For as long as was asked for; a request with neither has only its conversation."""
    tools = encode(Request([], tools=[Spec()], settings=Settings(cache_prompt="1h")), "m")["tools"]
    assert tools == [{**ADD, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    alone = encode(Request([user("a")], settings=Settings(cache_prompt="5m")), "m")
    assert alone["messages"][0]["content"] == [{"type": "text", "text": "a", **KEPT}]


def test_a_model_with_a_budget_does_not_begin_to_think_in_the_middle_of_calls() -> None:
    """As after a fallback: it would be refused, for the turn began without a thought. One with an effort may."""
    said = [
        user("hi"),
        Message("assistant", (Thinking("hm", "sig", "elsewhere"), ToolCall("1", "add"))),
        Message("tool", (ToolResult("1", "add", "2"),)),
    ]
    settings = Settings(reasoning_tokens=2048)
    assert "thinking" not in encode(Request(said, settings=settings), "claude-sonnet-4-5", provider="acme")
    assert "thinking" in encode(Request(said, settings=settings), "claude-opus-4-7", provider="acme")
    said += [Message("assistant", (Text("2"),)), user("And now?")]
    assert "thinking" in encode(Request(said, settings=settings), "claude-sonnet-4-5", provider="acme")
