"""Requests of Cohere's Chat, version 1: a conversation of texts."""

from typing import Any

import pytest

from loopbus.backends.contract import Request, Settings
from loopbus.backends.errors import Refused
from loopbus.backends.wire.cohere_v1_request import encode
from loopbus.events.content import Image, Message, Opaque, Refusal, Text, Thinking, ToolCall, ToolResult, user

from .specs import PERSON, Spec


def test_the_last_message_is_the_one_to_answer() -> None:
    """Those before it are history; instructions are the preamble."""
    said = Message("assistant", (Thinking("hm"), Text("b"), Refusal("c"), Opaque("cohere", {"citations": []})))
    request = Request([Message("system", (Text("s"),)), user("a"), said, user("d")], "Be brief.", streaming=False)
    assert encode(request, "command") == {
        "message": "d",
        "model": "command",
        "chat_history": [
            {"role": "SYSTEM", "message": "s"},
            {"role": "USER", "message": "a"},
            {"role": "CHATBOT", "message": "bc"},
        ],
        "stream": False,
        "preamble": "Be brief.",
    }


def test_settings_go_under_the_names_of_the_wire() -> None:
    """The extra body has the last word."""
    settings = Settings(temperature=0.0, top_p=0.5, top_k=3, max_tokens=9, stop=("x",), seed=0, extra_body={"seed": 1})
    encoded = encode(Request([user("a")], settings=settings), "command")
    assert {name: value for name, value in encoded.items() if name not in ("message", "model", "chat_history")} == {
        "stream": True,
        "temperature": 0.0,
        "p": 0.5,
        "k": 3,
        "max_tokens": 9,
        "stop_sequences": ["x"],
        "seed": 1,
    }


@pytest.mark.parametrize(
    ("messages", "more", "words"),
    [
        ([], {}, "the last one must be one"),
        ([Message("assistant", (Text("a"),))], {}, "the last one must be one"),
        ([user("a")], {"tools": [Spec()]}, "use version 2"),
        ([user("a")], {"output": PERSON}, "use version 2"),
        ([user(Image("image/png", data=b""))], {}, "not for a Image"),
        ([Message("assistant", (ToolCall("1", "now"),)), user("a")], {}, "not for a ToolCall"),
        ([Message("tool", (ToolResult("1", "now", ""),)), user("a")], {}, "not for a ToolResult"),
    ],
)
def test_anything_more_is_refused(messages: list[Message], more: dict[str, Any], words: str) -> None:
    """Version 1 is frozen, and the error says what to use."""
    with pytest.raises(Refused, match=words):
        encode(Request(messages, **more), "command")
