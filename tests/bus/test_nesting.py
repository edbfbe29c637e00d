"""Handlers that publish inside handlers: no deadlock, and no cycle without end."""

import asyncio

import pytest

from loopbus.bus import Bus, Deadlock, Event, Overflow, PublishCycle, Recorder, SubscriberFailed, TaskOwner
from loopbus.bus.nesting import LIMIT, chain_of, forget, handler_is_running

from .clock import Clock, turns
from .shop import Ordered, Paid, Shipped, Typed


async def test_what_a_handler_publishes_is_heard(bus: Bus, recorder: Recorder) -> None:
    """In order: first what led to it, then what it caused."""
    bus.observe(Ordered, lambda _: bus.publish(Paid()))
    bus.observe(Paid, lambda _: bus.publish(Shipped()))
    bus.publish(Ordered())
    await turns()
    assert [type(event) for event in recorder.events] == [Ordered, Paid, Shipped]


async def test_a_handler_may_wait_for_what_it_caused(bus: Bus, recorder: Recorder) -> None:
    """F08: other observers have tasks of their own, so waiting for their work is no deadlock."""
    told: list[str] = []

    async def pay(event: Ordered) -> None:
        bus.publish(Paid())
        await recorder.expect(Shipped)
        told.append("shipped")

    bus.observe(Ordered, pay)
    bus.observe(Paid, lambda _: bus.publish(Shipped()))
    bus.publish(Ordered())
    await bus.drain()
    assert told == ["shipped"]


async def test_a_cycle_ends_with_an_error_that_names_it(bus: Bus, recorder: Recorder) -> None:
    """F09: after so many rounds the handler that publishes its own trigger gets a ``PublishCycle``, and is detached."""
    bus.observe(Ordered, lambda _: bus.publish(Paid()), name="orders")
    bus.observe(Paid, lambda _: bus.publish(Ordered()), name="pays")
    bus.publish(Ordered())
    await turns(10 * LIMIT)
    assert len(recorder.of((Ordered, Paid))) == LIMIT
    (failed,) = recorder.of(SubscriberFailed)
    assert failed.detached
    assert failed.error.startswith("PublishCycle: handlers publish each other's triggers without end: ")
    assert failed.error.endswith("Ordered -> Paid -> Ordered")


async def test_a_handler_may_answer_a_cycle(bus: Bus) -> None:
    """The error is raised where the event is published, typed, so the handler may catch it."""
    told: list[str] = []

    def echo(event: Ordered) -> None:
        try:
            bus.publish(Ordered())
        except PublishCycle as error:
            told.append(str(error))

    observer = bus.observe(Ordered, echo)
    bus.publish(Ordered())
    await turns(10 * LIMIT)
    assert len(told) == 1
    assert told[0].endswith("Ordered -> Ordered")
    assert observer.failures == 0


async def test_a_long_chain_without_a_repetition_is_shown_whole(bus: Bus) -> None:
    """Where no class comes twice, all of them are named."""

    def link(number: int) -> type[Event]:
        return type(f"Link{number}", (Event,), {"__module__": __name__, "__qualname__": f"Link{number}"})

    links, told = [link(number) for number in range(LIMIT + 1)], list[str]()

    def publish(number: int) -> None:
        try:
            bus.publish(links[number]())
        except PublishCycle as error:
            told.append(str(error))

    for number in range(LIMIT):
        bus.observe(links[number], lambda _, following=number + 1: publish(following))
    bus.observe(links[LIMIT], told.append)
    publish(0)
    await turns(10 * LIMIT)
    (words,) = told
    assert words.endswith(" -> ".join(link.__name__ for link in links))


async def test_an_event_that_nobody_hears_is_no_cycle(bus: Bus) -> None:
    """Publishing into the void is free, at any depth."""
    told: list[int] = []

    def publish(event: Ordered) -> None:
        for _ in range(2 * LIMIT):
            bus.publish(Paid())
        told.append(1)

    bus.observe(Ordered, publish)
    bus.publish(Ordered())
    await turns()
    assert told == [1]


