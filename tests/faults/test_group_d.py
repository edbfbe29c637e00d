"""Faults of a model's stream, at the level of a backend that behaves so: half an answer is never a whole one."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends import (
    BackendError,
    Broken,
    Busy,
    ContextOverflow,
    Delta,
    Incomplete,
    Misunderstood,
    Refused,
    Request,
    Scripted,
    ScriptExhausted,
    call,
    fail,
    text,
)
from loopbus.backends.contract import StopPiece, TextPiece, ThinkingPiece, ToolCallPiece, UsagePiece
from loopbus.events import ModelFailed, ModelReplied, Opaque, TextDelta, Thinking, ToolRequested, ToolResult, Usage
from loopbus.runtime import Agent, Run, RunFailed

from .house import add, agent, house
from .misbehaving import Fake


def saying(*deltas: Delta | BaseException) -> Fake:
    """A backend whose every stream is just these deltas, or ends in an error."""

    async def stream(request: Request) -> AsyncGenerator[Delta, None]:
        for delta in deltas:
            if isinstance(delta, BaseException):
                raise delta
            yield delta

    return Fake(stream)


async def failing(model: Any, **options: Any) -> tuple[Run, ModelFailed, RunFailed]:
    """Run an agent whose model fails; the run, what the log says of it, and what its caller is told."""
    async with house() as tested:
        run = await tested.start(Agent(model, **options))
        with pytest.raises(RunFailed) as caught:
            await run.result()
    (failed,) = [event for event in run.log if isinstance(event, ModelFailed)]
    return run, failed, caught.value


async def test_f60_a_stream_without_its_stop_is_no_answer() -> None:
    """It fails typed, keeps its text and its cost as partial, and runs none of its calls, not even a whole one."""
    usage = UsagePiece(Usage(input_tokens=5, output_tokens=1))
    cut = saying(TextPiece("Half"), ToolCallPiece(0, "", "add", '{"a": 1, "b": 2}'), usage)
    run, failed, error = await failing(cut, tools=[add])
    assert (failed.error.kind, failed.error.retryable) == (Incomplete.__name__, True)
    assert failed.partial[0] == text("Half")
    assert (error.result.output, error.result.usage.total_tokens) == ("Half", 6)
    assert not any(isinstance(event, ToolRequested | ModelReplied) for event in run.log)
    assert error.result.messages[-1].content == (text("Half"),)


async def test_f60_an_empty_stream_is_no_answer_either() -> None:
    """Nothing at all is not an empty answer."""
    _, failed, error = await failing(saying())
    assert (failed.partial, error.result.output) == ((), "")


BROKEN: dict[str, tuple[Callable[[], BackendError], bool]] = {
    "f62 malformed": (lambda: Misunderstood("a chunk that is no JSON", frame=b"{nonsense" + b"x" * 9999), False),
    "f63 stalled": (lambda: Broken("no byte for 60 s"), True),
    "f64 overloaded in the stream": (lambda: Busy("overloaded_error", retry_after_s=1.0), True),
    "refused": (lambda: Refused("no such model", status=404), False),
    "too long": (lambda: ContextOverflow("too many tokens"), False),
}


@pytest.mark.parametrize("fault", BROKEN)
async def test_f62_f63_f64_a_failure_after_some_text_is_typed_and_keeps_the_text(fault: str) -> None:
    """The log says what it was, whether asking again could help, and what had been said until then."""
    make, retryable = BROKEN[fault]
    error = make()
    _, failed, told = await failing(saying(TextPiece("one "), TextPiece("two "), TextPiece("three"), error))
    assert (failed.error.kind, failed.error.retryable) == (type(error).__name__, retryable)
    assert (failed.error.where, failed.model) == ("fake", "fake")
    assert failed.partial == (text("one two three"),)
    assert str(error) in str(told)
    assert len(failed.error.message) < 2000


async def test_f65_f70_however_a_reply_is_cut_it_is_the_same_reply() -> None:
    """One character at a time, calls interleaved, ids only in the first piece: the same content and the same run."""
    pieces = [
        *(TextPiece(letter) for letter in "a\u00e9\U0001f600"),
        ToolCallPiece(1, "p1", "add", '{"a": 1'),
        ToolCallPiece(0, "p0", "add", '{"a": 3,'),
        ToolCallPiece(1, arguments=', "b": 2}'),
        ToolCallPiece(0, arguments=' "b": 4}'),
        StopPiece("tool_calls"),
    ]
    streams = [pieces, [TextPiece("done"), StopPiece("end")]]

    async def stream(request: Request) -> AsyncGenerator[Delta, None]:
        for piece in streams[len(request.messages) > 1]:
            yield piece

    async with house() as tested:
        run = await tested.start(Agent(Fake(stream), tools=[add]))
        result = await run.result()
    replied = next(event for event in run.log if isinstance(event, ModelReplied))
    assert replied.content[0] == text("a\u00e9\U0001f600")
    asked = [(event.arguments["a"], event.arguments["b"]) for event in run.log if isinstance(event, ToolRequested)]
    assert asked == [(1, 2), (3, 4)]
    assert [block.output for block in result.messages[2].content if isinstance(block, ToolResult)] == ["3", "7"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=12))
async def test_f65_the_text_that_readers_see_is_the_text_that_is_stored(pieces: Sequence[str]) -> None:
    """However a text is cut, what was streamed adds up to what was replied."""
    async with house() as tested:
        run = await tested.start(Agent(saying(*map(TextPiece, pieces), StopPiece("end"))))
        seen = [event.text async for event in run.events(ephemeral=True) if isinstance(event, TextDelta)]
    assert "".join(seen) == "".join(pieces) == (await run.outcome()).output


async def test_f72_what_only_its_provider_understands_is_kept_and_sent_back() -> None:
    """An unknown part goes through the log into the next request; so does reasoning with its signature."""
    unknown = Opaque("acme", {"type": "hologram", "data": [1, {"deep": None}]})
    model = Scripted([[Thinking("hm", "signed"), unknown, call("add", a=1, b=2)], text("3")])
    async with house() as tested:
        run = await tested.start(Agent(model, tools=[add]))
        assert (await run.result()).output == "3"
    sent = model.requests[1].messages[1].content
    assert sent[:2] == (Thinking("hm", "signed", "scripted"), unknown)


async def test_reasoning_is_kept_apart_from_the_answer() -> None:
    """Thinking is streamed and stored, and is no part of the output."""
    said = (
        ThinkingPiece("let me "),
        ThinkingPiece("see"),
        ThinkingPiece("", "signed"),
        TextPiece("42"),
        StopPiece("end"),
    )
    async with house() as tested:
        run = await tested.start(Agent(saying(*said)))
        assert (await run.result()).output == "42"
    (replied,) = [event for event in run.log if isinstance(event, ModelReplied)]
    assert replied.content == (Thinking("let me see", "signed", "fake"), text("42"))


@pytest.mark.parametrize("error", [KeyError("choices"), RuntimeError("no running event loop"), SystemExit(1)])
async def test_a_backend_that_breaks_its_contract_fails_the_run_typed(error: BaseException) -> None:
    """What is no ``BackendError`` is a defect of the backend: the run says so, with the text so far and its cost."""
    said = (TextPiece("so far"), UsagePiece(Usage(3, 1)), type(error)(*error.args))
    _, failed, told = await failing(saying(*said))
    assert failed.partial == (text("so far"),)
    assert told.result.usage.total_tokens == 4
    assert type(told.__cause__) is type(error)


async def test_a_failure_costs_what_it_is_known_to_cost() -> None:
    """The usage of a failed reply is counted beside that of the replies before it."""
    usage = UsagePiece(Usage(10, 1))
    streams = [
        [ToolCallPiece(0, "", "add", '{"a": 1, "b": 2}'), usage, StopPiece("tool_calls")],
        [TextPiece("I"), usage, Broken("reset")],
    ]

    async def stream(request: Request) -> AsyncGenerator[Delta, None]:
        for delta in streams[len(request.messages) > 1]:
            if isinstance(delta, BaseException):
                raise delta
            yield delta

    _, _, told = await failing(Fake(stream), tools=[add])
    assert told.result.usage.total_tokens == 22


async def test_a_script_that_is_used_up_says_so() -> None:
    """The deterministic model's own failure is a model's failure like any other."""
    async with house() as tested:
        result = await tested.outcome(agent(call("add", a=1, b=2), tools=[add]))
        assert result.error is not None
        assert result.error.kind == ScriptExhausted.__name__
        broken = await tested.outcome(agent(fail(Busy("come back later"), "half")))
        assert (broken.status, broken.output) == ("failed", "half")


async def test_every_stream_is_closed_whatever_came_of_it() -> None:
    """Also one that is left because the run fails, and one that ended well."""
    closed: list[str] = []

    def noting(name: str, *deltas: Delta | BaseException) -> Fake:
        async def stream(request: Request) -> AsyncGenerator[Delta, None]:
            try:
                for delta in deltas:
                    if isinstance(delta, BaseException):
                        raise delta
                    yield delta
            finally:
                closed.append(name)

        return Fake(stream)

    async with house() as tested:
        await tested.outcome(Agent(noting("good", TextPiece("a"), StopPiece("end"))))
        await tested.outcome(Agent(noting("bad", TextPiece("a"), Broken("reset"))))
        await tested.outcome(Agent(noting("odd", TextPiece("a"), "nonsense")))  # pyright: ignore[reportArgumentType]
    assert closed == ["good", "bad", "odd"]
