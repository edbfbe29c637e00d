"""The recorder: what a user's own tests ask about what was published."""

import asyncio

import pytest

from loopbus.bus import Bus, Recorder, TaskOwner

from .clock import Clock, turns
from .shop import Ordered, Paid, Rushed, Shipped, orders


async def test_it_remembers_everything_in_order(bus: Bus, recorder: Recorder) -> None:
    """And answers by class, by several, or by field."""
    published = [Ordered(seq=1), Rushed(seq=2, pieces=3), Paid(seq=3), Ordered(seq=4, pieces=3)]
    for event in published:
        bus.publish(event)
    await bus.drain()
    assert list(recorder.events) == published
    assert [event.seq for event in recorder.of(Ordered)] == [1, 2, 4]
    assert [event.seq for event in recorder.of((Paid, Rushed))] == [2, 3]
    assert [event.seq for event in recorder.of(Ordered.where(pieces=3))] == [2, 4]


async def test_it_forgets_the_oldest_beyond_its_capacity(bus: Bus) -> None:
    """F07: old events leave its memory, new ones are never refused."""
    recorder = Recorder(capacity=3)
    recorder.attach(bus)
    for event in orders(10):
        bus.publish(event)
    await bus.drain()
    assert [event.seq for event in recorder.of(Ordered)] == [8, 9, 10]


async def test_it_misses_nothing_of_a_burst(bus: Bus, recorder: Recorder) -> None:
    """More events in one turn of the loop than any queue has room for."""
    for event in orders(20_000):
        bus.publish(event)
    await bus.drain()
    assert len(recorder.events) == 20_000


async def test_what_is_expected_may_have_happened(bus: Bus, recorder: Recorder) -> None:
    """The first such event that is remembered is the answer, at once."""
    for event in orders(3):
        bus.publish(event)
    await bus.drain()
    assert (await recorder.expect(Ordered)).seq == 1
    assert (await recorder.expect(Ordered.where(pieces=2))).seq == 2


async def test_what_is_expected_may_be_still_to_come(bus: Bus, recorder: Recorder, owner: TaskOwner) -> None:
    """Everybody who waits for it gets it, and nothing else wakes them."""
    waiting = [owner.spawn(recorder.expect(Ordered.where(pieces=pieces))) for pieces in (2, 2, 3)]
    await turns()
    bus.publish(Ordered(pieces=1))
    bus.publish(Ordered(pieces=2))
    bus.publish(Ordered(pieces=2, note="later"))
    await turns()
    assert [task.done() for task in waiting] == [True, True, False]
    assert [(await task).note for task in waiting[:2]] == ["", ""]
    bus.publish(Ordered(pieces=3))
    assert (await waiting[2]).pieces == 3


async def test_an_expectation_that_is_disappointed_lists_what_came(
    bus: Bus, recorder: Recorder, owner: TaskOwner, clock: Clock
) -> None:
    """The failure of the test says what was waited for, how long, and what there was instead."""
    for event in (Ordered(), Paid()):
        bus.publish(event)
    waiting = owner.spawn(recorder.expect(Shipped.where(parcel=7), timeout_s=3))
    await turns()
    await clock.forward(3.1)
    with pytest.raises(AssertionError) as caught:
        await waiting
    assert str(caught.value) == "no Shipped(parcel=7) within 3 s; the last events were: Ordered, Paid"


async def test_an_expectation_of_an_empty_recorder(recorder: Recorder, owner: TaskOwner, clock: Clock) -> None:
    """Where nothing came at all, that is said."""
    waiting = owner.spawn(recorder.expect(Shipped))
    await turns()
    await clock.forward(5.1)
    with pytest.raises(AssertionError, match="no Shipped within 5 s; the last events were: nothing"):
        await waiting


async def test_an_expectation_that_is_given_up_leaves_nothing(recorder: Recorder, owner: TaskOwner) -> None:
    """Cancelling the wait is remembered by nobody."""
    waiting = owner.spawn(recorder.expect(Shipped))
    await turns()
    waiting.cancel()
    await asyncio.wait({waiting})
    recorder(Shipped())
    assert recorder._expected == []  # pyright: ignore[reportPrivateUsage]  # that is the question


async def test_a_wait_that_is_cancelled_as_it_comes_true_hurts_nobody(recorder: Recorder, owner: TaskOwner) -> None:
    """Two expectations of one event, one of them just cancelled."""
    waiting = [owner.spawn(recorder.expect(Shipped)) for _ in range(2)]
    await turns()
    waiting[0].cancel()
    recorder(Shipped(parcel=3))
    await turns()
    assert waiting[0].cancelled()
    assert (await waiting[1]).parcel == 3
