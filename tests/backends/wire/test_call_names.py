"""A name that a model made up goes back in letters that providers take: they would refuse what it said itself."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends.contract import Request
from loopbus.backends.providers import PROVIDERS
from loopbus.backends.wire.call_names import UNNAMED, call_name
from loopbus.backends.wire.objects import write_object
from loopbus.events.content import Message, ToolCall, ToolResult, user

TAKE_NO_CALLS = frozenset({"cohere-v1", "ollama-generate"})
TAKE_ANY_NAME = frozenset({"ollama-chat"})


@given(st.text())
def test_any_name_becomes_one_that_every_wire_takes(name: str) -> None:
    """And one that is such a one already, as those of our tools are, stays as it is."""
    written = call_name(name)
    assert re.fullmatch("[a-zA-Z0-9_-]{1,64}", written)
    assert call_name(written) == written


@pytest.mark.parametrize(("name", "written"), [("get_weather-2", "get_weather-2"), ("a.b c", "a_b_c"), ("", UNNAMED)])
def test_what_does_not_fit_is_replaced(name: str, written: str) -> None:
    """Letter by letter, so that the model still knows it."""
    assert call_name(name) == written


@pytest.mark.parametrize("provider", sorted(PROVIDERS.keys() - TAKE_NO_CALLS - TAKE_ANY_NAME))
@pytest.mark.parametrize("model", ["m", "anthropic.claude-sonnet-4-5", "amazon.nova-lite-v1:0"])
def test_no_wire_sends_a_name_that_would_be_refused(provider: str, model: str) -> None:
    """OpenAI's models are known for this one; the call and its result still belong together."""
    made_up = "multi_tool_use.parallel"
    said = [
        user("hi"),
        Message("assistant", (ToolCall("1.0", made_up, {"a": 1}, "a1b2c3d4e"),)),
        Message("tool", (ToolResult("1.0", made_up, "there is no such tool", "error", provider_id="a1b2c3d4e"),)),
    ]
    body = write_object(PROVIDERS[provider].wire.encode(Request(said), model, provider=provider)).decode()
    assert made_up not in body
    assert "multi_tool_use_parallel" in body
