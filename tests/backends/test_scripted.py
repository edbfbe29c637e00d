"""The scripted model: says its lines, in order or by run, whole or in pieces, and keeps what it was asked."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, Literal, cast

import anyio
import pytest

from loopbus.backends.contract import (
    BlockPiece,
    Delta,
    Reply,
    Request,
    StopPiece,
    TextPiece,
    ThinkingPiece,
    ToolCallPiece,
    UsagePiece,
)
from loopbus.backends.errors import Broken, Incomplete, NotConfigured, ScriptExhausted
from loopbus.backends.fold import ReplyFold
from loopbus.backends.script import Line, call, fail, reply, text, thinking
from loopbus.backends.scripted import Scripted
from loopbus.events.content import Block, Image, Message, Refusal, Text, Thinking, ToolCall, ToolResult, user
from loopbus.events.usage import Usage

ASKED = Request([user("hi")])
IMAGE = Image("image/png", data=b"png")


async def said(backend: Scripted, request: Request = ASKED) -> Reply:
    """The next reply."""
    fold = ReplyFold("c")
    async for delta in backend.stream(request):
        fold.add(delta)
    return fold.reply()


async def deltas(line: Line, request: Request = ASKED, **options: Any) -> list[Delta]:
    """What one line is streamed as."""
    return [delta async for delta in Scripted([line], **options).stream(request)]


async def test_a_script_is_said_line_by_line() -> None:
    """A call, then words: what the quickstart needs."""
    backend = Scripted([call("add", a=17, b=25), text("42")])
    assert (await said(backend)).content == (ToolCall("c.0", "add", {"a": 17, "b": 25}, "0.0"),)
    assert await said(backend) == Reply((Text("42"),), "end")


@pytest.mark.parametrize(
    ("line", "content", "stop"),
    [
        ("words", (Text("words"),), "end"),
        (text("words"), (Text("words"),), "end"),
        ([thinking("hm", "s"), "words", IMAGE], (Thinking("hm", "s"), Text("words"), IMAGE), "end"),
        (reply("cut", stop="length"), (Text("cut"),), "length"),
        (reply(Refusal("no"), stop="refusal"), (Refusal("no"),), "refusal"),
        ([], (), "end"),
        (ToolCall("", "add", malformed="{"), (ToolCall("c.0", "add", {}, "0.0", malformed="{"),), "tool_calls"),
        (ToolCall("", "add", {}, "mine"), (ToolCall("c.0", "add", {}, "mine"),), "tool_calls"),
    ],
)
async def test_a_line_may_be_written_in_many_ways(line: Line, content: tuple[Block, ...], stop: str) -> None:
    """A text, a block, several, or a reply with all that belongs to one."""
    answer = await said(Scripted([line]))
    assert (answer.content, answer.stop) == (content, stop)


async def test_several_calls_in_a_line_are_parallel() -> None:
    """Each has an id of its own, and arrives whole."""
    assert await deltas([call("add", a=1), call("sub")]) == [
        BlockPiece(ToolCall("", "add", {"a": 1}, "0.0")),
        BlockPiece(ToolCall("", "sub", {}, "0.1")),
        StopPiece("tool_calls", ""),
    ]


async def test_usage_is_told_where_it_is_written() -> None:
    """Before the stop; without it, nothing was counted."""
    assert await deltas(reply("a", usage=Usage(3, 1))) == [
        TextPiece("a"),
        UsagePiece(Usage(3, 1)),
        StopPiece("end", ""),
    ]


async def test_a_function_may_improvise() -> None:
    """From the request, at once or after a while."""

    async def later(request: Request) -> Line:
        await anyio.lowlevel.checkpoint()
        return f"late {request.messages[-1].text}"

    functions: list[Callable[[Request], Any]] = [lambda request: f"late {request.messages[-1].text}", later]
    for function in functions:
        assert (await said(Scripted(function))).content == (Text("late hi"),)


async def test_a_script_that_is_used_up_says_so() -> None:
    """With the number of its lines, and what to do; an empty one at once."""
    backend = Scripted(["one"])
    await said(backend)
    with pytest.raises(ScriptExhausted, match=r"has 1 reply and was asked for reply 2: .* per_run=True"):
        await said(backend)
    with pytest.raises(ScriptExhausted, match="has 0 replies"):
        await said(Scripted([]))


@pytest.mark.parametrize("line", [5, None, {"text": "a"}, ["a", 5], ToolResult("1", "add", "2"), [[call("add")]]])
async def test_a_line_that_is_none_is_refused(line: Any) -> None:
    """When the script is written, or when the function returns it."""
    with pytest.raises(NotConfigured, match="no part of a scripted reply"):
        Scripted([line])
    with pytest.raises(NotConfigured, match="no part of a scripted reply"):
        await said(Scripted(lambda request: line))


async def test_an_error_in_the_script_is_raised() -> None:
    """As it is, in its turn, and each time without the traceback of the time before."""
    error = Broken("lost")
    backend = Scripted([error, "again", fail(error)])
    with pytest.raises(Broken) as first:
        await said(backend)
    depth = len(first.traceback)
    assert (await said(backend)).content == (Text("again"),)
    with pytest.raises(Broken) as second:
        await said(backend)
    assert second.value is first.value is error
    assert len(second.traceback) == depth


async def test_an_error_may_come_half_way() -> None:
    """After some blocks, and without a stop: as when a stream breaks."""
    fold = ReplyFold()
    with pytest.raises(Incomplete):
        await collect(Scripted([fail(Incomplete("cut"), "half", call("add"))]).stream(ASKED), fold)
    assert fold.partial()[0] == Text("half")
    with pytest.raises(Incomplete):
        fold.reply()


async def collect(stream: AsyncGenerator[Delta, None], fold: ReplyFold) -> None:
    """Fold a stream as far as it goes."""
    async for delta in stream:
        fold.add(delta)


LINE = [thinking("Let me see."), "Two  words\n", call("add", a=1), IMAGE]


@pytest.mark.parametrize("stream", ["words", 1, 3, 1000])
async def test_a_stream_in_pieces_is_the_same_reply(stream: Literal["words"] | int) -> None:
    """Words, or so many characters; only the deltas differ, and only where streaming is wanted."""
    backend, plain = (Scripted([LINE, LINE], stream=option) for option in (stream, None))
    assert await said(backend) == await said(plain)
    whole = Request([user("hi")], streaming=False)
    assert [delta async for delta in backend.stream(whole)] == [delta async for delta in plain.stream(whole)]


async def test_words_keep_the_blanks_before_them() -> None:
    """Joined, they are the text again."""
    assert await deltas([thinking("a b", "s"), " Two  words\n"], stream="words") == [
        ThinkingPiece("a"),
        ThinkingPiece(" b"),
        ThinkingPiece("", "s"),
        TextPiece(" Two"),
        TextPiece("  words"),
        TextPiece("\n"),
        StopPiece("end", ""),
    ]


async def test_arguments_are_cut_too() -> None:
    """The name comes with the first piece only."""
    assert (await deltas(call("add", a=1), stream=4))[:-1] == [
        ToolCallPiece(0, "0.0", "add", '{"a"'),
        ToolCallPiece(0, arguments=":1}"),
    ]
    assert (await deltas(ToolCall("", "add", malformed=""), stream=4))[:-1] == [ToolCallPiece(0, "0.0", "add")]
    assert (await deltas(IMAGE, stream=4))[:-1] == [BlockPiece(IMAGE)]


@pytest.mark.parametrize("stream", [0, -1, "chars", True])
def test_a_way_to_cut_that_is_none_is_refused(stream: Any) -> None:
    """With what it may be."""
    with pytest.raises(NotConfigured, match="give 'words', a number of characters"):
        Scripted([], stream=stream)


async def test_requests_are_kept_with_their_messages_copied() -> None:
    """The first so many; all are counted."""
    backend = Scripted(lambda request: "a", keep=2)
    messages = [user("one")]
    for number in range(3):
        await said(backend, Request(messages, instructions=str(number)))
        messages.append(user("more"))
    assert [request.messages for request in backend.requests] == [(user("one"),), (user("one"), user("more"))]
    assert [request.instructions for request in backend.requests] == ["0", "1"]
    assert backend.asked == 3


class Conversation:
    """A run as the runtime leads it, with one tool."""

    def __init__(self, *before: Message) -> None:
        self.messages = [*before, user("go")]

    async def turn(self, backend: Scripted) -> Reply:
        """Ask, and answer what was asked for."""
        answer = await said(backend, Request(self.messages))
        self.messages.append(Message("assistant", answer.content))
        calls = (block for block in answer.content if isinstance(block, ToolCall))
        results = tuple(ToolResult(call.call_id, call.name, "ok", provider_id=call.provider_id) for call in calls)
        if results:
            self.messages.append(Message("tool", results))
        return answer


async def test_each_run_may_begin_the_script_anew() -> None:
    """One object, many runs at once, each at its own line, however they interleave."""
    backend = Scripted([[call("a"), call("a")], [text("and"), call("b")], "done"], per_run=True)
    runs = [Conversation() for _ in range(3)]
    stops: list[list[str]] = [[], [], []]
    for place in (0, 1, 0, 2, 0, 1, 2, 1, 2):
        stops[place].append((await runs[place].turn(backend)).stop)
    assert stops == [["tool_calls", "tool_calls", "end"]] * 3


async def test_a_session_begins_the_script_anew_with_each_prompt() -> None:
    """What was said in earlier runs does not count, be it an answer or a call."""
    backend = Scripted([call("a"), "done"], per_run=True)
    first = Conversation()
    await first.turn(backend)
    interrupted = Conversation(*first.messages)
    assert (await interrupted.turn(backend)).stop == "tool_calls"
    assert (await interrupted.turn(backend)).content == (Text("done"),)
    third = Conversation(*interrupted.messages)
    assert (await third.turn(backend)).stop == "tool_calls"


async def test_a_history_from_elsewhere_is_at_the_beginning() -> None:
    """Its calls have ids that are not the script's."""
    history = [
        user("go"),
        Message("assistant", (ToolCall("1", "a", {}, "call_x"),)),
        Message("tool", (ToolResult("1", "a", "ok", provider_id="call_x"),)),
    ]
    backend = Scripted(["first"], per_run=True)
    assert (await said(backend, Request(history))).content == (Text("first"),)
    assert (await said(backend, Request(history[2:]))).content == (Text("first"),)
    assert (await said(backend, Request([]))).content == (Text("first"),)


