"""The comparison with recordings finds each thing that may differ, and knows what only looks different."""
# JSON of any shape is taken apart here.
# pyright: reportUnknownVariableType=false

import base64
from typing import Any

import pytest

from loopbus.backends.contract import Reply
from loopbus.backends.errors import BackendError, Busy, Incomplete, Misunderstood, Refused
from loopbus.events.content import Block, Refusal, Text, Thinking, ToolCall
from loopbus.events.usage import Usage

from .meaning import compare
from .samples import EXPECTED, recording

USAGE = Usage(3, 2)


def reply(*blocks: Block, usage: Usage = USAGE, raw_stop: str = "stop") -> Reply:
    """A reply with what the sample expects, but for what is given."""
    return Reply(blocks or (Text("Hello"),), "end", usage, raw_stop)


def expecting(**changed: Any) -> dict[str, Any]:
    """What the sample expects, with changes."""
    return {**EXPECTED, **changed}


def error(**told: Any) -> dict[str, Any]:
    """An expected error."""
    return expecting(text="", error={"status": 429, "type": "t", "code": None, "message": "no", **told})


def counts(usage: dict[str, int | None]) -> dict[str, Any]:
    """The sample with other counts."""
    return expecting(usage=usage)


def test_what_is_as_expected_has_no_differences() -> None:
    """Nothing is reported for the sake of it."""
    assert compare(reply(), recording()) == []


@pytest.mark.parametrize(
    ("got", "name"),
    [
        (reply(Text("Hell")), "text"),
        (reply(Text("Hello"), ToolCall("1", "add")), "tool_calls"),
        (reply(raw_stop="length"), "stop_reason"),
        (reply(usage=Usage(3, 3)), "usage"),
        (reply(Text("Hello"), Thinking("hm")), "thinking_text"),
        (reply(Text("Hello"), Refusal("no")), "refusal"),
        (BackendError("boom"), "raised BackendError"),
    ],
)
def test_each_thing_that_differs_is_named(got: Reply | BackendError, name: str) -> None:
    """By the name that it has in the recording, and alone."""
    (line,) = compare(got, recording())
    assert line.startswith(f"{name}: ")


def test_long_differences_are_cut() -> None:
    """A line stays one that can be read."""
    (line,) = compare(reply(Text("x" * 10_000)), recording())
    assert len(line) < 400


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        (ToolCall("1", "add", {"a": [1, {"b": 2}]}), {"a": [1, {"b": 2}]}),
        (ToolCall("1", "add", malformed="[1]"), [1]),
        (ToolCall("1", "add", malformed='{"a": '), '{"a": '),
    ],
)
def test_arguments_are_compared_as_what_they_say(call: ToolCall, arguments: object) -> None:
    """As JSON if they are any, else as text; a legacy function call counts as a call."""
    told = {"name": "add", "arguments": arguments}
    for expected in ({"tool_calls": [told]}, {"function_call": told}):
        assert compare(reply(Text("Hello"), call), recording(expected=expecting(**expected))) == []


def test_thinking_is_compared_without_white_space_and_a_plan_is_thinking() -> None:
    """Cohere's plan for its tools comes in a field of its own."""
    expected = expecting(thinking_text="b\n\nc", tool_plan="a")
    assert compare(reply(Thinking("a b c"), Text("Hello")), recording(expected=expected)) == []


@pytest.mark.parametrize(
    ("api", "told", "usage"),
    [
        ("openai.chat", {"input": 9, "output": 5, "cached": 4, "reasoning": 3}, Usage(9, 5, 4, 0, 3)),
        ("anthropic.messages", {"input": 2, "output": 5, "cached": 4, "cache_write": 3}, Usage(9, 5, 4, 3)),
        ("bedrock.converse", {"input": 2, "output": 5, "cached": 4, "cache_write": 3}, Usage(9, 5, 4, 3)),
        ("gemini.generateContent", {"input": 9, "output": None, "cached": 4, "reasoning": 3}, Usage(9, 3, 4, 0, 3)),
        ("openai.chat", None, Usage()),
    ],
)
def test_counts_are_compared_in_our_way_of_counting(api: str, told: Any, usage: Usage) -> None:
    """Each wire counts a little differently."""
    assert compare(reply(usage=usage), recording(api=api, expected=counts(told))) == []


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        ({"usage": {"total_tokens": 12}}, Usage(4, 8, 0, 0, 3)),
        ({"usage": {"total_tokens": 9}}, Usage(4, 5, 0, 0, 3)),
        ({"toolUsePromptTokenCount": 7}, Usage(11, 5, 0, 0, 3)),
    ],
)
def test_the_body_says_what_is_counted_beside(body: Any, usage: Usage) -> None:
    """Reasoning, where the total is the sum of all three; what Gemini's own tools read."""
    expected = counts({"input": 4, "output": 5, "reasoning": 3})
    assert compare(reply(usage=usage), recording(body=body, expected=expected)) == []


