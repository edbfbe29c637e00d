"""Each provider is asked in the words that it knows."""

from typing import Any, Literal

import pytest

from loopbus.backends.contract import Request, Settings
from loopbus.backends.wire import openai_chat_dialects as dialects
from loopbus.backends.wire.openai_chat_dialects import CHAT, Dialect
from loopbus.backends.wire.openai_chat_request import encode
from loopbus.events.content import Message, Opaque, Text, Thinking


def asked(dialect: Dialect, settings: Settings, *, instructions: str = "") -> dict[str, Any]:
    """The request without its model and, unless there are instructions, its messages."""
    body = encode(Request([], instructions, settings=settings, streaming=False), "m", dialect=dialect)
    return {name: value for name, value in body.items() if name != "model" and (value or name != "messages")}


Effort = Literal["none", "low"] | None


@pytest.mark.parametrize(
    ("dialect", "effort", "tokens", "fields"),
    [
        (dialects.OPENAI, "low", 9, {"reasoning_effort": "low"}),
        (dialects.OPENAI, None, None, {}),
        (dialects.OPENROUTER, "low", None, {"reasoning": {"effort": "low"}}),
        (dialects.OPENROUTER, "low", 9, {"reasoning": {"max_tokens": 9}}),
        (dialects.OPENROUTER, None, None, {}),
        (dialects.DEEPSEEK, "none", None, {"thinking": {"type": "disabled"}}),
        (dialects.DEEPSEEK, "low", None, {"thinking": {"type": "enabled"}, "reasoning_effort": "low"}),
        (dialects.ZAI, None, 9, {}),
        (dialects.ALIBABA, "none", None, {"enable_thinking": False}),
        (dialects.ALIBABA, None, 9, {"enable_thinking": True, "thinking_budget": 9}),
        (dialects.ALIBABA, None, None, {}),
    ],
)
def test_how_much_to_reason_is_said_as_the_provider_has_it(
    dialect: Dialect, effort: Effort, tokens: int | None, fields: dict[str, Any]
) -> None:
    """By a word, a switch or a budget; nothing is said that was not asked for."""
    assert asked(dialect, Settings(reasoning_effort=effort, reasoning_tokens=tokens)) == fields


@pytest.mark.parametrize(
    ("dialect", "names"),
    [
        (CHAT, []),
        (dialects.OPENAI, []),
        (dialects.DEEPSEEK, ["reasoning_content"]),
        (dialects.OPEN_WEIGHTS, ["reasoning", "reasoning_content"]),
    ],
)
def test_earlier_reasoning_goes_back_under_the_names_that_are_read(dialect: Dialect, names: list[str]) -> None:
    """Or not at all."""
    said = Message("assistant", (Thinking("so "), Thinking("far"), Text("Hello")))
    (entry,) = encode(Request([said]), "m", dialect=dialect)["messages"]
    assert entry == {"role": "assistant", "content": "Hello", **dict.fromkeys(names, "so far")}


@pytest.mark.parametrize(("kept", "mark"), [("5m", {}), ("1h", {"ttl": "1h"})])
def test_instructions_are_marked_for_the_cache_where_that_must_be_asked_for(
    kept: Literal["5m", "1h"], mark: dict[str, str]
) -> None:
    """Elsewhere they stay plain text: what is not known is refused by some."""
    settings = Settings(cache_prompt=kept)
    marked = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", **mark}}
    (system,) = asked(dialects.OPENROUTER, settings, instructions="Be brief.")["messages"]
    assert system == {"role": "system", "content": [marked]}
    (system,) = asked(dialects.OPENAI, settings, instructions="Be brief.")["messages"]
    assert system["content"] == "Be brief."


@pytest.mark.parametrize(("dialect", "returned"), [(CHAT, {}), (dialects.OPENROUTER, {"annotations": [1]})])
def test_what_is_told_about_an_answer_stays_here_but_for_what_saves_work(dialect: Dialect, returned: Any) -> None:
    """Servers refuse fields that they do not know; OpenRouter need not read a file again."""
    about = Opaque("acme", {"annotations": [1], "citations": ["x"], "logprobs": [2]})
    answer = Message("assistant", (Text("a"), about))
    (turn,) = encode(Request([answer]), "m", provider="acme", dialect=dialect)["messages"]
    assert turn == {"role": "assistant", "content": "a", **returned}
