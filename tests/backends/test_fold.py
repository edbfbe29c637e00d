"""The fold from deltas to a reply: blocks in order, arguments read once, half an answer never whole."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from loopbus.backends.contract import (
    BlockPiece,
    Delta,
    Reply,
    StopPiece,
    TextPiece,
    ThinkingPiece,
    ToolCallPiece,
    UsagePiece,
)
from loopbus.backends.errors import Incomplete, Misunderstood
from loopbus.backends.fold import ReplyFold
from loopbus.backends.wire.objects import read_arguments
from loopbus.events.content import Block, Image, Text, Thinking, ToolCall
from loopbus.events.usage import Usage

END = StopPiece("end", "stop")
IMAGE = Image("image/png", data=b"png")


def fold(*deltas: Delta) -> ReplyFold:
    """A fold of ``deltas``."""
    folded = ReplyFold("7")
    for delta in deltas:
        folded.add(delta)
    return folded


def content(*deltas: Delta) -> tuple[Block, ...]:
    """The blocks of a whole reply."""
    return fold(*deltas, END).reply().content


def test_pieces_of_one_kind_in_a_row_are_one_block() -> None:
    """And another kind between them makes two; empty pieces make none."""
    deltas = [TextPiece(""), TextPiece("a"), TextPiece("b"), ThinkingPiece("hm"), TextPiece("c"), BlockPiece(IMAGE)]
    assert content(*deltas, TextPiece("d")) == (Text("ab"), Thinking("hm"), Text("c"), IMAGE, Text("d"))


def test_a_signature_closes_the_reasoning_that_it_signs() -> None:
    """What follows is another block, and a signature alone is one too."""
    deltas = [
        ThinkingPiece("a"),
        ThinkingPiece("b", "s1"),
        ThinkingPiece("c"),
        ThinkingPiece("", "s2"),
        ThinkingPiece(""),
    ]
    assert content(*deltas) == (Thinking("ab", "s1"), Thinking("c", "s2"))
    assert content(ThinkingPiece("", "s")) == (Thinking("", "s"),)


def test_what_is_signed_says_by_whom() -> None:
    """Reasoning and whole calls alike, also those that were cut; what nobody signed is nobody's."""
    folded = ReplyFold("7", "acme")
    whole = ToolCall("", "add", {"a": 1}, signature="s2")
    for delta in (ThinkingPiece("a", "s1"), ThinkingPiece("b"), BlockPiece(whole), BlockPiece(ToolCall("", "sub"))):
        folded.add(delta)
    assert [getattr(block, "provider", "") for block in folded.content()] == ["acme", "", "acme", ""]
    assert [getattr(block, "provider", "") for block in folded.partial()] == ["acme", "", "acme", ""]


def test_a_signature_of_which_it_is_known_whose_it_is_stays_that_one_s() -> None:
    """As in a reply that somebody else has folded before."""
    folded = ReplyFold("7", "acme")
    folded.add(BlockPiece(ToolCall("", "add", signature="s", provider="elsewhere")))
    assert folded.content() == (ToolCall("7.0", "add", signature="s", provider="elsewhere"),)


def test_tool_calls_may_come_interleaved() -> None:
    """Ids are ours: the prefix, and the slots in the order in which the calls began."""
    assert content(
        ToolCallPiece(4, "x", "add"),
        ToolCallPiece(2, "y", "sub", "{"),
        ToolCallPiece(4, arguments='{"a": 1}'),
        ToolCallPiece(2, arguments="}"),
    ) == (ToolCall("7.0", "add", {"a": 1}, "x"), ToolCall("7.1", "sub", {}, "y"))


def test_id_and_name_may_come_late() -> None:
    """They are taken when they are told, and kept."""
    assert content(ToolCallPiece(0, arguments="{}"), ToolCallPiece(0, "x"), ToolCallPiece(0, "", "add")) == (
        ToolCall("7.0", "add", {}, "x"),
    )


def test_a_call_that_arrives_whole_gets_its_id_here_too() -> None:
    """It takes the next slot, keeps its signature, and may be malformed already."""
    whole = ToolCall("theirs", "add", {"a": 1}, "x", signature="s")
    assert content(ToolCallPiece(0, "y", "sub"), BlockPiece(whole), BlockPiece(ToolCall("", "add", malformed="{")))[
        1:
    ] == (
        ToolCall("7.1", "add", {"a": 1}, "x", signature="s"),
        ToolCall("7.2", "add", malformed="{"),
    )


def test_the_last_report_of_usage_counts() -> None:
    """Providers repeat it, with running totals."""
    folded = fold(UsagePiece(Usage(1, 1)), UsagePiece(Usage(1, 5)), END)
    assert folded.reply() == Reply((), "end", Usage(1, 5), "stop")


NO_OBJECTS = ["{", "[]", "null", '"{}"', '{"a": 1} {}', "{'a': 1}", " ", r'{"a": "\ud800"}', "[" * 100_000]
TOO_LARGE = ['{"a": NaN}', '{"a": -Infinity}', '{"a": 1e999}', f'{{"a": {"9" * 400}.0}}', f'{{"a": {"9" * 5000}}}']


