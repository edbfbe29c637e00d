"""Observers: they only watch, and whatever they do hurts nobody but themselves."""

import asyncio
import contextvars
import sys
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, cast

import anyio
import pytest

from loopbus.bus import BadOption, Bus, Event, EventsDropped, Observer, Recorder, SubscriberFailed, TaskOwner
from loopbus.bus.observer import name_of

from .clock import Clock, turns
from .shop import Ordered, Paid, orders


async def hang(event: Event) -> None:
    """Never return."""
    await asyncio.Event().wait()


class Unstarted:
    """Stands where the owner of the tasks stands, and starts none: the test drives the observer by itself."""

    def __init__(self) -> None:
        self.works: list[Coroutine[Any, Any, Any]] = []

    def spawn(self, work: Coroutine[Any, Any, Any], **_: object) -> asyncio.Task[Any]:
        self.works.append(work)
        return cast("asyncio.Task[Any]", None)


class Broken(Exception):
    """An exception that cannot even be printed."""

    def __str__(self) -> str:
        raise ArithmeticError("no words")


async def fails(event: Event) -> None:
    """Fail like any handler with a bug."""
    raise ValueError(f"bad order {event.seq}")


async def exits(event: Event) -> None:
    """Try to end the process."""
    sys.exit(3)


async def cancels(event: Event) -> None:
    """Raise what only the owner of the task may."""
    raise asyncio.CancelledError("mine")


async def recurses(event: Event) -> None:
    """Use up the stack."""
    await recurses(event)


async def cannot_tell(event: Event) -> None:
    """Raise what cannot be shown."""
    raise Broken


def fails_at_once(event: Event) -> None:
    """Fail in a plain function."""
    raise ValueError(f"bad order {event.seq}")


FAULTS: dict[Callable[[Any], Any], str] = {
    fails: "ValueError: bad order 1",
    fails_at_once: "ValueError: bad order 1",
    exits: "SystemExit: 3",
    cancels: "CancelledError: mine",
    recurses: "RecursionError",
    cannot_tell: "Broken: its message cannot be read: ArithmeticError",
}


def numbers(seen: list[Event]) -> list[int]:
    """The places in the log of what was seen."""
    return [event.seq for event in seen]


async def publish(bus: Bus, *events: Event) -> None:
    """Publish and let everybody hear."""
    for event in events:
        bus.publish(event)
    await turns()


async def test_events_reach_the_handler_in_order_one_at_a_time(bus: Bus) -> None:
    """However long it takes for each, the next one waits."""
    told: list[str] = []

    async def handle(event: Ordered) -> None:
        told.append(f"begin {event.seq}")
        await turns(event.seq % 3)
        told.append(f"end {event.seq}")

    bus.observe(Ordered, handle)
    for event in orders(20):
        bus.publish(event)
    await bus.drain()
    assert told == [f"{what} {place + 1}" for place in range(20) for what in ("begin", "end")]


async def test_a_slow_observer_holds_up_neither_publisher_nor_neighbours(bus: Bus) -> None:
    """F04: it lags in a queue of its own; publishing returns at once, and the others have heard everything."""
    gate, slow, quick = anyio.Event(), list[Event](), list[Event]()

    async def dawdle(event: Ordered) -> None:
        await gate.wait()
        slow.append(event)

    bus.observe(Ordered, dawdle)
    bus.observe(Ordered, quick.append)
    await publish(bus, *orders(1000))
    assert (len(slow), len(quick)) == (0, 1000)
    gate.set()
    await bus.drain()
    assert slow == quick