def test_a_count_that_the_providers_client_overlooks_must_stand_in_the_body() -> None:
    """Else it is made up."""
    expected = counts({"input": 4, "output": 50, "reasoning": None})
    got = reply(usage=Usage(4, 50, reasoning_tokens=31))
    assert compare(got, recording(body={"thinking_tokens": 31}, expected=expected)) == []
    hit = reply(usage=Usage(4, 50, cached_tokens=2))
    assert compare(hit, recording(body={"prompt_cache_hit_tokens": 2}, expected=expected)) == []
    assert compare(got, recording(body={}, expected=expected))


@pytest.mark.parametrize(
    ("got", "told", "names"),
    [
        (Refused("acme: no", status=429, code="t"), {}, []),
        (Refused("acme: no", status=429, code="7"), {"code": 7}, []),
        (Refused("acme: no", status=429, code=""), {"type": None}, []),
        (Refused("bad key ***", status=429, code="t"), {"message": "bad key sk-****"}, []),
        (Busy("no", status=429, code="t", retry_after_s=1.0), {"retry_after": "1"}, []),
        (Busy("no", status=429, code="t", retry_after_s=1.0), {"retry_after": None}, []),
        (Busy("no", status=429, code="t"), {"retry_after": "1"}, ["error.retry_after"]),
        (Refused("yes", status=400, code="x"), {}, ["error.status", "error.code", "error.message"]),
    ],
)
def test_errors_are_compared_with_what_the_provider_said(got: BackendError, told: Any, names: list[str]) -> None:
    """Status, code, words and the wait."""
    found = compare(got, recording(expected=error(**told)))
    assert [line.partition(":")[0] for line in found] == names


def test_what_came_before_an_error_is_compared_too() -> None:
    """A stream may break off behind its text."""
    expected = {**error(), "text": "Hel"}
    got = Refused("no", status=429, code="t")
    assert compare(got, recording(expected=expected), [Text("Hel")]) == []
    assert compare(got, recording(expected=expected)) == ["text before the error: expected 'Hel', got ''"]


def test_a_reply_in_the_place_of_an_error_is_a_difference() -> None:
    """Half an answer must not pass for a whole one."""
    assert compare(reply(), recording(expected=error()))[0].startswith("a reply where")


def test_an_answer_that_came_to_nothing_is_an_error_with_the_providers_word() -> None:
    """Where its own client hands out what there is, which is not what it should be."""
    expected = expecting(text="Hel", stop_reason="queued")
    assert compare(Incomplete("not yet", code="queued"), recording(expected=expected), [Text("Hel")]) == []
    assert compare(Incomplete("not yet", code="queued"), recording(expected=expected))
    assert compare(Incomplete("cut"), recording(expected=expected), [Text("Hel")])


def test_an_answer_that_nobody_ended_is_an_error() -> None:
    """Its provider's client hands out what came; that it was not understood is another matter."""
    expected = expecting(text="Hel", stop_reason=None)
    assert compare(Incomplete("cut"), recording(expected=expected), [Text("Hel")]) == []
    assert compare(Misunderstood("what"), recording(expected=expected), [Text("Hel")])


def test_a_blocked_prompt_ends_for_the_reason_that_it_is_blocked_for() -> None:
    """There is no other."""
    got = reply(raw_stop="SAFETY")
    assert compare(got, recording(expected=expecting(stop_reason=None, prompt_block_reason="SAFETY"))) == []
    assert compare(got, recording(expected=expecting(stop_reason=None))) == ["stop_reason: expected '', got 'SAFETY'"]


def test_words_that_the_client_overlooks_must_stand_in_the_body() -> None:
    """Else they are made up. A chunk of InvokeModel holds them in base64."""
    expected = expecting(stop_reason=None)
    for body in ({"action": "INTERVENED"}, {"bytes": base64.b64encode(b'{"action": "INTERVENED"}').decode()}):
        assert compare(reply(raw_stop="INTERVENED"), recording(body=body, expected=expected)) == []
    got = reply(Text("Hello"), Refusal("no"))
    assert compare(got, recording(body={"explanation": "no"})) == []
    assert compare(got, recording(body={"explanation": "yes"}))