async def test_a_stream_may_be_left_or_closed_at_any_point() -> None:
    """What was told beforehand is told no more, and errors from outside pass through."""
    backend = Scripted(["one two"] * 3, stream="words")
    stream = backend.stream(ASKED)
    assert await anext(stream) == TextPiece("one")
    await stream.aclose()
    assert [delta async for delta in stream] == []
    assert await backend.stream(ASKED).asend(None) == TextPiece("one")
    with pytest.raises(LookupError):
        await backend.stream(ASKED).athrow(LookupError("mine"))


async def test_delays_are_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    """One before each reply, one before each delta and each error; none where none is set."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    await deltas("one two", stream="words")
    assert waited == []
    await deltas("one two", stream="words", delay_s=5, piece_delay_s=1)
    assert waited == [5 + 1, 1, 1]
    waited.clear()
    with pytest.raises(Broken):
        await deltas(fail(Broken("lost"), "one"), delay_s=5, piece_delay_s=1)
    assert waited == [5 + 1, 1]


BAD_SCRIPTS: dict[str, tuple[Callable[[], object], str]] = {
    "a text for a list": (lambda: Scripted("It is 42."), r"write \['It is 42.'\]"),
    "one reply for a list": (lambda: Scripted(cast("Any", call("add"))), "is a list of replies, or a function, and"),
    "a function for its name": (lambda: call(cast("Any", len)), r"give the tool's name, as in call\('add', a=1\)"),
    "a negative delay": (lambda: Scripted([], delay_s=-1), "delay_s=-1: give a number of seconds, 0 or more"),
    "a delay that is none": (lambda: Scripted([], piece_delay_s=cast("Any", "1")), "piece_delay_s='1'"),
    "a stop that is none": (lambda: reply("hi", stop=cast("Any", "lenght")), "stop='lenght' is none of end, .*length"),
    "words for an error": (lambda: fail(cast("Any", "broken")), r"fail\('broken'\): give an error"),
}


@pytest.mark.parametrize("wrong", BAD_SCRIPTS)
def test_a_slip_in_a_script_is_found_where_it_is_written(wrong: str) -> None:
    """And not in the middle of a test, as a run that does something else."""
    write, words = BAD_SCRIPTS[wrong]
    with pytest.raises(NotConfigured, match=words):
        write()


def test_a_script_shows_whose_it_is() -> None:
    """As an agent does that has one: by its model's name, and not by an address in memory."""
    assert repr(Scripted(["hello"], model="acme:large")) == "Scripted('acme:large')"
