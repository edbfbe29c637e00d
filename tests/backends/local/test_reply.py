"""A reply is words, or calls that fit the tools: whatever the small model wrote on the way there."""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from pydantic import SecretStr
from pydantic_core import from_json

from loopbus.backends.contract import (
    Delta,
    OutputSpec,
    Request,
    Settings,
    StopPiece,
    TextPiece,
    ToolCallPiece,
    ToolSpec,
    UsagePiece,
)
from loopbus.backends.errors import Misunderstood
from loopbus.backends.local.completions import Completions, End, Piece
from loopbus.backends.local.engine import Address
from loopbus.backends.local.prompt import CALL_OPENING
from loopbus.backends.local.reply import GUIDANCE, TALKING, LocalReply
from loopbus.events.content import Message, ToolCall, ToolResult, user
from loopbus.events.usage import Usage

from ..servers import Canned
from .tools import ADD, BOOK, WEATHER


class Line(NamedTuple):
    """A completion that the model gives: its words, how sure it was, and why it ended."""

    text: str
    logprob: float = 0.0
    why: str = "eos"


class Model(Completions):
    """An engine whose completions are written down."""

    def __init__(self, *lines: Line | str) -> None:
        super().__init__(Canned(), Address("http://x", SecretStr("k")))
        self._lines = [Line(line) if isinstance(line, str) else line for line in lines]
        self.prompts: list[str] = []
        self.settings: list[Mapping[str, Any]] = []

    async def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        return "\n".join(f"<{turn['role']}>{turn['content']}" for turn in messages)

    async def complete(self, prompt: str, settings: Mapping[str, Any]) -> AsyncGenerator[Piece | End, None]:
        self.prompts.append(prompt)
        self.settings.append(settings)
        line = self._lines[len(self.prompts) - 1]
        for word in re.findall(r"\s*\S+", line.text):
            yield Piece(word, line.logprob)
        yield Piece("", 0.0)
        yield End(line.why, Usage(10, 2, 4))


class Answer(NamedTuple):
    """The deltas of a reply, sorted."""

    text: str
    calls: list[tuple[str, Any]]
    usage: Usage
    stop: StopPiece
    deltas: list[Delta]


def asking(words: str, *tools: ToolSpec, **settings: Any) -> Request:
    """A request with tools."""
    return Request([user(words)], tools=tools, settings=Settings(**settings))


async def answer(model: Model, request: Request) -> Answer:
    """All of a reply."""
    deltas = [delta async for delta in LocalReply(model, request).deltas()]
    *_, usage, stop = deltas
    assert isinstance(usage, UsagePiece)
    assert isinstance(stop, StopPiece)
    calls = [(delta.name, from_json(delta.arguments)) for delta in deltas if isinstance(delta, ToolCallPiece)]
    text = "".join(delta.text for delta in deltas if isinstance(delta, TextPiece))
    return Answer(text, calls, usage.usage, stop, deltas)


SUM = '<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": 2}}\n</tool_call>'
RAIN = '{"name": "get_weather", "arguments": {"city": "Oslo"}}'


async def test_a_plain_answer_is_streamed() -> None:
    """Piece by piece, with the counts before the stop."""
    found = await answer(Model("It is a fine day."), asking("How is it?"))
    assert [delta.text for delta in found.deltas if isinstance(delta, TextPiece)] == [
        "It",
        " is",
        " a",
        " fine",
        " day.",
    ]
    assert found.usage == Usage(10, 2, 4)
    assert found.stop == StopPiece("end", "eos")


async def test_with_tools_in_sight_words_are_streamed_too() -> None:
    """As soon as they are surely no call."""
    found = await answer(Model("It is a fine day."), asking("How is it?", ADD))
    assert len([delta for delta in found.deltas if isinstance(delta, TextPiece)]) == 5
    assert (found.text, found.stop.reason) == ("It is a fine day.", "end")


async def test_a_call_comes_whole_and_its_words_are_not_shown() -> None:
    """One completion is enough."""
    model = Model(SUM)
    found = await answer(model, asking("1 + 2?", ADD))
    assert found.calls == [("add", {"a": 1, "b": 2})]
    assert (found.text, found.stop) == ("", StopPiece("tool_calls", "eos"))
    assert len(model.prompts) == 1


async def test_several_calls_have_a_slot_each() -> None:
    """One that is repeated is made once; words before the first are shown."""
    found = await answer(Model(f"Sure. {SUM}\n{RAIN}\n{SUM}"), asking("1 + 2? And Oslo?", ADD, WEATHER))
    assert found.text == "Sure. "
    assert found.calls == [("add", {"a": 1, "b": 2}), ("get_weather", {"city": "Oslo"})]
    assert [delta.slot for delta in found.deltas if isinstance(delta, ToolCallPiece)] == [0, 1]


