"""The bus as a whole: what it promises to those who publish, and what it leaves behind."""

import asyncio
import gc
import weakref
from typing import Any, cast, get_args

import pytest

from loopbus.bus import (
    BadEvent,
    Bus,
    CannotSpawn,
    Event,
    EventsDropped,
    Overflow,
    Recorder,
    Stream,
    SubscriberFailed,
    TaskOwner,
)
from loopbus.bus.queue import BoundedQueue

from .clock import turns
from .shop import Ordered, Paid, Rushed, Typed, orders


async def test_every_subscriber_hears_every_event_in_order(bus: Bus) -> None:
    """However many they are, and whether they came in one turn of the loop or in many."""
    seen: list[list[Event]] = [[] for _ in range(5)]
    for each in seen:
        bus.observe(Event, each.append)
    published = [*orders(50), Paid(seq=51), Rushed(seq=52)]
    for event in published:
        bus.publish(event)
        if event.seq % 7 == 0:
            await turns(event.seq % 3)
    await bus.drain()
    assert all(each == published for each in seen)


async def test_a_new_subscriber_hears_what_is_published_from_then_on(bus: Bus) -> None:
    """Not what the publisher said before, in the same turn of the loop; and also of classes that were heard before."""
    seen, first = list[Event](), list[Event]()
    bus.observe(Ordered, first.append)
    bus.publish(Ordered(seq=1))
    bus.observe(Ordered, seen.append)
    bus.publish(Ordered(seq=2))
    stream = bus.stream(Ordered)
    bus.publish(Ordered(seq=3))
    await bus.drain()
    assert [event.seq for event in first] == [1, 2, 3]
    assert [event.seq for event in seen] == [2, 3]
    assert [event.seq for event in stream.queue.items] == [3]


async def test_who_leaves_has_heard_what_was_published_before(bus: Bus) -> None:
    """In the same turn of the loop too: a stream that is closed can be read to its end."""
    bus.observe(Ordered, print)
    stream = bus.stream(Ordered)
    bus.publish(Ordered(seq=1))
    stream.close()
    bus.publish(Ordered(seq=2))
    assert [event.seq async for event in stream] == [1]


def test_a_new_bus_has_nobody_to_ask_or_to_wait_for() -> None:
    """Publishers look at this before each event."""
    bus = Bus(TaskOwner("nobody").spawn)
    assert not bus.may_block
    assert not bus.has_policies


async def test_subscribers_hear_the_same_object(bus: Bus) -> None:
    """Events are frozen, so nobody needs a copy."""
    one, other = list[Event](), list[Event]()
    bus.observe(Ordered, one.append)
    bus.observe(Ordered, other.append)
    order = Ordered()
    bus.publish(order)
    await turns()
    assert one[0] is other[0] is order


async def test_a_failure_on_an_event_without_a_stamp_names_the_run_all_the_same(bus: Bus) -> None:
    """A policy is asked before its event is a fact, so whoever asks says for which run."""
    recorder = Recorder()
    recorder.attach(bus)
    bus.failed("guard", Ordered(), "answered None", run_id="run-7")
    assert (await recorder.expect(SubscriberFailed)).run_id == "run-7"


async def test_an_unheard_event_costs_nothing(bus: Bus) -> None:
    """It is not even given a time."""
    order = Ordered()
    bus.publish(order)
    assert order.at == 0


async def test_an_event_that_is_heard_has_a_time(bus: Bus) -> None:
    """Its own if it has one, else that of its publication."""
    seen: list[Event] = []
    bus.observe(Ordered, seen.append)
    bus.publish(Ordered(at=5.0))
    bus.publish(Ordered())
    await turns()
    assert seen[0].at == 5.0
    assert seen[1].at > 1_700_000_000


@pytest.mark.parametrize("what", ["Ordered", Ordered, None, 5])
def test_only_events_are_published(bus: Bus, what: Any) -> None:
    """A class, or anything else, is refused and named."""
    with pytest.raises(BadEvent, match="only events can be published"):
        bus.publish(what)


async def test_publishing_takes_no_time_of_the_subscribers(bus: Bus) -> None:
    """No handler runs before the publisher lets go of the loop."""
    seen: list[Event] = []
    bus.observe(Ordered, seen.append)
    await turns()
    bus.publish(Ordered())
    assert seen == []
    await turns()
    assert len(seen) == 1


def test_publishing_where_no_loop_runs_fills_the_queues_at_once() -> None:
    """There is no turn to wait for."""
    bus = Bus(TaskOwner("nobody").spawn)
    stream = bus.stream(Ordered)
    for event in orders(3):
        bus.publish(event)
        assert stream.queue.items[-1] is event


@pytest.mark.parametrize("overflow", get_args(Overflow))
def test_a_queue_that_is_full_where_no_loop_runs_stops_no_publisher(overflow: Overflow) -> None:
    """What was dropped is said once, at the end; ``block`` drops nothing, and nobody can wait for its room."""
    bus = Bus(TaskOwner("nobody").spawn)
    stream, losses = bus.stream(Ordered, capacity=2, overflow=overflow), bus.stream(EventsDropped)
    for event in orders(5):
        bus.publish(event)
    kept = {"block": 5, "disconnect": 0}.get(overflow, 2)
    assert len(stream.queue.items) == kept
    stream.close()
    said = [event.count for event in losses.queue.items if isinstance(event, EventsDropped)]
    assert said == {"block": [], "disconnect": [3]}.get(overflow, [3])


