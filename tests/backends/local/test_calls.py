"""What small models write in the place of a call is read with patience, and not believed blindly."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from loopbus.backends.local.calls import find_calls, has_a_source, meant_tool

from .tools import ADD, BOOK, WEATHER


def found(text: str) -> list[tuple[str, dict[str, JsonValue] | None]]:
    """Names and arguments of the calls in ``text``."""
    return [(call.name, call.arguments) for call in find_calls(text)]


PLAIN = '{"name": "add", "arguments": {"a": 1}}'


@pytest.mark.parametrize(
    "text",
    [
        f"<tool_call>\n{PLAIN}\n</tool_call>",
        f"```json\n{PLAIN}\n```",
        PLAIN,
        f"I will call {PLAIN} now.",
        '{"name":"add","parameters":{"a":1}}',
        '{"name": "add", "arguments": "{\\"a\\": 1}"}',
        f'{{"type": "function", "function": {PLAIN}}}',
    ],
)
def test_a_call_is_found_however_it_is_dressed(text: str) -> None:
    """Tagged, fenced, bare, amid words, and in the ways of other providers."""
    assert found(text) == [("add", {"a": 1})]


def test_several_calls_keep_their_order_and_their_places() -> None:
    """The places let the model's doubts be found."""
    text = f"{PLAIN}\n{PLAIN.replace('add', 'sub')}"
    first, second = find_calls(text)
    assert (first.name, second.name) == ("add", "sub")
    assert text[first.start : first.end] == PLAIN
    assert second.end == len(text)


@pytest.mark.parametrize(
    "text",
    ['{"name": "add", "arguments": {"a": ', '{"name": "add"}', '{"name": "add", "arguments": 5}', '{"name": "add", }'],
)
def test_a_call_without_arguments_that_can_be_read_still_has_a_name(text: str) -> None:
    """With it, the arguments can be asked for again."""
    assert found(text) == [("add", None)]


def test_nesting_without_end_is_no_reason_to_fail() -> None:
    """Models do that, too."""
    assert found('{"name": "add", "arguments": ' + "[" * 100_000) == [("add", None)]


@given(words=st.text())
def test_words_are_no_calls(words: str) -> None:
    """Nor does any text make the search fail."""
    assert '"name"' in words or found(words) == []


@given(arguments=st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.booleans())))
def test_arguments_come_out_as_they_were_written(arguments: dict[str, JsonValue]) -> None:
    """Whatever is in them, braces in texts too."""
    assert found(json.dumps({"name": "t", "arguments": arguments})) == [("t", arguments)]


def test_a_name_that_is_a_little_off_is_understood() -> None:
    """One that is like no tool's is not."""
    tools = [ADD, WEATHER, BOOK]
    for name, tool in (("get_weather", WEATHER), ("weather", WEATHER), ("Add", ADD), ("book_table", BOOK)):
        assert meant_tool(name, tools) is tool
    for name in ("get_color", "joke", ""):
        assert meant_tool(name, tools) is None


@pytest.mark.parametrize(
    ("arguments", "said", "expected"),
    [
        ({"city": "Lima"}, "How is it in lima?", True),
        ({"city": "Lima, Peru"}, "How is it in Lima?", True),
        ({"city": "東京"}, "東京の天気は?", True),
        ({"city": "London"}, "Hello!", False),
        ({"city": "of"}, "the sound office", True),
        ({"city": "an ox"}, "an apple", False),
        ({"a": 17, "b": 25}, "17 and some", True),
        ({"a": 2.5, "b": 8}, "2.5 times", True),
        ({"a": 1, "b": 2}, "Take 12.", False),
        ({"unit": "celsius"}, "Hello!", True),
        ({"unit": "celsius", "city": "London"}, "Hello!", False),
        ({"sure": True}, "Hello!", True),
        ({"city": ""}, "Hello!", True),
        ({"guests": [{"name": "Ada"}]}, "for Ada", True),
        ({"guests": [{"name": "Bob"}]}, "for Ada", False),
        ({}, "Hello!", True),
    ],
)
def test_arguments_come_from_somewhere(arguments: dict[str, JsonValue], said: str, expected: bool) -> None:
    """One of them is enough; choices, and yes and no, are the tool's words and tell nothing."""
    assert has_a_source(arguments, BOOK.parameters, said) is expected