async def test_where_only_one_call_is_wanted_the_first_is_it() -> None:
    """``parallel_tool_calls=False`` says so."""
    request = asking("1 + 2? And Oslo?", ADD, WEATHER, parallel_tool_calls=False)
    assert (await answer(Model(f"{SUM}\n{RAIN}"), request)).calls == [("add", {"a": 1, "b": 2})]


async def test_arguments_that_do_not_fit_are_written_anew_within_the_schema() -> None:
    """The second try cannot go wrong: it begins as a call, and the schema leaves no other way."""
    model = Model('{"name": "add", "arguments": {"a": 1, "to": 2}}', SUM.removeprefix(CALL_OPENING))
    found = await answer(model, asking("1 + 2?", ADD, WEATHER))
    assert found.calls == [("add", {"a": 1, "b": 2})]
    assert found.usage == Usage(20, 4, 8)
    draft, forced = model.prompts
    assert forced == draft + CALL_OPENING
    schema = model.settings[1]["json_schema"]
    assert schema["x-guidance"]["whitespace_flexible"] is False
    (only,) = schema["anyOf"]
    assert only["properties"]["name"] == {"const": "add"}
    assert only["properties"]["arguments"] == {**ADD.parameters, "additionalProperties": False}


async def test_a_schema_keeps_its_definitions_where_references_look_for_them() -> None:
    """At the root."""
    call = '{"name": "book_table", "arguments": {"guests": [{"name": "Ada"}]}}'
    model = Model('{"name": "book_table", "arguments": {}}', call)
    assert (await answer(model, asking("for Ada", BOOK))).calls == [("book_table", {"guests": [{"name": "Ada"}]})]
    schema = model.settings[1]["json_schema"]
    assert "Guest" in schema["$defs"]
    assert "$defs" not in schema["anyOf"][0]["properties"]["arguments"]


async def test_a_tools_name_may_be_a_little_off() -> None:
    """``weather`` means ``get_weather`` where there is no other like it."""
    model = Model('{"name": "weather", "arguments": {"city": "Oslo"}}')
    assert (await answer(model, asking("Oslo?", ADD, WEATHER))).calls == [("get_weather", {"city": "Oslo"})]


@pytest.mark.parametrize(
    "draft",
    [
        Line('{"name": "tell_joke", "arguments": {"topic": "cats"}}'),
        Line('{"name": "get_weather", "arguments": {"city": "London"}}', logprob=-1.0),
        Line("<tool_call>\nno JSON at all"),
    ],
)
async def test_a_call_that_came_to_nothing_becomes_an_answer(draft: Line) -> None:
    """No tool of that name, a call made up, or no call: without tools in sight the model answers in words."""
    model = Model(draft, "Why did the cat cross the road?")
    found = await answer(model, asking("Tell me a joke!", ADD, WEATHER))
    assert found.calls == []
    assert (found.text, found.stop.reason) == ("Why did the cat cross the road?", "end")
    assert "get_weather" in model.prompts[0]
    assert "get_weather" not in model.prompts[1]


@pytest.mark.parametrize(
    ("words", "logprob"),
    [("How is it in the capital of England?", -0.5), ("How is it in London?", -3.0)],
)
async def test_a_call_with_good_reason_is_made(words: str, logprob: float) -> None:
    """The model was sure of it, or took it from what was said."""
    model = Model(Line('{"name": "get_weather", "arguments": {"city": "London"}}', logprob))
    assert (await answer(model, asking(words, WEATHER))).calls == [("get_weather", {"city": "London"})]


async def test_what_tools_said_before_is_a_source_too() -> None:
    """A call may rest on an earlier result."""
    call = ToolCall("1", "home", {})
    history = [
        user("Where do I live?"),
        Message("assistant", (call,)),
        Message("tool", (ToolResult("1", "home", "London"),)),
        user("And the weather there?"),
    ]
    model = Model(Line('{"name": "get_weather", "arguments": {"city": "London"}}', -3.0))
    assert (await answer(model, Request(history, tools=[WEATHER]))).calls == [("get_weather", {"city": "London"})]


async def test_after_words_a_call_that_came_to_nothing_is_shown() -> None:
    """What was shown cannot be taken back, so the rest is shown as well."""
    found = await answer(Model('See: {"name": "joke", "arguments": {}} ha'), asking("A joke!", ADD))
    assert found.text == 'See: {"name": "joke", "arguments": {}} ha'


@pytest.mark.parametrize("text", [SUM, "It is a long"])
async def test_a_reply_that_was_cut_never_becomes_a_call(text: str) -> None:
    """Half an answer is shown as one."""
    found = await answer(Model(Line(text, why="limit")), asking("1 + 2?", ADD))
    assert (found.text, found.calls) == (text, [])
    assert found.stop == StopPiece("length", "limit")


