"""Streams: the events a consumer wants, as an async iterator."""

import asyncio
from typing import Any

import pytest

from loopbus.bus import Bus, Event, EventsDropped, Overflow, Recorder, Stream, StreamTaken, TaskOwner

from .clock import Clock, turns
from .shop import Ordered, Paid, Rushed, Typed, orders


async def rest_of(stream: Stream[Any]) -> list[Event]:
    """What is left of a stream."""
    return [event async for event in stream]


async def test_a_stream_gives_what_is_published_from_now_on(bus: Bus, owner: TaskOwner) -> None:
    """In order, subclasses too, nothing from before; leaving the block ends it, after what is queued already."""
    bus.publish(Ordered(seq=1))
    async with bus.stream(Ordered) as stream:
        reading = owner.spawn(rest_of(stream))
        for event in (Ordered(seq=2), Paid(), Rushed(seq=3)):
            bus.publish(event)
        await turns()
        assert not reading.done()
    assert [event.seq for event in await reading] == [2, 3]
    bus.publish(Ordered(seq=4))
    assert await rest_of(stream) == []


async def test_a_stream_costs_no_task_and_leaves_none(bus: Bus, owner: TaskOwner) -> None:
    """Neither an open stream nor one that was left in the middle is on anybody's mind."""
    async with bus.stream(Ordered) as stream:
        assert len(owner) == 0
        bus.publish(Ordered())
        async for _ in stream:
            break
    assert bus.routes(Ordered).sinks == ()


async def test_detaching_a_stream_ends_its_iteration(bus: Bus, owner: TaskOwner) -> None:
    """Whoever ends the subscription, the consumer does not wait for ever."""
    stream = bus.stream(Ordered)
    reading = owner.spawn(rest_of(stream))
    await turns()
    bus.detach(stream)
    assert await reading == []
    stream.close()


async def test_closing_the_bus_ends_every_stream(bus: Bus, owner: TaskOwner) -> None:
    """What was queued before can still be read."""
    stream = bus.stream(Ordered)
    bus.publish(Ordered(seq=1))
    await turns()
    bus.close()
    assert [event.seq for event in await rest_of(stream)] == [1]


@pytest.mark.parametrize(
    ("overflow", "left"), [("drop_oldest", [8, 9, 10]), ("coalesce", [8, 9, 10]), ("disconnect", [])]
)
async def test_a_consumer_that_falls_behind_is_told_what_it_missed(
    bus: Bus, recorder: Recorder, clock: Clock, overflow: Overflow, left: list[int]
) -> None:
    """The stream goes on, or ends, as the overflow policy says, and ``EventsDropped`` names the stream."""
    stream = bus.stream(Ordered, name="laggard", capacity=3, overflow=overflow)
    for event in orders(10):
        bus.publish(event)
    await turns()
    await clock.forward(0.2)
    stream.close()
    assert [event.seq for event in await rest_of(stream)] == left
    (dropped,) = recorder.of(EventsDropped)
    count = dropped.count
    assert dropped.subscriber == "laggard"
    assert (dropped.first_seq, dropped.last_seq) == (1, count)
    assert count == (4 if overflow == "disconnect" else 7)


async def test_a_disconnected_stream_leaves_the_bus(bus: Bus) -> None:
    """Once its end was read, nothing of it is left, also without an ``async with``."""
    stream = bus.stream(Ordered, capacity=1, overflow="disconnect")
    for event in orders(2):
        bus.publish(event)
    await turns()
    assert await rest_of(stream) == []
    assert bus.routes(Ordered).sinks == ()


async def test_a_blocking_stream_lets_publishers_go_on_as_it_is_read(bus: Bus, owner: TaskOwner) -> None:
    """Reading makes room."""
    stream = bus.stream(Ordered, capacity=1, overflow="block")
    for event in orders(2):
        bus.publish(event)
    waiting = owner.spawn(bus.wait_room())
    await turns()
    assert not waiting.done()
    assert [(await anext(stream)).seq, (await anext(stream)).seq] == [1, 2]
    await waiting


async def test_pieces_are_joined_only_when_the_reader_is_behind(bus: Bus) -> None:
    """A reader that keeps up sees every piece; one that does not, the same text in fewer."""
    async with bus.stream(Typed, capacity=2, overflow="coalesce") as stream:
        for text in ("a", "b", "c", "d", "e"):
            bus.publish(Typed(seq=1, text=text))
        texts: list[str] = []
        while len("".join(texts)) < 5:
            texts.append((await anext(stream)).text)
        assert "".join(texts) == "abcde"
        assert len(texts) <= 2
        for text in ("f", "g"):
            bus.publish(Typed(seq=1, text=text))
            assert (await anext(stream)).text == text


async def test_two_tasks_cannot_take_from_one_stream(bus: Bus, owner: TaskOwner) -> None:
    """F57: the second is told so, at once; the first is not disturbed."""
    async with bus.stream(Ordered) as stream:
        first = owner.spawn(anext(stream))
        await turns()
        with pytest.raises(StreamTaken):
            await anext(stream)
        bus.publish(Ordered(seq=1))
        assert (await first).seq == 1


async def test_cancelling_a_reader_loses_nothing(bus: Bus, owner: TaskOwner) -> None:
    """Who was cancelled while it waited can be followed by another, which gets the next event."""
    async with bus.stream(Ordered) as stream:
        reader = owner.spawn(anext(stream))
        await turns()
        reader.cancel()
        await asyncio.wait({reader})
        bus.publish(Ordered(seq=1))
        assert (await anext(stream)).seq == 1


async def test_a_stream_with_a_condition_leaves_the_others_out(bus: Bus, owner: TaskOwner) -> None:
    """Only what is selected takes room, whether events come many at a time, one at a time, or from a handler."""
    stream = bus.stream(Ordered.where(pieces=7), capacity=1)
    for event in orders(20):
        bus.publish(event)
    assert (await anext(stream)).seq == 7
    for place in (30, 40):
        reading = owner.spawn(anext(stream))
        await turns()
        for pieces in (6, 7):
            bus.publish(Ordered(seq=place + pieces, pieces=pieces))
            await turns()
        assert (await reading).seq == place + 7
    bus.observe(Paid, lambda event: bus.publish(Ordered(seq=event.seq, pieces=event.cents)))
    for cents in (6, 7):
        bus.publish(Paid(seq=50 + cents, cents=cents))
    await bus.drain()
    assert [event.seq for event in stream.queue.items] == [57]


async def test_a_stream_that_is_closed_says_at_once_what_it_missed(bus: Bus, recorder: Recorder) -> None:
    """Nobody is there to hear it later."""
    stream = bus.stream(Ordered, name="laggard", capacity=3)
    for event in orders(5):
        bus.publish(event)
    await turns()
    stream.close()
    await turns()
    assert [(said.subscriber, said.count) for said in recorder.of(EventsDropped)] == [(stream.name, 2)]