async def test_many_events_of_one_handler_are_no_cycle(bus: Bus, recorder: Recorder) -> None:
    """Depth counts, not number; and what is published from outside starts at none."""

    def pay_often(event: Ordered) -> None:
        for _ in range(2 * LIMIT):
            bus.publish(Paid())

    bus.observe(Ordered, pay_often)
    for _ in range(2 * LIMIT):
        bus.publish(Ordered())
        await turns(2)
    await bus.drain()
    assert len(recorder.of(Paid)) == 4 * LIMIT * LIMIT
    assert recorder.of(SubscriberFailed) == []


@pytest.mark.parametrize("overflow", ["coalesce", "drop_oldest"])
async def test_a_cycle_is_found_through_a_full_queue_too(bus: Bus, recorder: Recorder, overflow: Overflow) -> None:
    """An event that was joined with its neighbour, or that outlived it, still knows what led to it."""

    def echo(event: Typed) -> None:
        for text in ("a", "b", "c"):
            bus.publish(Typed(seq=1, text=text))

    bus.observe(Typed, echo, name="echo", capacity=1, overflow=overflow)
    bus.publish(Typed(seq=1, text="x"))
    await turns(10 * LIMIT)
    (failed,) = recorder.of(SubscriberFailed)
    assert failed.error.startswith("PublishCycle")


@pytest.mark.parametrize("overflow", ["coalesce", "drop_oldest"])
async def test_what_was_joined_or_dropped_is_not_remembered(bus: Bus, overflow: Overflow) -> None:
    """Law 8: the memory of what led to an event goes with the event, also in an observer that is never idle."""
    gate, published = asyncio.Event(), list[Event]()

    async def hang(event: Typed) -> None:
        await gate.wait()

    def publish(event: Ordered) -> None:
        for place in range(300):
            # Kept alive, or an event would be taken for another that stood in the same place of memory.
            published.append(Typed(seq=place % 7 // 3, text="a"))
            bus.publish(published[-1])

    observer = bus.observe(Typed, hang, capacity=4, overflow=overflow)
    bus.observe(Ordered, publish)
    bus.publish(Ordered())
    await turns()
    remembered = observer._chains  # pyright: ignore[reportPrivateUsage]  # memory is what this is about
    assert len(observer.queue.items) <= 4
    assert len(remembered) <= 8
    gate.set()
    await bus.drain()
    assert observer._chains == {}  # pyright: ignore[reportPrivateUsage]


async def test_outside_of_handlers_there_is_no_chain() -> None:
    """What is published there can be no part of a cycle."""
    assert chain_of(Ordered()) == ()


async def test_draining_inside_a_handler_is_refused(bus: Bus) -> None:
    """It would wait for itself."""
    told: list[str] = []

    async def drain(event: Ordered) -> None:
        try:
            await bus.drain()
        except Deadlock as error:
            told.append(str(error))

    bus.observe(Ordered, drain)
    bus.publish(Ordered())
    await bus.drain()
    assert told == ["drain() was called from inside a handler, so it would wait for itself"]


async def test_a_task_that_a_handler_starts_can_leave_its_nest(bus: Bus, owner: TaskOwner) -> None:
    """A run that a handler starts is no handler, also while the handler waits for it."""
    told: list[bool] = []

    async def run() -> None:
        told.append(handler_is_running())
        forget()
        told.append(handler_is_running())

    async def start(event: Ordered) -> None:
        await owner.spawn(run())

    bus.observe(Ordered, start)
    bus.publish(Ordered())
    await bus.drain()
    assert told == [True, False]


async def test_what_the_bus_says_of_a_deep_chain_is_said(bus: Bus, recorder: Recorder, clock: Clock) -> None:
    """Losses and failures at the very limit of the depth are published like any others."""
    bus.observe(Ordered, lambda _: bus.publish(Ordered()), name="echo", on_error="keep")
    stuck = bus.stream(Ordered, name="full", capacity=1)
    bus.publish(Ordered())
    await turns(10 * LIMIT)
    await clock.forward(0.2)
    said = [event.event_name for event in recorder.events if event.event_name != "Ordered"]
    assert sorted(said) == ["EventsDropped", "SubscriberFailed"]
    stuck.close()