async def test_results_are_answered_without_the_tools() -> None:
    """In one completion whose braces are words."""
    messages = [
        user("1 + 2?"),
        Message("assistant", (ToolCall("1", "add", {"a": 1, "b": 2}),)),
        Message("tool", (ToolResult("1", "add", "3"),)),
    ]
    model = Model('It is {"name": 3}.')
    found = await answer(model, Request(messages, tools=[ADD]))
    assert (found.text, found.calls) == ('It is {"name": 3}.', [])
    assert "add(a=1, b=2) returned: 3" in model.prompts[0]
    # A penalty for repetition would keep it from saying what the tool said.
    assert "repeat_penalty" not in model.settings[0]


@pytest.mark.parametrize(("choice", "tools"), [("required", ["add", "get_weather"]), ("get_weather", ["get_weather"])])
async def test_a_call_that_is_demanded_is_made(choice: str, tools: list[str]) -> None:
    """Of any tool, or of the one that is named."""
    model = Model(RAIN)
    found = await answer(model, asking("Hello!", ADD, WEATHER, tool_choice=choice))
    assert found.calls == [("get_weather", {"city": "Oslo"})]
    schemas = model.settings[0]["json_schema"]["anyOf"]
    assert [schema["properties"]["name"]["const"] for schema in schemas] == tools


async def test_a_demand_that_is_not_met_is_an_error() -> None:
    """Unless the reply was cut, which the stop says."""
    with pytest.raises(Misunderstood, match="would not call add"):
        await answer(Model('{"name": "add", "arguments": {}}'), asking("Hello!", ADD, tool_choice="required"))
    with pytest.raises(Misunderstood, match="would not call add"):
        await answer(Model('{"name": "other", "arguments": {}}'), asking("Hello!", ADD, tool_choice="required"))
    cut = await answer(Model(Line('{"name": "add', why="limit")), asking("Hello!", ADD, tool_choice="required"))
    assert (cut.calls, cut.stop.reason) == ([], "length")


async def test_settings_reach_the_engine() -> None:
    """In its own words; without any, the model is sober and brief."""
    model = Model("a", Line("b", why="word"))
    await answer(model, asking("hi"))
    assert model.settings[0] == TALKING | {"temperature": 0.0, "n_predict": 1024, "stop": []}
    chosen = Settings(
        temperature=0.7, top_p=0.9, max_tokens=50, stop=("END",), seed=3, extra_body={"repeat_penalty": 1.5}
    )
    found = await answer(model, Request([user("hi")], settings=chosen))
    assert model.settings[1] == {
        "temperature": 0.7,
        "top_p": 0.9,
        "n_predict": 50,
        "stop": ["END"],
        "seed": 3,
        "repeat_penalty": 1.5,
        "repeat_last_n": 256,
    }
    assert found.stop == StopPiece("stop_sequence", "word")


async def test_a_word_that_the_engine_has_not_said_before_is_no_end() -> None:
    """``other`` says that we do not know."""
    assert (await answer(Model(Line("a", why="bored")), asking("hi"))).stop == StopPiece("other", "bored")


FORM = OutputSpec("Sum", {"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]})
FORMED = '{"total": 3}'


async def test_an_answer_of_a_form_is_held_to_its_schema() -> None:
    """By the engine, which is told the form in words too; nothing keeps it from writing a word twice."""
    model = Model(FORMED)
    found = await answer(model, Request([user("1 + 2?")], output=FORM))
    assert (found.text, found.stop.reason) == (FORMED, "end")
    assert model.prompts[0].endswith("<user>1 + 2?\n\nAnswer in JSON of this form: {total: integer}")
    assert model.settings[0]["json_schema"] == {**FORM.schema, "x-guidance": GUIDANCE}
    assert "repeat_penalty" not in model.settings[0]


async def test_with_tools_in_sight_only_a_call_or_a_formed_answer_comes() -> None:
    """A call is made as ever; words are thrown away, and the answer is written anew, also where they were cut."""
    called = await answer(Model(f"Sure. {SUM}"), Request([user("1 + 2?")], tools=[ADD], output=FORM))
    assert (called.text, called.calls) == ("", [("add", {"a": 1, "b": 2})])
    for draft in (Line("It is 3."), Line("It is", why="limit"), Line('{"name": "nothing", "arguments": {}}')):
        model = Model(draft, FORMED)
        found = await answer(model, Request([user("1 + 2?")], tools=[ADD], output=FORM))
        assert (found.text, found.calls, found.stop.reason) == (FORMED, [], "end")
        assert found.usage == Usage(20, 4, 8)
        assert "json_schema" in model.settings[1]


async def test_a_formed_answer_that_is_cut_says_so() -> None:
    """Law 7: whoever parses it knows that it is half."""
    found = await answer(Model(Line('{"total":', why="limit")), Request([user("1 + 2?")], output=FORM))
    assert found.stop.reason == "length"
