"""Requests of generateContent: what each of our values becomes."""

from typing import Any

import pytest
from pydantic import JsonValue

from loopbus.backends.contract import OutputSpec, Request, Settings
from loopbus.backends.wire.gemini_request import encode, path
from loopbus.events.content import Message, Text, user

from .specs import Spec

OLD, NEW = "gemini-2.5-flash", "gemini-3-flash"


def config(model: str = NEW, **settings: Any) -> dict[str, Any]:
    """The ``generationConfig``, which is left out where it would say nothing."""
    return encode(Request([], settings=Settings(**settings)), model).get("generationConfig", {})


@pytest.mark.parametrize(
    ("model", "streaming", "expected"),
    [
        ("gemini-3-flash", True, "/models/gemini-3-flash:streamGenerateContent?alt=sse"),
        ("gemini-3-flash", False, "/models/gemini-3-flash:generateContent"),
        ("tunedModels/mine", False, "/tunedModels/mine:generateContent"),
        ("a?b#c", False, "/models/a%3Fb%23c:generateContent"),
    ],
)
def test_the_model_and_the_way_of_answering_stand_in_the_address(model: str, streaming: bool, expected: str) -> None:
    """A model with a slash is a whole resource; no name can change the rest of the address."""
    assert path(model, streaming) == expected


def test_instructions_and_first_system_messages_are_the_system_instruction() -> None:
    """A later system message keeps its place, as the user's: there is no other for it."""
    system = Message("system", (Text("b"),))
    body = encode(Request([system, user("c"), system], "a"), OLD)
    assert body["systemInstruction"] == {"parts": [{"text": "a"}, {"text": "b"}], "role": "user"}
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "c"}]},
        {"role": "user", "parts": [{"text": "b"}]},
    ]


def test_tools_are_told_with_their_schema() -> None:
    """All in one declaration, which every version takes."""
    body = encode(Request([], tools=[Spec(), Spec()]), OLD)
    declared: dict[str, Any] = {
        "name": "add",
        "description": "Add.",
        "parameters": {"type": "OBJECT", "properties": {}},
    }
    assert body["tools"] == [{"functionDeclarations": [declared, declared]}]
    assert "toolConfig" not in body


@pytest.mark.parametrize(
    ("choice", "calling"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        ("add", {"mode": "ANY", "allowedFunctionNames": ["add"]}),
    ],
)
def test_a_tool_is_chosen_by_mode_or_by_name(choice: str, calling: object) -> None:
    """A word that is no mode is a tool's name; without tools there is nothing to choose."""
    settings = Settings(tool_choice=choice)
    body = encode(Request([], tools=[Spec()], settings=settings), OLD)
    assert body["toolConfig"] == {"functionCallingConfig": calling}
    assert "toolConfig" not in encode(Request([], settings=settings), OLD)


def test_settings_go_under_the_names_of_the_wire() -> None:
    """Those that are not set are the provider's own."""
    assert config() == {}
    assert config(
        temperature=0.0,
        top_p=0.5,
        top_k=3,
        presence_penalty=0.1,
        frequency_penalty=0.2,
        max_tokens=9,
        stop=("x",),
        seed=0,
    ) == {
        "temperature": 0.0,
        "topP": 0.5,
        "topK": 3,
        "presencePenalty": 0.1,
        "frequencyPenalty": 0.2,
        "maxOutputTokens": 9,
        "stopSequences": ["x"],
        "seed": 0,
    }


@pytest.mark.parametrize(
    ("model", "settings", "thinking"),
    [
        (NEW, {"reasoning_effort": "low"}, {"thinkingLevel": "low", "includeThoughts": True}),
        (NEW, {"reasoning_effort": "none"}, {"thinkingLevel": "minimal", "includeThoughts": False}),
        (OLD, {"reasoning_effort": "medium"}, {"thinkingBudget": 8192, "includeThoughts": True}),
        (OLD, {"reasoning_effort": "none"}, {"thinkingBudget": 0}),
        (NEW, {"reasoning_effort": "low", "reasoning_tokens": 99}, {"thinkingBudget": 99, "includeThoughts": True}),
    ],
)
def test_reasoning_is_a_level_or_a_budget(model: str, settings: dict[str, Any], thinking: object) -> None:
    """Each generation takes one of the two; a budget that the user gives goes first."""
    assert config(model, **settings) == {"thinkingConfig": thinking}


def test_an_output_is_asked_for_with_its_schema() -> None:
    """But before Gemini 3 not beside tools, where it would be refused."""
    output = OutputSpec("city", {"type": "object", "properties": {"a": {"type": "integer", "exclusiveMinimum": 0}}})
    asked = encode(Request([], tools=[Spec()], output=output), NEW)["generationConfig"]
    assert asked["responseMimeType"] == "application/json"
    assert asked["responseJsonSchema"]["properties"]["a"]["description"] == "(exclusiveMinimum: 0)"
    assert encode(Request([], output=output), OLD)["generationConfig"] == asked
    assert "generationConfig" not in encode(Request([], tools=[Spec()], output=output), OLD)


def test_the_extra_body_is_merged_and_has_the_last_word() -> None:
    """What we have no name for stands beside what we have, and Google's own tools beside ours."""
    extra: dict[str, JsonValue] = {
        "tools": [{"googleSearch": {}}],
        "generationConfig": {"temperature": 0, "responseModalities": ["TEXT"]},
        "labels": {"team": "a"},
    }
    settings = Settings(temperature=1, seed=7, extra_body=extra)
    body = encode(Request([], tools=[Spec()], settings=settings), NEW)
    assert [list(tool) for tool in body["tools"]] == [["googleSearch"], ["functionDeclarations"]]
    assert body["generationConfig"] == {"temperature": 0, "seed": 7, "responseModalities": ["TEXT"]}
    assert body["labels"] == {"team": "a"}
