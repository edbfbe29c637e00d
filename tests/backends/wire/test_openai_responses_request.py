"""Requests of the Responses API: every tool and setting in its place, and nothing left with the provider."""

from typing import Any

import pytest
from pydantic import JsonValue

from loopbus.backends.contract import OutputSpec, Request, Settings
from loopbus.backends.wire.openai_responses_request import encode
from loopbus.events.content import user

from .specs import Spec


def settings(*, tools: bool = True, **given_: Any) -> dict[str, Any]:
    """The request without its messages, model and what every request has."""
    body = encode(Request([], tools=[Spec()] if tools else [], settings=Settings(**given_)), "m")
    return {name: value for name, value in body.items() if name not in {"input", "model", "tools", "stream", "store"}}


def test_a_request_is_a_model_and_its_messages() -> None:
    """Nothing is sent that nobody asked for, but that nothing is to be stored."""
    assert encode(Request([user("hi")], instructions="Be brief.", streaming=False), "gpt-4.1") == {
        "model": "gpt-4.1",
        "input": [{"role": "user", "content": "hi"}],
        "instructions": "Be brief.",
        "stream": False,
        "store": False,
    }
    assert encode(Request([]), "m")["stream"] is True


@pytest.mark.parametrize(
    ("model", "seals"),
    [
        ("o3-mini", True),
        ("gpt-5", True),
        ("gpt-5.6-luna", True),
        ("openai.gpt-5.6-luna", True),
        ("openai/gpt-5.2", True),
        ("gpt-6", True),
        ("grok-4.3", True),
        ("gpt-4o", False),
        ("gpt-4.1-nano", False),
        ("gpt-5-chat-latest", False),
        ("openai/gpt-oss-20b", False),
        ("deepseek-v4-flash", False),
        ("our-deployment-of-o3", False),
    ],
)
def test_reasoning_is_asked_for_sealed_where_there_is_any(model: str, seals: bool) -> None:
    """A model without any refuses the question."""
    assert encode(Request([]), model).get("include") == (["reasoning.encrypted_content"] if seals else None)


def test_a_tool_is_told_with_its_schema() -> None:
    """Not strict unless it says so: left out, strict would be true, and optional arguments required."""
    bare, strict, free = encode(
        Request([], tools=[Spec(description=""), Spec(strict=True), Spec(description="", strict=None)]), "m"
    )["tools"]
    schema: dict[str, JsonValue] = {"type": "object", "properties": {}}
    assert bare == {"type": "function", "name": "add", "parameters": schema, "strict": False}
    closed = {**schema, "additionalProperties": False, "required": []}
    assert strict == {**bare, "description": "Add.", "parameters": closed, "strict": True}
    assert free == {"type": "function", "name": "add", "parameters": schema}


def test_settings_go_where_they_belong() -> None:
    """Those that OpenAI does not know too: it says so itself, and others know them."""
    assert settings(
        temperature=0.1,
        top_p=0.2,
        top_k=3,
        presence_penalty=0.4,
        frequency_penalty=0.5,
        max_tokens=6,
        stop=("x",),
        seed=7,
        reasoning_effort="low",
        parallel_tool_calls=False,
    ) == {
        "temperature": 0.1,
        "top_p": 0.2,
        "top_k": 3,
        "presence_penalty": 0.4,
        "frequency_penalty": 0.5,
        "max_output_tokens": 6,
        "stop": ["x"],
        "seed": 7,
        "reasoning": {"effort": "low"},
        "parallel_tool_calls": False,
    }


@pytest.mark.parametrize("word", ["auto", "none", "required"])
def test_a_tool_is_chosen_by_word_or_by_name(word: str) -> None:
    """And not at all where there are no tools."""
    assert settings(tool_choice=word) == {"tool_choice": word}
    assert settings(tool_choice="add") == {"tool_choice": {"type": "function", "name": "add"}}
    assert settings(tool_choice=word, parallel_tool_calls=True, tools=False) == {}


def test_an_output_is_asked_for_by_its_schema() -> None:
    """Strict if the schema can be, so that every property is required; as it is where it cannot be."""
    schema: dict[str, JsonValue] = {"type": "object", "properties": {"name": {"type": "string"}}}
    told = encode(Request([], output=OutputSpec("person", schema, "Who.")), "m")["text"]["format"]
    strict = {**schema, "required": ["name"], "additionalProperties": False}
    assert told == {
        "type": "json_schema",
        "name": "person",
        "description": "Who.",
        "schema": strict,
        "strict": True,
    }
    free: dict[str, JsonValue] = {"type": "object", "additionalProperties": {"type": "string"}}
    for spec in (OutputSpec("any", free), OutputSpec("any", free, strict=False)):
        told = encode(Request([], output=spec), "m")["text"]["format"]
        assert told == {"type": "json_schema", "name": "any", "schema": free, "strict": False}


def test_an_extra_tool_of_the_same_name_says_more_of_ours() -> None:
    """Such as that it is loaded only when it is searched for."""
    extra: dict[str, JsonValue] = {"tools": [{"type": "tool_search"}, {"name": "add", "defer_loading": True}]}
    ours, search = encode(Request([], tools=[Spec()], settings=Settings(extra_body=extra)), "m")["tools"]
    assert (ours["name"], ours["type"], ours["defer_loading"]) == ("add", "function", True)
    assert search == {"type": "tool_search"}


def test_what_is_extra_is_merged_last() -> None:
    """The provider's own tools join ours, fields join those of an object, None takes a field out."""
    extra: dict[str, JsonValue] = {
        "tools": [{"type": "web_search"}],
        "reasoning": {"summary": "auto"},
        "include": ["web_search_call.action.sources"],
        "store": None,
        "user": None,
        "temperature": 1,
    }
    request = Request([], tools=[Spec()], settings=Settings(reasoning_effort="high", temperature=0, extra_body=extra))
    body = encode(request, "gpt-5")
    assert [tool["type"] for tool in body["tools"]] == ["function", "web_search"]
    assert body["reasoning"] == {"effort": "high", "summary": "auto"}
    assert body["include"] == ["web_search_call.action.sources"]
    assert body["temperature"] == 1
    assert not {"store", "user"} & body.keys()
    assert settings(tools=False, extra_body={"tools": [], "reasoning": {"summary": "auto"}}) == {
        "reasoning": {"summary": "auto"}
    }
