"""What was dropped is said: truthfully, and not too often."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.bus import Event, EventsDropped, SubscriberFailed
from loopbus.bus.losses import Losses

from .clock import Clock, turns
from .shop import Ordered

MISSED = st.lists(st.builds(Ordered, run_id=st.sampled_from(["a", "b"]), seq=st.integers(1, 50)), max_size=30)


class Reported:
    """The losses of one subscriber, and what was said of them."""

    def __init__(self) -> None:
        self.said: list[EventsDropped] = []
        self.losses = Losses("reader", self._publish)

    def _publish(self, event: Event) -> None:
        assert isinstance(event, EventsDropped)
        self.said.append(event)


@given(MISSED)
async def test_what_is_said_is_true(missed: list[Ordered]) -> None:
    """For each run that lost something one event says how many, the first and the last."""
    reported = Reported()
    for event in missed:
        reported.losses.note(event)
    reported.losses.close()
    for run_id in ("a", "b"):
        lost = [event.seq for event in missed if event.run_id == run_id]
        said = [event for event in reported.said if event.run_id == run_id]
        assert [(each.first_seq, each.last_seq, each.count) for each in said] == (
            [(min(lost), max(lost), len(lost))] if lost else []
        )


async def test_losses_are_said_ten_times_a_second_at_most(clock: Clock) -> None:
    """Many losses in a short time are said together; later ones again."""
    reported = Reported()
    for count in (100, 50):
        for place in range(count):
            reported.losses.note(Ordered(run_id="run", seq=place + 1))
            await asyncio.sleep(0)
        assert not reported.said
        await clock.forward(0.11)
        assert [said.count for said in reported.said] == [count]
        reported.said.clear()


async def test_a_loss_of_what_the_house_says_is_not_said(clock: Clock) -> None:
    """Or a full queue would report that it could not take its own report, for ever."""
    reported = Reported()
    reported.losses.note(SubscriberFailed(subscriber="x", error="y"))
    reported.losses.note(EventsDropped(subscriber="x", first_seq=1, last_seq=1, count=1))
    await clock.forward(1)
    assert reported.said == []


async def test_closing_says_the_rest_and_stops_the_clock(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is lost in silence at the end, and nothing is said twice, neither on the bus nor in the program's log."""
    reported = Reported()
    reported.losses.close()
    reported.losses.note(Ordered(seq=3))
    reported.losses.close()
    assert [said.count for said in reported.said] == [1]
    await clock.forward(1)
    await turns()
    assert len(reported.said) == 1
    assert [record.getMessage() for record in caplog.records] == ["reader was too slow and missed 1 events of 1 runs"]