async def test_another_thread_publishes_through_the_loop(bus: Bus, recorder: Recorder) -> None:
    """As the class says: by ``call_soon_threadsafe``."""
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(loop.call_soon_threadsafe, bus.publish, Ordered(seq=7))
    assert (await recorder.expect(Ordered)).seq == 7


async def test_a_publisher_that_never_lets_go_fills_no_memory(bus: Bus) -> None:
    """Law 8: what it publishes without an ``await`` is bounded like everything else."""
    stream = bus.stream(Ordered, capacity=10)
    published: list[weakref.ref[Ordered]] = []
    for place in range(5000):
        event = Ordered(seq=place + 1)
        published.append(weakref.ref(event))
        bus.publish(event)
    assert sum(each() is not None for each in published) < 2000
    await turns()
    assert len(stream.queue.items) == 10


async def test_an_event_whose_joining_fails_hurts_nobody(bus: Bus, recorder: Recorder) -> None:
    """``merged`` is the application's own: two events that it cannot join stay two."""

    class Brittle(Typed):
        """Cannot be joined. Published by tests."""

        def merged(self, later: Event) -> Typed | None:
            raise ArithmeticError("broken")

    stream = bus.stream(Brittle, capacity=2, overflow="coalesce")
    for place in range(5):
        bus.publish(Brittle(seq=place + 1, text="a"))
    await turns()
    assert [event.seq for event in stream.queue.items] == [4, 5]
    assert len(recorder.of(Brittle)) == 5


async def test_a_failing_subscriber_is_published_once_by_name(bus: Bus, recorder: Recorder) -> None:
    """``failed`` is for what is no observer: it stays subscribed, and later failures are silent."""
    for place in (1, 2):
        bus.failed("deriver", Ordered(run_id="run", seq=place), "went wrong")
    bus.failed("another", Ordered(run_id="run", seq=3), "went wrong too")
    await turns()
    said = [(event.subscriber, event.seq, event.heard, event.detached) for event in recorder.of(SubscriberFailed)]
    assert said == [("deriver", 1, "Ordered", False), ("another", 3, "Ordered", False)]


async def test_derivers_are_found_by_class(bus: Bus) -> None:
    """They stand in the routes of what they hear, until they are detached."""

    def derive(event: Ordered) -> Paid:
        return Paid(cents=event.pieces)

    assert bus.routes(Rushed).derivers == ()
    deriver = bus.derive(Ordered, derive, name="price")
    assert bus.routes(Rushed).derivers == (deriver,)
    assert deriver.name == "price"
    assert bus.routes(Paid).derivers == ()
    assert deriver.derive(Ordered(pieces=3)) == Paid(cents=3)
    bus.detach(deriver)
    assert bus.routes(Rushed).derivers == ()


async def test_draining_waits_for_what_was_published(bus: Bus) -> None:
    """Everybody who joins the wait sees all of it handled."""
    seen: list[Event] = []

    async def slow(event: Event) -> None:
        await turns(3)
        seen.append(event)

    bus.observe(Ordered, slow)
    for event in orders(5):
        bus.publish(event)
    await asyncio.wait_for(bus.drain(), 5)
    assert len(seen) == 5
    await bus.drain()


async def test_a_closed_bus_is_silent(bus: Bus, owner: TaskOwner) -> None:
    """Nobody hears anything more, no task is left, and closing twice is harmless."""
    seen: list[Event] = []
    bus.observe(Ordered, seen.append)
    bus.publish(Ordered())
    bus.close()
    bus.close()
    bus.publish(Ordered())
    await turns()
    assert seen == []
    assert len(owner) == 0


async def test_subscribing_where_nothing_can_run_leaves_no_trace(bus: Bus, owner: TaskOwner) -> None:
    """With the owner of the tasks closed, the subscription is refused as a whole."""
    await owner.aclose(1)
    with pytest.raises(CannotSpawn):
        bus.observe(Ordered, print)
    assert bus.routes(Ordered).sinks == ()


def test_observing_before_the_loop_runs_says_so() -> None:
    """A handler needs a task, and a task needs a loop."""
    with pytest.raises(CannotSpawn, match="only where an event loop runs"):
        Bus(TaskOwner("the runtime").spawn).observe(Ordered, print)


async def test_many_short_subscriptions_leave_nothing_behind(bus: Bus, owner: TaskOwner) -> None:
    """F11: ten thousand subscribers later there is no subscription, queue or task that was not there before."""

    def census() -> dict[str, int]:
        gc.collect()
        kinds = (Stream, BoundedQueue, asyncio.Task)
        living = cast("list[object]", gc.get_objects())
        return {kind.__name__: sum(issubclass(type(each), kind) for each in living) for kind in kinds}

    before = census()
    for number in range(2500):
        run = f"run {number}"
        streams = [bus.stream(Ordered.where(run_id=run)) for _ in range(3)]
        observer = bus.observe(Ordered.where(run_id=run), print)
        bus.publish(Paid(run_id=run))
        for stream in streams:
            stream.close()
        observer.close()
        if number % 100 == 0:
            await turns(3)
    await turns()
    # The loop goes over its variables once more, so that the last round's are gone too.
    streams, observer, stream = [], None, None
    assert census() == before
    assert cast(list[object], bus._sinks) == []  # pyright: ignore[reportPrivateUsage]  # that is the question
