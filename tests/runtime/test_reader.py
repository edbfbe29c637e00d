"""A run outlives its readers: any number may join at any time, and each sees every durable event once, in order."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from loopbus.backends import Delta, Request, call, text
from loopbus.backends.contract import StopPiece, TextPiece, ThinkingPiece
from loopbus.bus import EventsDropped
from loopbus.events import Event, ModelReplied, ModelRequested, TextDelta, ThinkingDelta, ToolProgress
from loopbus.runtime import Agent, BadInput, Run
from loopbus.tools import ToolContext, tool

from ..faults.house import CANARY, add, agent, house, settle
from ..faults.misbehaving import Fake, Gate, waiting

WORDS = ["It ", "was ", "a ", "dark ", "and ", "stormy ", "night."]


def slowly(gate: Gate, at: int) -> Agent:
    """An agent whose model pauses at a gate before word ``at`` of its answer."""

    async def stream(request: Request) -> AsyncGenerator[Delta, None]:
        yield ThinkingPiece("how do they begin?")
        for place, word in enumerate(WORDS):
            if place == at:
                await gate.wait()
            await asyncio.sleep(0)
            yield TextPiece(word)
        yield StopPiece("end")

    return Agent(Fake(stream))


def texts(events: list[Event]) -> list[str]:
    """What the pieces of the answer say."""
    return [event.text for event in events if isinstance(event, TextDelta)]


async def everything(run: Run, *, after: int = 0, ephemeral: bool = True) -> list[Event]:
    """Read a run to its end."""
    return [event async for event in run.events(after=after, ephemeral=ephemeral)]


def durable(events: list[Event]) -> list[Event]:
    """Those of them that are in the log."""
    return [event for event in events if event.durable]


async def test_a_reader_from_the_start_sees_every_piece_in_its_place() -> None:
    """The pieces of a message come between its request and its reply, and add up to the reply's text."""
    async with house() as tested:
        run = await tested.start(slowly(Gate(), at=99))
        seen = await everything(run)
    names = [type(event).__name__ for event in seen]
    assert names == [
        *("RunStarted", "TurnStarted", "ModelRequested", "ThinkingDelta", *["TextDelta"] * 7),
        *("ModelReplied", "TurnFinished", "RunFinished"),
    ]
    assert texts(seen) == WORDS
    asked = next(event.seq for event in seen if isinstance(event, ModelRequested))
    assert {event.seq for event in seen if not event.durable} == {asked}


async def test_a_reader_that_joins_in_mid_message_gets_one_snapshot_and_then_the_tail() -> None:
    """What it missed comes as one piece, marked; together with the rest it is the whole text."""
    gate = Gate()
    async with house() as tested:
        run = await tested.start(slowly(gate, at=4))
        await gate.reached.wait()
        reader = run.events(ephemeral=True)
        early = [await anext(reader) for _ in range(5)]
        gate.open.set()
        late = [event async for event in reader]
    assert [type(event).__name__ for event in early[3:]] == ["ThinkingDelta", "TextDelta"]
    assert isinstance(early[3], ThinkingDelta)
    assert isinstance(early[4], TextDelta)
    assert (early[3].text, early[3].snapshot) == ("how do they begin?", True)
    assert (early[4].text, early[4].snapshot) == ("It was a dark ", True)
    assert texts(late) == WORDS[4:]
    assert durable([*early, *late]) == list(run.log)


async def test_a_reader_that_joins_after_the_end_gets_the_log_and_no_pieces() -> None:
    """The finished message is in the log, so nothing of it is missed."""
    async with house() as tested:
        run = await tested.start(slowly(Gate(), at=99))
        await run.result()
        assert await everything(run) == list(run.log)


@pytest.mark.parametrize("after", [0, 1, 7, 12, 13, 99])
async def test_a_reader_may_begin_anywhere(after: int) -> None:
    """It gets what is behind the seq that it names, of a run that goes on as of one that is over."""
    gate = Gate()
    async with house() as tested, asyncio.TaskGroup() as group:
        run = await tested.start(agent(call("wait"), text("done"), tools=[waiting(gate)]))
        await gate.reached.wait()
        live = group.create_task(everything(run, after=after))
        await asyncio.sleep(0)
        gate.open.set()
        await run.result()
        assert len(run.log) == 13
        assert durable(await live) == list(run.log[after:])
        assert await everything(run, after=after) == list(run.log[after:])