async def test_an_observer_that_never_returns_takes_a_bounded_part_of_memory(
    bus: Bus, recorder: Recorder, clock: Clock
) -> None:
    """F05: its queue stays within the capacity, and what it missed is said: from which event to which, and how many."""
    observer = bus.observe(Ordered, hang, name="stuck", capacity=100)
    for event in orders(10_000):
        bus.publish(event)
        if event.seq % 500 == 1:
            await turns()
            assert len(observer.queue.items) <= 100
    await turns(100)
    await clock.forward(0.2)
    assert len(recorder.of(Ordered)) == 10_000
    (dropped,) = recorder.of(EventsDropped)
    waiting = numbers(list(observer.queue.items))
    # The first event is in the handler, the last hundred wait: all others are gone.
    assert waiting == list(range(9_901, 10_001))
    assert (dropped.subscriber, dropped.run_id) == ("stuck", "run")
    assert (dropped.first_seq, dropped.last_seq, dropped.count) == (2, 9_900, 9_899)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_whatever_a_handler_raises_stays_in_its_observer(
    bus: Bus, recorder: Recorder, fault: Callable[[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    """F01: the neighbours hear everything; the failure is published once and logged; the observer is detached."""
    seen: list[Event] = []
    observer = bus.observe(Ordered, fault, name="faulty")
    bus.observe(Ordered, seen.append)
    await publish(bus, *orders(3))
    assert numbers(seen) == [1, 2, 3]
    (failed,) = recorder.of(SubscriberFailed)
    assert (failed.subscriber, failed.heard, failed.run_id, failed.seq) == ("faulty", "Ordered", "run", 1)
    assert failed.error.startswith(FAULTS[fault])
    assert failed.detached
    assert observer.failures == 1
    assert [record.getMessage() for record in caplog.records] == [
        "observer faulty failed on Ordered (run run, seq 1) and was detached"
    ]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_an_observer_may_keep_its_subscription_when_it_fails(
    bus: Bus, recorder: Recorder, fault: Callable[[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    """With ``on_error="keep"`` it hears all the same; later failures are counted, not told."""
    observer = bus.observe(Ordered, fault, on_error="keep")
    await publish(bus, *orders(3))
    assert observer.failures == 3
    (failed,) = recorder.of(SubscriberFailed)
    assert not failed.detached
    assert len(caplog.records) == 1


async def test_an_observer_that_fails_on_failures_does_not_fail_for_ever(bus: Bus, recorder: Recorder) -> None:
    """It hears of its own failure, fails on that too, and that is the end of it."""
    bus.observe(Event, fails, name="gloomy", on_error="keep")
    await publish(bus, *orders(1))
    assert [failed.subscriber for failed in recorder.of(SubscriberFailed)] == ["gloomy"]


async def test_a_detached_observer_leaves_nothing_behind(bus: Bus, owner: TaskOwner) -> None:
    """After a failure neither its task nor its place on the bus is left, so publishing is as cheap as before."""
    bus.observe(Ordered, fails)
    await publish(bus, *orders(1))
    assert len(owner) == 0
    assert bus.routes(Ordered).sinks == ()


async def test_unsubscribing_during_a_delivery_ends_it_there(bus: Bus) -> None:
    """A handler that detaches itself, or is detached by another, is not called again, whatever waits for it."""
    seen, others = list[Event](), list[Event]()

    def once(event: Event) -> None:
        seen.append(event)
        bus.detach(observer)

    def detach_other(event: Event) -> None:
        bus.detach(other)

    observer = bus.observe(Ordered, once)
    bus.observe(Ordered, detach_other)
    other = bus.observe(Ordered, others.append)
    await publish(bus, *orders(3))
    assert numbers(seen) == [1]
    assert others == []
    observer.close()
    bus.detach(other)


async def test_subscribing_during_a_delivery_hears_what_comes_after(bus: Bus) -> None:
    """A handler may subscribe another: it hears events that are published from then on."""
    late: list[Event] = []

    def subscribe(event: Event) -> None:
        bus.observe(Ordered, late.append)
        bus.detach(first)

    first = bus.observe(Ordered, subscribe)
    await publish(bus, *orders(2))
    await publish(bus, Ordered(seq=3))
    assert numbers(late) == [3]


async def test_the_owner_of_the_task_can_end_it(bus: Bus, owner: TaskOwner, caplog: pytest.LogCaptureFixture) -> None:
    """Cancelling the task of an observer, idle or in its handler, ends the subscription: that is said, and no fault."""
    idle = bus.observe(Ordered, print)
    busy = bus.observe(Paid, hang)
    await publish(bus, Paid())
    assert await owner.aclose(1) == frozenset()
    assert idle.queue.closed
    assert busy.queue.closed
    assert (idle.failures, busy.failures) == (0, 0)
    assert bus.routes(Ordered).sinks == ()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


@pytest.mark.parametrize("then", ["go on", "fail"])
async def test_a_handler_that_swallows_the_end_of_its_task_ends_all_the_same(
    bus: Bus, owner: TaskOwner, then: str
) -> None:
    """The handler was told to end and did something else: no further event reaches it, and its task is over."""
    seen: list[Event] = []

    async def stubborn(event: Event) -> None:
        seen.append(event)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if then == "fail":
                raise ValueError("not now") from None

    bus.observe(Ordered, stubborn, on_error="keep")
    await publish(bus, *orders(1))
    bus.publish(Ordered())
    bus.close()
    assert await owner.aclose(1) == frozenset()
    assert len(seen) == 1


async def test_a_task_group_inside_a_handler_is_its_own(bus: Bus, recorder: Recorder) -> None:
    """A group whose child fails cancels the task it is in; neither that nor the failure ends the observer's task."""
    seen: list[Event] = []

    async def groups(event: Ordered) -> None:
        seen.append(event)
        async with asyncio.TaskGroup() as group:
            group.create_task(fails(event))

    observer = bus.observe(Ordered, groups, on_error="keep")
    await publish(bus, *orders(3))
    assert numbers(seen) == [1, 2, 3]
    assert observer.failures == 3
    (failed,) = recorder.of(SubscriberFailed)
    assert failed.error.startswith("ExceptionGroup: unhandled errors in a TaskGroup")


@pytest.mark.parametrize("scope", [asyncio.timeout, anyio.move_on_after])
async def test_time_limits_inside_a_handler_are_its_own(bus: Bus, clock: Clock, scope: Callable[[float], Any]) -> None:
    """A handler that bounds its own work is neither taken for a cancelled one nor for a failed one."""
    seen: list[Event] = []

    async def patient(event: Event) -> None:
        limit = scope(1)
        try:
            if hasattr(limit, "__aenter__"):
                async with limit:
                    await asyncio.Event().wait()
            else:
                with limit:
                    await asyncio.Event().wait()
        except TimeoutError:
            pass
        seen.append(event)

    observer = bus.observe(Ordered, patient)
    for event in orders(3):
        await publish(bus, event)
        await clock.forward(2)
    assert numbers(seen) == [1, 2, 3]
    assert observer.failures == 0


async def test_a_blocking_observer_holds_up_publishers_that_ask(bus: Bus, owner: TaskOwner) -> None:
    """``block`` loses nothing: who asks between two events waits until the observer has caught up."""
    gate, seen, published = anyio.Event(), list[Event](), list[Event]()

    async def dawdle(event: Event) -> None:
        await gate.wait()
        seen.append(event)

    async def produce() -> None:
        for event in orders(10):
            bus.publish(event)
            published.append(event)
            await bus.wait_room()

    observer = bus.observe(Ordered, dawdle, capacity=2, overflow="block")
    assert bus.may_block
    producer = owner.spawn(produce())
    await turns()
    # Two have room, and one is over.
    assert len(published) == 3
    gate.set()
    await producer
    await bus.drain()
    assert seen == published
    assert numbers(seen) == list(range(1, 11))
    observer.close()
    assert not bus.may_block


async def test_detaching_a_blocking_observer_lets_publishers_go(bus: Bus, owner: TaskOwner) -> None:
    """Nobody waits for a subscriber that is gone."""
    observer = bus.observe(Ordered, hang, capacity=1, overflow="block")
    await publish(bus, *orders(3))
    waiting = owner.spawn(bus.wait_room())
    await turns()
    assert not waiting.done()
    observer.close()
    await waiting


async def test_a_disconnected_observer_is_gone_and_its_losses_are_said(bus: Bus, recorder: Recorder) -> None:
    """``disconnect``: too slow once, it hears nothing more; everything that waited is told of."""
    gate, seen = anyio.Event(), list[Event]()

    async def dawdle(event: Event) -> None:
        seen.append(event)
        await gate.wait()

    bus.observe(Ordered, dawdle, name="late", capacity=2, overflow="disconnect")
    first, *more = orders(4)
    await publish(bus, first)
    await publish(bus, *more)
    gate.set()
    await publish(bus, Ordered(seq=5))
    assert numbers(seen) == [1]
    (dropped,) = recorder.of(EventsDropped)
    assert (dropped.subscriber, dropped.first_seq, dropped.last_seq, dropped.count) == ("late", 2, 4, 3)
    assert len(bus.routes(Ordered).sinks) == 1


async def test_a_condition_leaves_the_others_out_of_the_queue(bus: Bus) -> None:
    """Events that the selector leaves out take no room from those that are wanted."""
    seen: list[Event] = []
    bus.observe(Ordered.where(pieces=1), seen.append, capacity=1)
    await turns()
    await publish(bus, *orders(50))
    assert numbers(seen) == [1]
    bus.observe(Paid, lambda event: bus.publish(Ordered(seq=event.seq, pieces=event.cents)))
    await publish(bus, Paid(seq=60, cents=2), Paid(seq=61, cents=1))
    assert numbers(seen) == [1, 61]


async def test_a_handler_that_never_waits_lets_the_loop_turn(bus: Bus, owner: TaskOwner) -> None:
    """A long queue is worked off in portions, so that others have their turn between."""
    seen: list[Event] = []
    bus.observe(Ordered, seen.append)
    for event in orders(1000):
        bus.publish(event)
    await turns(4)
    assert 0 < len(seen) < 1000
    await bus.drain()
    assert len(seen) == 1000


async def test_a_handler_keeps_its_own_context(bus: Bus) -> None:
    """What a handler sets in a context variable neither reaches the publisher nor another observer."""
    variable = contextvars.ContextVar("variable", default="outside")
    told: list[str] = []

    async def sets(event: Event) -> None:
        variable.set("inside")

    async def reads(event: Event) -> None:
        told.append(variable.get())

    bus.observe(Ordered, sets)
    bus.observe(Ordered, reads)
    await publish(bus, *orders(2))
    assert told == ["outside", "outside"]
    assert variable.get() == "outside"


async def test_waiting_for_a_hung_observer_ends_when_it_is_detached(bus: Bus, owner: TaskOwner) -> None:
    """``drain`` waits for a handler that hangs, until the subscription is ended."""
    observer = bus.observe(Ordered, hang)
    await publish(bus, *orders(1))
    draining = owner.spawn(bus.drain())
    await turns()
    assert not draining.done()
    observer.close()
    await draining


async def test_an_observer_whose_loop_is_gone_can_be_collected() -> None:
    """A pump that is closed while its handler waits ends like any generator: without a word."""
    unstarted = Unstarted()
    bus = Bus(unstarted.spawn)
    bus.observe(Ordered, hang)
    (pump,) = unstarted.works
    bus.publish(Ordered())
    await asyncio.sleep(0)
    pump.send(None)
    pump.close()
    assert bus.routes(Ordered).sinks == ()


async def keyboard(event: Event) -> None:
    """Press Ctrl-C."""
    raise KeyboardInterrupt


async def test_ctrl_c_in_a_handler_is_for_the_whole_program() -> None:
    """Only ``KeyboardInterrupt`` passes: it is the user's, not the handler's."""
    unstarted = Unstarted()
    bus = Bus(unstarted.spawn)
    observer = bus.observe(Ordered, keyboard)
    bus.publish(Ordered())
    await asyncio.sleep(0)
    with pytest.raises(KeyboardInterrupt):
        unstarted.works[0].send(None)
    assert observer.failures == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"capacity": 0}, "capacity=0"),
        ({"overflow": "drop"}, "overflow='drop' is none of"),
        ({"on_error": "keeps"}, "on_error='keeps' is none of keep, detach"),
    ],
)
async def test_a_slip_in_the_options_is_found_at_once(
    bus: Bus, owner: TaskOwner, options: dict[str, Any], words: str
) -> None:
    """The option is named, and nothing is subscribed."""
    with pytest.raises(BadOption, match=words):
        bus.observe(Ordered, print, **options)
    assert bus.routes(Ordered).sinks == ()
    assert len(owner) == 0


def of_nothing() -> None:
    """Could never be told anything."""


def of_too_much(event: Event, state: object) -> None:
    """Would miss the state."""


@pytest.mark.parametrize("handler", ["handler", of_nothing, of_too_much])
async def test_what_cannot_be_called_with_an_event_cannot_handle_events(bus: Bus, handler: Any) -> None:
    """The slip is found where the handler is given, and not at the first event."""
    with pytest.raises(BadOption, match="cannot be called"):
        bus.observe(Ordered, handler)
    assert bus.routes(Ordered).sinks == ()


async def test_what_a_plain_handler_returns_counts_for_nothing(bus: Bus) -> None:
    """As of ``lambda event: file.write(...)``, which is no mistake."""
    observer = bus.observe(Ordered, lambda event: 7)
    await publish(bus, *orders(2))
    assert observer.failures == 0


def test_handlers_are_named_by_where_they_are_from() -> None:
    """Functions and methods by their own place, other callables by their class's, C's own as builtins."""
    assert name_of(fails) == f"{__name__}.fails"
    assert name_of(Recorder()) == "loopbus.bus.recorder.Recorder"
    assert name_of(partial(fails)) == "functools.partial"
    assert name_of(list[int]().append) == "builtins.list.append"


async def test_a_name_and_a_task_tell_observers_apart(bus: Bus, owner: TaskOwner) -> None:
    """The name that was given is on the observer and on its task."""
    observer: Observer = bus.observe(Ordered, print, name="printer")
    assert observer.name == "printer"
    assert {task.get_name() for task in owner.tasks} == {"observer printer"}


async def awaitable(_: Event) -> None:
    """Nothing to do."""


def gives_awaitable(event: Event) -> Awaitable[None]:
    """Leave the waiting to the caller."""
    return awaitable(event)


@pytest.mark.parametrize("handler", [awaitable, gives_awaitable, partial(awaitable)])
async def test_anything_that_gives_an_awaitable_is_awaited(bus: Bus, handler: Callable[[Any], Awaitable[None]]) -> None:
    """Coroutine functions, functions that return a coroutine, partial ones: all are handlers."""
    observer = bus.observe(Ordered, handler)
    await publish(bus, *orders(1))
    assert observer.failures == 0
