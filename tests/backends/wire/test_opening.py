"""Where a conversation begins with an answer, a user speaks before it: as in a window, or after a greeting."""

from typing import Any

import pytest

from loopbus.backends.contract import Request
from loopbus.backends.providers import PROVIDERS
from loopbus.backends.wire.objects import write_object
from loopbus.backends.wire.opening import OPENING, opened
from loopbus.events.content import Message, Text, user

GREETED = [Message("assistant", (Text("Ahoy!"),)), user("Who are you?")]


def turns(provider: str, model: str, *messages: Message) -> list[Any]:
    """The conversation in a provider's words."""
    body = PROVIDERS[provider].wire.encode(Request(messages), model, provider=provider)
    return body.get("messages") or body.get("contents") or []


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-sonnet-4-5"),
        ("bedrock", "meta.llama3-70b"),
        ("bedrock-invoke", "anthropic.claude-sonnet-4-5"),
        ("bedrock-invoke", "amazon.nova-lite-v1:0"),
        ("google", "gemini-3-pro"),
    ],
)
def test_those_who_want_a_user_to_begin_get_one(provider: str, model: str) -> None:
    """Who says that something is left out; a conversation that a user begins stays as it is."""
    first, *rest = turns(provider, model, *GREETED)
    assert first["role"] == "user"
    assert OPENING in write_object(first).decode()
    assert [turn["role"] for turn in rest] in (["assistant", "user"], ["model", "user"])
    assert OPENING not in str(turns(provider, model, *GREETED[1:]))


def test_a_conversation_of_nothing_is_not_opened() -> None:
    """There is nothing to be left out of."""
    assert opened([], {"role": "user"}) == []
