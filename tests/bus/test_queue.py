"""A bounded queue, and what it does when it is full."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.bus import BadOption, Event, Overflow, StreamTaken, TaskOwner
from loopbus.bus.queue import BoundedQueue

from .clock import turns
from .shop import Ordered, Typed, orders

TAKE = "take"
Step = Event | str

ORDERS_AND_TAKES = st.lists(st.sampled_from(["put", "put", TAKE]), max_size=60)
PIECES_AND_TAKES = st.lists(
    st.one_of(
        st.builds(Typed, seq=st.integers(1, 2), text=st.text("abc", min_size=1, max_size=3)),
        st.builds(Ordered, seq=st.integers(1, 2)),
        st.just(TAKE),
    ),
    max_size=60,
)


class Fed:
    """A queue that was fed step by step, with what came of every event."""

    def __init__(self, overflow: Overflow, capacity: int) -> None:
        self.put: list[Event] = []
        self.taken: list[Event] = []
        self.dropped: list[Event] = []
        self.gone: list[Event] = []
        """Both, in the order in which they left."""
        self.longest = 0
        self.queue = BoundedQueue(capacity, overflow, self._drop)

    def feed(self, steps: Sequence[Step]) -> "Fed":
        for step in steps:
            if isinstance(step, Event):
                self.put.append(step)
                self.queue.put(step)
                self.longest = max(self.longest, len(self.queue.items))
            elif self.queue.items:
                self.taken.append(self.queue.items.popleft())
                self.gone.append(self.taken[-1])
                self.queue.relieve()
        return self

    def _drop(self, event: Event) -> None:
        self.dropped.append(event)
        self.gone.append(event)

    @property
    def left(self) -> list[Event]:
        return list(self.queue.items)


def numbered(steps: Sequence[str]) -> list[Step]:
    """The steps, each ``put`` with an order of its own."""
    made = iter(orders(len(steps)))
    return [TAKE if step == TAKE else next(made) for step in steps]


def text_of(events: Sequence[Event]) -> str:
    """What pieces say, in their order; everything else is a full stop."""
    return "".join(event.text if isinstance(event, Typed) else "." for event in events)


@given(ORDERS_AND_TAKES, st.integers(1, 5))
async def test_drop_oldest_keeps_the_newest_and_says_what_it_dropped(steps: list[str], capacity: int) -> None:
    """However puts and takes come: what was dropped, taken and left is what was put, in order, within the capacity."""
    fed = Fed("drop_oldest", capacity).feed(numbered(steps))
    assert fed.longest <= capacity
    assert fed.gone + fed.left == fed.put


@given(ORDERS_AND_TAKES, st.integers(1, 5))
async def test_block_loses_nothing_and_asks_publishers_to_wait(steps: list[str], capacity: int) -> None:
    """Whatever comes, everything is taken in order; the queue is congested from full until it is half empty."""
    fed, congested = Fed("block", capacity), False
    for step in numbered(steps):
        full = len(fed.queue.items) >= capacity
        fed.feed([step])
        congested = full or congested if step != TAKE else congested and len(fed.queue.items) > capacity // 2
        assert fed.queue.congested == congested
    assert fed.taken + fed.left == fed.put
    assert fed.dropped == []


@given(ORDERS_AND_TAKES, st.integers(1, 5))
async def test_a_publisher_that_waits_for_room_is_at_most_one_event_over(steps: list[str], capacity: int) -> None:
    """``block`` holds a publisher that asks between two events to the capacity and one."""
    fed = Fed("block", capacity)
    for step in numbered(steps):
        if step == TAKE or not fed.queue.congested:
            fed.feed([step])
    assert fed.longest <= capacity + 1


@given(ORDERS_AND_TAKES, st.integers(1, 5))
async def test_disconnect_gives_up_at_the_first_event_too_many(steps: list[str], capacity: int) -> None:
    """Until it is full it is a plain queue; then everything that waits is said to be lost, and nothing comes after."""
    fed = Fed("disconnect", capacity)
    for step in numbered(steps):
        full = len(fed.queue.items) == capacity and step != TAKE and not fed.queue.closed
        waiting = fed.left
        fed.feed([step])
        if full:
            assert fed.dropped == [*waiting, step]
        assert fed.queue.closed == bool(fed.dropped)
    assert fed.longest <= capacity
    assert fed.taken == fed.put[: len(fed.taken)]
    assert not (fed.queue.closed and fed.left)


@given(PIECES_AND_TAKES, st.integers(1, 5))
async def test_coalesce_keeps_the_text(steps: list[Step], capacity: int) -> None:
    """However the pieces come: taken, dropped and left together say, in order, exactly what was put."""
    fed = Fed("coalesce", capacity).feed(steps)
    assert fed.longest <= capacity
    assert text_of(fed.gone + fed.left) == text_of(fed.put)
    assert [event for event in fed.gone + fed.left if isinstance(event, Ordered)] == [
        event for event in fed.put if isinstance(event, Ordered)
    ]


@given(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1), st.integers(1, 5))
async def test_coalesce_drops_nothing_that_can_be_joined(texts: list[str], capacity: int) -> None:
    """The pieces of one message, of which nobody takes any, all find room."""
    fed = Fed("coalesce", capacity).feed([Typed(seq=1, text=text) for text in texts])
    assert fed.dropped == []
    assert text_of(fed.left) == "".join(texts)


async def test_coalesce_looks_at_no_event_twice() -> None:
    """A full queue of events that cannot be joined costs each new event one look, not a pass over all of them."""
    asked = 0

    class Stubborn(Typed):
        """Counts how often it is asked. Published by tests."""

        def merged(self, later: Event) -> None:
            nonlocal asked
            asked += 1

    fed = Fed("coalesce", 100).feed([Stubborn(seq=place, text="a") for place in range(1000)])
    assert len(fed.dropped) == 900
    assert asked <= 1000


@pytest.mark.parametrize("overflow", get_args(Overflow))
async def test_a_closed_queue_takes_nothing_more(overflow: Overflow) -> None:
    """What waits can still be taken; what comes later is neither taken nor said to be dropped, full or not."""
    fed = Fed(overflow, 2).feed(orders(2))
    fed.queue.close()
    fed.queue.put(Ordered())
    assert fed.left == fed.put
    assert fed.dropped == []
    assert await fed.queue.wait_items()
    fed.feed([TAKE, TAKE])
    fed.queue.put(Ordered())
    assert not await fed.queue.wait_items()


async def test_closing_lets_everyone_go(owner: TaskOwner) -> None:
    """Who waits for an event learns that there will be none, and who waits for room goes on."""
    empty, full = Fed("drop_oldest", 1).queue, Fed("block", 1).feed(orders(2)).queue
    getter, putter = owner.spawn(empty.wait_items()), owner.spawn(full.wait_room())
    await turns()
    assert not getter.done()
    assert not putter.done()
    empty.close()
    full.close(forget=True)
    assert await getter is False
    await putter


async def test_who_waits_for_room_waits_until_it_is_half_empty(owner: TaskOwner) -> None:
    """One free place would have publishers wake for each event; they sleep until half of the queue is free."""
    fed = Fed("block", 4).feed(orders(5))
    putter = owner.spawn(fed.queue.wait_room())
    fed.feed([TAKE, TAKE])
    await turns()
    assert not putter.done()
    fed.feed([TAKE])
    await putter


async def test_a_cancelled_wait_leaves_the_others_waiting(owner: TaskOwner) -> None:
    """One publisher that gives up takes nobody else's wait with it."""
    fed = Fed("block", 1).feed(orders(2))
    gives_up, waits = owner.spawn(fed.queue.wait_room()), owner.spawn(fed.queue.wait_room())
    await turns()
    gives_up.cancel()
    await turns()
    assert gives_up.cancelled()
    assert not waits.done()
    fed.feed([TAKE, TAKE])
    await waits


async def test_one_task_at_a_time_waits_for_an_event(owner: TaskOwner) -> None:
    """F57: a second one is told at once; after the first gave up, another may wait."""
    queue = Fed("drop_oldest", 1).queue
    first = owner.spawn(queue.wait_items())
    await turns()
    with pytest.raises(StreamTaken, match="open a stream for each"):
        await queue.wait_items()
    first.cancel()
    await asyncio.wait({first})
    again = owner.spawn(queue.wait_items())
    await turns()
    queue.put(Ordered())
    assert await again is True


@pytest.mark.parametrize("capacity", [0, -1, None, "8"])
def test_a_queue_has_room_for_something(capacity: Any) -> None:
    """A capacity that is no positive number is refused."""
    with pytest.raises(BadOption, match="capacity="):
        BoundedQueue(capacity, "block", print)


def test_an_unknown_overflow_is_answered_with_the_known_ones() -> None:
    """A slip is found where the queue is made, with the nearest word first."""
    with pytest.raises(BadOption, match=r"overflow='drop_oldst' is none of drop_oldest, block, coalesce, disconnect"):
        BoundedQueue(1, cast(Any, "drop_oldst"), print)
