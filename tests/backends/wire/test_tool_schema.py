"""A strict tool is told in the words that its provider enforces, or as it is where there are none."""

from typing import Any

import pytest
from pydantic import JsonValue

from loopbus import tool
from loopbus.backends.contract import Request
from loopbus.backends.providers import PROVIDERS
from loopbus.backends.wire.schema_dialects import ANTHROPIC
from loopbus.backends.wire.tool_schema import tool_schema

from .specs import Spec

SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"a": {"type": "integer", "default": 1, "minimum": 0}, "b": {"type": "integer"}},
    "required": ["b"],
}
OPEN: dict[str, JsonValue] = {"type": "object", "additionalProperties": {"type": "string"}}

SAY_STRICT = {
    "openai": ("tools", 0, "function", "strict"),
    "openai-responses": ("tools", 0, "strict"),
    "anthropic": ("tools", 0, "strict"),
    "mistral": ("tools", 0, "function", "strict"),
    "bedrock": ("toolConfig", "tools", 0, "toolSpec", "strict"),
    "bedrock-invoke": ("tools", 0, "strict"),
    "cohere": ("strict_tools",),
    "google": ("toolConfig", "functionCallingConfig", "mode"),
}
"""Where in its body each wire says that a tool is strict."""


def told(name: str, *, strict: bool) -> Any:
    """What a provider's body says there; None if there is nothing."""
    request = Request([], tools=[Spec(parameters=SCHEMA, strict=strict)])
    part: Any = PROVIDERS[name].wire.encode(request, "anthropic.claude-sonnet-4-5", provider=name)
    for step in SAY_STRICT[name]:
        try:
            part = part[step]
        except KeyError:
            return None
    return part


def test_a_tool_that_is_not_strict_is_told_as_it_is() -> None:
    """And nothing is said of it."""
    assert tool_schema(Spec(parameters=SCHEMA)) == (SCHEMA, {})


def test_a_strict_one_is_adapted_to_who_enforces_it() -> None:
    """OpenAI wants every argument required; Anthropic does not, but knows no bounds."""
    openai, strict = tool_schema(Spec(parameters=SCHEMA, strict=True))
    assert strict == {"strict": True}
    assert (openai["required"], openai["additionalProperties"]) == (["b", "a"], False)
    anthropic, strict = tool_schema(Spec(parameters=SCHEMA, strict=True), ANTHROPIC)
    assert strict == {"strict": True}
    assert anthropic["required"] == ["b"]
    assert "minimum" not in anthropic["properties"]["a"]


def test_a_shape_that_nobody_can_enforce_is_told_without_the_promise() -> None:
    """Any arguments at all: the provider would refuse it as strict."""
    assert tool_schema(Spec(parameters=OPEN, strict=True)) == (OPEN, {})


@pytest.mark.parametrize("name", SAY_STRICT)
def test_every_wire_that_can_says_that_a_tool_is_strict(name: str) -> None:
    """Each in its own place, and only where it is."""
    assert told(name, strict=True) == ("VALIDATED" if name == "google" else True)
    assert not told(name, strict=False)


def test_a_function_becomes_a_strict_tool() -> None:
    """By one word at its decorator."""

    @tool(strict=True)
    def look(city: str) -> str:
        """Look."""
        return city

    assert look.strict
    request = Request([], tools=[look])
    assert PROVIDERS["openai"].wire.encode(request, "m", provider="openai")["tools"][0]["function"]["strict"] is True
