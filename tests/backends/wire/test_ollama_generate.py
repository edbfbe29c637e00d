"""Prompts to Ollama: one message, and what stands before it."""

from typing import Any

import pytest

from loopbus.backends.contract import Request, Settings
from loopbus.backends.errors import Refused
from loopbus.backends.wire.ollama_generate import OLLAMA_GENERATE, encode
from loopbus.events.content import Audio, Image, Message, Text, user

from .specs import Spec


def test_a_prompt_is_one_users_message() -> None:
    """System messages and instructions stand before it, options behind."""
    messages = [Message("system", (Text("b"),)), user("a", Image("image/png", data=b"png"), "c")]
    assert encode(Request(messages, "Be brief.", settings=Settings(seed=1), streaming=False), "llama") == {
        "model": "llama",
        "prompt": "ac",
        "images": ["cG5n"],
        "system": "Be brief.\n\nb",
        "stream": False,
        "options": {"seed": 1},
    }
    assert encode(Request([user("a")]), "llama") == {"model": "llama", "prompt": "a", "stream": True}


@pytest.mark.parametrize(
    ("messages", "more", "words"),
    [
        ([user("a")], {"tools": [Spec()]}, "has no tools: use the chat wire"),
        ([], {}, "is one user's message"),
        ([user("a"), Message("assistant", (Text("b"),))], {}, "is one user's message"),
        ([Message("assistant", (Text("b"),)), user("a")], {}, "is one user's message"),
        ([user(Audio("audio/wav", data=b""))], {}, "not a Audio"),
    ],
)
def test_a_conversation_is_refused(messages: list[Message], more: dict[str, Any], words: str) -> None:
    """The error says what to use."""
    with pytest.raises(Refused, match=words):
        encode(Request(messages, **more), "llama")


def test_the_wire_says_where_to_ask() -> None:
    """Under the address of the host."""
    assert OLLAMA_GENERATE.path("llama", True) == "/api/generate"