@pytest.mark.parametrize("after", [-1, "1", None])
async def test_a_place_that_is_none_is_refused_at_once(after: object) -> None:
    """Not at the first event, and with a word on what to give."""
    async with house() as tested:
        run = await tested.start(CANARY)
        with pytest.raises(BadInput, match="give the seq of the last event you have, or 0"):
            run.events(after=after)  # pyright: ignore[reportArgumentType] - what the test is about
        await run.result()


async def test_fifty_readers_see_the_same() -> None:
    """However many, whenever they join: each has the whole log, and a text that is the reply's."""
    gate = Gate()
    async with house() as tested, asyncio.TaskGroup() as group:
        run = await tested.start(slowly(gate, at=4))
        tasks = [group.create_task(everything(run)) for _ in range(25)]
        await gate.reached.wait()
        tasks += [group.create_task(everything(run)) for _ in range(25)]
        await asyncio.sleep(0)
        gate.open.set()
        for seen in [await task for task in tasks]:
            assert durable(seen) == list(run.log)
            assert "".join(texts(seen)) == "".join(WORDS)


async def test_a_slow_reader_holds_nobody_up_and_loses_nothing_of_the_log() -> None:
    """The run ends while it still stands at the first event; the log waits for it, and so do the pieces."""
    async with house() as tested:
        run = await tested.start(slowly(Gate(), at=99))
        reader = run.events(ephemeral=True)
        first = await anext(reader)
        await run.result()
        rest = [event async for event in reader]
    assert durable([first, *rest]) == list(run.log)
    assert texts(rest) == WORDS


async def test_a_reader_that_is_far_behind_gets_pieces_joined_and_no_less_text() -> None:
    """Of a message with thousands of pieces a slow reader keeps a bounded number, and all the words."""

    async def stream(request: Request) -> AsyncGenerator[Delta, None]:
        for number in range(5_000):
            yield TextPiece(f"{number} ")
        yield StopPiece("end")

    async with house() as tested:
        run = await tested.start(Agent(Fake(stream)))
        reader = run.events(ephemeral=True)
        first = await anext(reader)
        await run.result()
        rest = [event async for event in reader]
    assert len(texts(rest)) < 1_100
    (replied,) = [event for event in rest if isinstance(event, ModelReplied)]
    assert replied.content == (text("".join(texts(rest))),)
    assert durable([first, *rest]) == list(run.log)


async def test_pieces_that_cannot_be_joined_are_dropped_and_that_is_said() -> None:
    """Progress of a tool is no text: a reader that is too far behind is told how many reports it missed."""

    @tool
    async def count(context: ToolContext) -> str:
        """Report very often."""
        for number in range(3_000):
            context.progress(f"step {number}")
        return "counted"

    async with house() as tested:
        run = await tested.start(agent(call("count"), text("done"), tools=[count]))
        reader = run.events(ephemeral=True)
        first = await anext(reader)
        await run.result()
        rest = [event async for event in reader]
    told = [event.message for event in rest if isinstance(event, ToolProgress)]
    dropped = [event for event in rest if isinstance(event, EventsDropped)]
    assert len(told) + sum(event.count for event in dropped) == 3_000
    assert told == [f"step {number}" for number in range(3_000 - len(told), 3_000)]
    assert len(told) < 1_100
    assert {event.subscriber for event in dropped} == {"reader"}
    assert all(event.at >= run.log[0].at for event in dropped)
    assert durable([first, *rest]) == list(run.log)


async def test_nobody_who_has_left_is_remembered() -> None:
    """Waiting for a run and giving up, again and again, leaves nothing on the run."""
    gate = Gate()
    async with house() as tested:
        run = await tested.start(agent(call("wait"), text("done"), tools=[waiting(gate), add]))
        await gate.reached.wait()
        for _ in range(100):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await anext(run.events(after=99))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await run.outcome()
        journal = run.journal
        await settle(lambda: not journal._waiting)  # pyright: ignore[reportPrivateUsage]
        gate.open.set()
        assert (await run.result()).output == "done"