@pytest.mark.parametrize("text", [*NO_OBJECTS, *TOO_LARGE])
def test_arguments_that_are_no_json_object_are_kept_as_text(text: str) -> None:
    """Such a call never runs: NaN, what is too large for a float, and half characters could not even be stored."""
    assert content(ToolCallPiece(0, "x", "add", text)) == (ToolCall("7.0", "add", {}, "x", malformed=text),)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("", {}),
        (" { } ", {}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('{"a": ' + "9" * 40 + "}", {"a": int("9" * 40)}),
        ('{"a": 1e300, "b": "1e999", "c": -0.0}', {"a": 1e300, "b": "1e999", "c": -0.0}),
        ('{"a": ' + "9" * 400 + "}", {"a": int("9" * 400)}),
    ],
)
def test_arguments_that_are_odd_but_valid_are_read(text: str, arguments: dict[str, Any]) -> None:
    """No text is no arguments, a name given twice keeps its last value, and whole numbers have any length."""
    assert read_arguments(text) == arguments


def test_a_reply_without_its_stop_is_incomplete() -> None:
    """The error carries what came, and so does the fold: with its usage, for that was paid."""
    folded = fold(TextPiece("half"), ToolCallPiece(0, "x", "pay", '{"usd": 10'), UsagePiece(Usage(3, 4)))
    for whole in (folded.reply, folded.stopped):
        with pytest.raises(Incomplete) as caught:
            whole()
        assert caught.value.partial == folded.partial()
    assert folded.usage == Usage(3, 4)


@pytest.mark.parametrize("arguments", ["", "{}", '{"usd": 1'])
def test_no_call_of_half_an_answer_can_run(arguments: str) -> None:
    """Not even one whose arguments could be read: 10 may have been going to be 100."""
    folded = fold(
        TextPiece("half"), ToolCallPiece(0, "x", "pay", arguments), BlockPiece(ToolCall("", "pay", {"usd": 1}))
    )
    assert folded.partial() == (
        Text("half"),
        ToolCall("7.0", "pay", {}, "x", malformed=arguments),
        ToolCall("7.1", "pay", {}, malformed='{"usd":1}'),
    )


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (None, "gave a NoneType, which is no delta"),
        ("hello", "gave a str, which is no delta"),
        (BlockPiece("hello"), "gave a BlockPiece of 'hello', which is no block"),  # pyright: ignore[reportArgumentType]
        (StopPiece("banana"), "stopped with 'banana'; give one of end, "),  # pyright: ignore[reportArgumentType]
    ],
)
def test_what_is_no_delta_is_the_backends_mistake(delta: Any, words: str) -> None:
    """Whoever writes a backend reads what was wrong, and an agent asks its next model."""
    with pytest.raises(Misunderstood, match=words):
        ReplyFold().add(delta)


def test_a_fold_can_be_looked_at_in_the_middle() -> None:
    """``partial`` changes nothing."""
    folded = fold(TextPiece("a"))
    assert folded.partial() == (Text("a"),)
    folded.add(TextPiece("b"))
    folded.add(END)
    assert folded.reply().content == (Text("ab"),)


@given(st.lists(st.tuples(st.sampled_from([TextPiece, ThinkingPiece]), st.text(max_size=3))))
def test_no_text_is_lost_or_added(pieces: list[tuple[type[TextPiece] | type[ThinkingPiece], str]]) -> None:
    """However text and reasoning alternate, each kind's text is what its pieces say, and no block is empty."""
    blocks = content(*(kind(text) for kind, text in pieces))
    for kind, block_kind in ((TextPiece, Text), (ThinkingPiece, Thinking)):
        said = "".join(text for made, text in pieces if made is kind)
        assert "".join(block.text for block in blocks if isinstance(block, block_kind)) == said
    assert all(isinstance(block, Text | Thinking) and block.text for block in blocks)


JSON = st.recursive(st.none() | st.integers() | st.floats() | st.text(max_size=5), st.lists, max_leaves=8)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4), st.data())
def test_arguments_cut_anywhere_are_read_whole_or_not_at_all(arguments: dict[str, Any], data: st.DataObject) -> None:
    """What JSON can hold is read back; what it cannot is malformed, never something else."""
    text = json.dumps(arguments, ensure_ascii=data.draw(st.booleans()))
    cut = data.draw(st.integers(0, len(text)))
    (call,) = content(ToolCallPiece(0, "", "add", text[:cut]), ToolCallPiece(0, arguments=text[cut:]))
    assert isinstance(call, ToolCall)
    if call.malformed is None:
        assert to_json(call.arguments) == to_json(arguments)
    else:
        assert call.malformed == text
        assert "NaN" in text or "Infinity" in text


def test_a_float_may_be_large_but_not_infinite() -> None:
    """The border is where a float's is."""
    assert read_arguments('{"a": 1.7976931348623157e308}') == {"a": math.nextafter(math.inf, 0)}
    assert read_arguments('{"a": 1.8e308}') is None
