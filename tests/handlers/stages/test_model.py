"""The model is sent the conversation, and what comes back is told piece by piece and then as a whole."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from loopbus.backends import Broken, Delta, Request, Scripted, Settings, call, fail, reply, text, thinking
from loopbus.backends.contract import Backend, BlockPiece, StopPiece, TextPiece, ThinkingPiece, ToolCallPiece
from loopbus.events import (
    ModelFailed,
    ModelReplied,
    ModelRequested,
    Text,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    user,
)
from loopbus.handlers.models import Models
from loopbus.handlers.stages.model import AskModel
from loopbus.tools import as_tool

from ...faults.misbehaving import Fake
from ..fake_run import FakeRun, asked, prompted

PIECES = (TextDelta, ThinkingDelta, ToolCallDelta)


def only(backend: Backend) -> Models:
    """A choice of one, under whatever name it is asked for."""
    return Models(backend, (), lambda _: backend)


async def ask(run: FakeRun, backend: Backend, *, streaming: bool = True) -> ModelReplied | ModelFailed:
    """Have the last request of the log answered."""
    wish = run.log[-1]
    assert isinstance(wish, ModelRequested)
    return await AskModel(only(backend), (), Settings(), streaming=streaming)(wish, run)


async def test_a_reply_becomes_an_event_with_all_that_is_known_of_it() -> None:
    """Its blocks, why it ended, what it cost, how long it took, and whom it is from."""
    run = asked()
    said = reply(thinking("hm"), "I add.", call("add", a=1), usage=Usage(10, 5))
    replied = await ask(run, Scripted([said]))
    assert isinstance(replied, ModelReplied)
    assert (replied.turn, replied.stop, replied.usage, replied.model) == (1, "tool_calls", Usage(10, 5), "fake")
    assert replied.content[:2] == (thinking("hm"), text("I add."))
    assert replied.elapsed_s >= 0


async def test_the_ids_of_calls_are_made_of_the_requests_place_in_the_log() -> None:
    """So no two calls of a run share one, whatever the provider calls them."""
    run = asked()
    same = ToolCall("", "look", provider_id="call_1")
    replied = await ask(run, Scripted([[same, same]]))
    assert isinstance(replied, ModelReplied)
    calls = [(each.call_id, each.provider_id) for each in replied.content if isinstance(each, ToolCall)]
    assert calls == [("3.0", "call_1"), ("3.1", "call_1")]


async def test_pieces_are_told_as_they_come_and_belong_to_the_request() -> None:
    """Text, reasoning, and the arguments of a call; a signature alone is nothing to show."""
    run = asked(hears=PIECES)

    async def stream(_: Request) -> AsyncGenerator[Delta, None]:
        yield ThinkingPiece("hm")
        yield ThinkingPiece("", "signed")
        yield TextPiece("I add.")
        yield ToolCallPiece(0, "p1", "add", '{"a"')
        yield ToolCallPiece(0, arguments=":1}")
        yield BlockPiece(Text("whole"))
        yield StopPiece("tool_calls")

    await ask(run, Fake(stream))
    assert [vars(each) | {"seq": 0, "cause": 0} for each in run.told] == [
        vars(each) | {"run_id": "fake-1"}
        for each in (
            ThinkingDelta(text="hm"),
            TextDelta(text="I add."),
            ToolCallDelta(slot=0, name="add", arguments='{"a"'),
            ToolCallDelta(slot=0, arguments=":1}"),
        )
    ]
    assert {each.seq for each in run.told} == {3}


@pytest.mark.parametrize("heard", PIECES)
async def test_pieces_that_nobody_hears_are_not_even_made(heard: type[TextDelta]) -> None:
    """Each kind by itself."""
    run = asked(hears=[heard])
    await ask(run, Scripted([[thinking("hm"), text("I add."), call("add", a=1)]], stream="words"))
    assert {type(each) for each in run.told} == {heard}


async def test_the_reply_that_is_being_written_can_be_looked_at() -> None:
    """From before its first piece on: for readers that join, and for an interruption."""
    run = asked()
    seen: list[tuple[Text, ...]] = []

    async def stream(_: Request) -> AsyncGenerator[Delta, None]:
        for words in ("one ", "two"):
            seen.append(tuple(block for block in run.replies[0].partial() if isinstance(block, Text)))
            yield TextPiece(words)
        yield StopPiece("end")

    await ask(run, Fake(stream))
    assert seen == [(), (Text("one "),)]


async def test_the_model_is_sent_the_window_that_the_request_describes() -> None:
    """The pinned messages and those from ``first`` on, the instructions, the tools, and how to sample."""
    run = prompted(history=tuple(user(f"{place}") for place in range(5)))
    run.take(ModelRequested(turn=1, model="fake", messages=6, first=4, pinned=(1,), instructions="Be brief."))
    wish = run.log[-1]
    assert isinstance(wish, ModelRequested)
    model = Scripted(["yes"])

    def look() -> str:
        """Look."""
        return ""

    await AskModel(only(model), (as_tool(look),), Settings(temperature=0), streaming=False)(wish, run)
    (sent,) = model.requests
    assert [message.text for message in sent.messages] == ["1", "4", "go"]
    assert (sent.instructions, [tool.name for tool in sent.tools]) == ("Be brief.", ["look"])
    assert (sent.settings, sent.streaming) == (Settings(temperature=0), False)


async def test_a_failure_keeps_what_had_arrived() -> None:
    """Its text, its cost, and the fault with the name of the model; it is an event and no exception."""
    run = asked()
    failed = await ask(run, Scripted([fail(Broken("the line is dead"), "It is ")], model="fake"))
    assert isinstance(failed, ModelFailed)
    assert (failed.error.kind, failed.error.message) == ("Broken", "the line is dead")
    assert (failed.error.where, failed.error.retryable) == ("fake", True)
    assert failed.partial == (Text("It is "),)


async def test_a_stream_without_its_stop_is_a_failure() -> None:
    """Half an answer is never a whole one."""

    async def stream(_: Request) -> AsyncGenerator[Delta, None]:
        yield TextPiece("It is ")

    failed = await ask(asked(), Fake(stream))
    assert isinstance(failed, ModelFailed)
    assert (failed.error.kind, failed.partial) == ("Incomplete", (Text("It is "),))


async def returned(_: Request) -> str:
    """What comes of a ``stream`` without a ``yield``."""
    return "It is 42."


def listed(_: Request) -> list[str]:
    """Not even that."""
    return ["It is 42."]


@pytest.mark.parametrize(("stream", "kind"), [(returned, "coroutine"), (listed, "list")])
async def test_a_backend_that_streams_nothing_is_told_how(stream: Any, kind: str) -> None:
    """It forgot to yield, which is the commonest slip of who writes one; nothing is left that was never awaited."""
    failed = await ask(asked(), Fake(stream))
    assert isinstance(failed, ModelFailed)
    assert failed.error.kind == "Misunderstood"
    assert f"stream() gave a {kind}: let it be an async generator" in failed.error.message


@pytest.mark.parametrize("error", [Broken("dead"), ZeroDivisionError()])
async def test_the_stream_is_closed_whatever_comes_of_it(error: Exception) -> None:
    """At once, and not when the garbage collector comes; what is no ``BackendError`` is a defect and passes."""
    closed: list[bool] = []

    class Stream(AsyncGenerator[Delta, None]):
        async def __anext__(self) -> Delta:
            raise error

        async def asend(self, value: None) -> Delta:
            return await anext(self)

        async def athrow(self, *thrown: object) -> Delta:
            raise error

        async def aclose(self) -> None:
            closed.append(True)

    asking = ask(asked(), Fake(lambda _: Stream()))
    if isinstance(error, Broken):
        assert isinstance(await asking, ModelFailed)
    else:
        with pytest.raises(ZeroDivisionError):
            await asking
    assert closed == [True]
