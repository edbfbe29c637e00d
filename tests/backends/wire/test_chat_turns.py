"""Nothing stands between calls and their results, and what is attached to results is not lost."""

from typing import Any

import pytest

from loopbus.backends.wire.chat_turns import ChatTurns, Manners
from loopbus.events.content import ToolCall, ToolResult

PICTURE = {"type": "image_url", "image_url": {"url": "https://x/y.png"}}
FIRST, SECOND = (
    ToolResult("1.0", "look", "seen", provider_id="a"),
    ToolResult("1.1", "look", "seen too", provider_id="b"),
)


def two_results() -> ChatTurns:
    """Two calls in one turn, both answered, the first with a picture."""
    turns = ChatTurns()
    calls = [turns.call(ToolCall("1.0", "look", {}, "a")), turns.call(ToolCall("1.1", "look", {"at": "y"}, "b"))]
    turns.add({"role": "assistant", "tool_calls": calls})
    turns.add_result(FIRST, FIRST.output, [PICTURE])
    turns.add_result(SECOND, SECOND.output, iter(()))
    return turns


def test_a_call_is_written_with_its_arguments_as_text() -> None:
    """And its result has the same id."""
    asked, first, second, *_ = two_results().finish()
    function = {"name": "look", "arguments": '{"at":"y"}'}
    assert asked["tool_calls"][1] == {"id": "b", "type": "function", "function": function}
    assert first == {"role": "tool", "tool_call_id": "a", "content": "seen"}
    assert second == {"role": "tool", "tool_call_id": "b", "content": "seen too"}


def test_what_is_attached_follows_once_all_results_are_told() -> None:
    """At the end of the conversation, or before its next turn; it says whose it is."""
    attached = {"role": "user", "content": [{"type": "text", "text": "Attached to the result of look (a):"}, PICTURE]}
    assert two_results().finish()[3:] == [attached]
    turns = two_results()
    turns.add({"role": "user", "content": "and?"})
    assert turns.finish()[3:] == [attached, {"role": "user", "content": "and?"}]


def test_nothing_attached_is_not_announced() -> None:
    """A turn without a part would be refused."""
    turns = ChatTurns()
    turns.add_result(SECOND, "", [])
    assert [turn["role"] for turn in turns.finish()] == ["tool"]


@pytest.mark.parametrize("bare", [{"content": ""}, {"content": None}, {"content": []}, {}])
def test_an_answer_that_says_nothing_is_left_out(bare: dict[str, Any]) -> None:
    """As one of nothing but blocks of another provider's; what it reasoned or called is something."""
    turns = ChatTurns()
    turns.add({"role": "assistant", **bare})
    turns.add({"role": "assistant", **bare, "reasoning": "hm"})
    assert turns.finish() == [{"role": "assistant", **bare, "reasoning": "hm"}]


def test_a_prompt_of_nothing_is_empty_text() -> None:
    """For an empty list is refused even where empty text is not."""
    turns = ChatTurns()
    turns.add({"role": "user", "content": []})
    assert turns.finish() == [{"role": "user", "content": ""}]


def test_an_id_that_is_too_long_for_the_provider_is_replaced() -> None:
    """In the call and in its result alike: another provider gave it."""
    turns = ChatTurns(Manners(longest_id=40))
    turns.add({"role": "assistant", "tool_calls": [turns.call(ToolCall("1.0", "look", {}, "x" * 41))]})
    turns.add_result(FIRST, "seen", ())
    asked, answered = turns.finish()
    assert asked["tool_calls"][0]["id"] == answered["tool_call_id"] == "call_0"


def test_a_users_turns_in_a_row_become_one_where_they_must_alternate() -> None:
    """Texts and parts alike; elsewhere they stay apart."""
    said = ["hi", [PICTURE], "and?"]
    easy, strict = ChatTurns(), ChatTurns(Manners(alternates=True))
    for turns in (easy, strict):
        for content in said:
            turns.add({"role": "user", "content": content})
    assert [turn["content"] for turn in easy.finish()] == said
    texts = [{"type": "text", "text": "hi"}, PICTURE, {"type": "text", "text": "and?"}]
    assert strict.finish() == [{"role": "user", "content": texts}]
