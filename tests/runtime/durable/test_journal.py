"""A journal in front of a store shows nothing that the store does not have, and follows what others write."""

import asyncio
from typing import Any

import pytest

from loopbus.bus import BadEvent, Bus, load
from loopbus.bus.tasks import TaskOwner
from loopbus.events import Custom, Event, RunFinished, RunStarted, RunSuspended, TurnStarted, user
from loopbus.runtime import OutOfOrder, RunLeft
from loopbus.runtime.durable.journal import DurableJournal
from loopbus.runtime.reader import Reader
from loopbus.runtime.turn import Phase
from loopbus.stores import OpaqueEvent

from ...faults.house import settle
from .processes import AT

LEFT = RunLeft("its runtime was closed", "r")


class Held(Custom, name="tests.journal.held"):
    """An application's own fact, with anything in it. Published by the tests of the journal."""

    value: Any = None


class Desk:
    """A journal with everything that it tells others; a test says when the store has something."""

    def __init__(self) -> None:
        self.owner = TaskOwner("the test")
        self.bus = Bus(self.owner.spawn)
        self.told: list[str] = []
        self.journal = DurableJournal(
            "r",
            self.bus,
            lambda: AT,
            lambda: self.told.append("over"),
            record=lambda _: self.told.append("record"),
            follow=self._follow,
            on_left=lambda _: self.told.append("left"),
        )

    def _follow(self, _: DurableJournal) -> asyncio.Task[None]:
        async def follow() -> None:
            self.told.append("follows")
            try:
                await asyncio.Event().wait()
            finally:
                self.told.append("follows no more")

        return self.owner.spawn(follow())

    def driven(self) -> DurableJournal:
        """The journal of a run that has begun here, and whose beginning is recorded."""
        self.journal.drive(1)
        self.journal.append(started(), 0)
        self.journal.recorded(1)
        self.told.clear()
        return self.journal


def started() -> RunStarted:
    """The first event of a run."""
    return RunStarted(agent="clerk", model="m", prompt=user("go"))


def placed(seq: int, event: Event) -> Event:
    """An event as it comes from the store."""
    return load({**event.model_dump(), "event": event.event_name, "version": 1, "run_id": "r", "seq": seq, "at": AT})


async def next_of(reader: Reader) -> Event:
    """The next event of a reader."""
    return await anext(reader)


async def test_an_event_is_shown_when_the_store_has_it_and_not_before() -> None:
    """The state has it at once, for the stages; readers, observers and whoever asks for the log see it later."""
    desk = Desk()
    journal, observed = desk.driven(), list[Event]()

    async def watch(event: Event) -> None:
        observed.append(event)

    desk.bus.observe(Event, watch)
    reader = Reader(journal, 1, ephemeral=False)
    reading = desk.owner.spawn(next_of(reader))
    turn = journal.append(TurnStarted(turn=1), 1)
    await desk.bus.drain()
    await asyncio.sleep(0)
    assert (journal.state.turn, journal.phase) == (1, Phase.PROMPTING)
    assert (journal.shown, observed, reading.done()) == (1, [], False)
    assert (journal.unrecorded, journal.pending()) == (True, [turn])
    journal.recorded(1)
    await desk.bus.drain()
    assert (journal.shown, observed, await reading) == (2, [turn], turn)
    assert (journal.unrecorded, journal.pending()) == (False, [])


async def test_the_end_is_the_end_when_it_is_recorded() -> None:
    """Not before: a run whose last event is lost is not over."""
    desk = Desk()
    journal = desk.driven()
    waiting = desk.owner.spawn(journal.wait_over())
    journal.append(RunFinished(status="completed"), 1)
    await asyncio.sleep(0)
    assert (journal.over, journal.ended, waiting.done(), desk.told) == (True, False, False, ["record"])
    journal.recorded(1)
    await waiting
    assert (journal.ended, journal.driven, desk.told) == (True, False, ["record", "over"])


async def test_waiting_for_the_record_is_waiting_for_what_there_is_by_now() -> None:
    """Not for what is appended meanwhile, and one who stops waiting leaves the others alone."""
    desk = Desk()
    journal = desk.driven()
    await journal.wait_recorded()
    journal.append(Held(), 1)
    journal.append(Held(), 1)
    first, second = desk.owner.spawn(journal.wait_recorded()), desk.owner.spawn(journal.wait_recorded())
    await asyncio.sleep(0)
    first.cancel()
    journal.append(Held(), 1)
    journal.recorded(1)
    await asyncio.sleep(0)
    assert not second.done()
    journal.recorded(1)
    await second
    assert journal.unrecorded


async def test_an_event_of_an_application_that_cannot_be_recorded_is_refused() -> None:
    """There and then, to whoever publishes it: the run goes on without it."""
    journal = Desk().driven()
    with pytest.raises(BadEvent, match="cannot be written as JSON"):
        journal.append(Held(value=object()), 1)
    assert (len(journal.events), journal.state.seq, journal.unrecorded) == (1, 1, False)


async def test_an_event_out_of_order_changes_nothing() -> None:
    """Nothing of it is left behind."""
    journal = Desk().driven()
    with pytest.raises(OutOfOrder):
        journal.append(started(), 1)
    assert (len(journal.events), journal.state.seq, journal.phase) == (1, 1, Phase.READY)


async def test_what_is_derived_stands_right_behind_its_event() -> None:
    """And is recorded with it."""
    desk = Desk()
    journal = desk.driven()
    desk.bus.derive(TurnStarted, lambda _: Held(value="derived"))
    turn = journal.append(TurnStarted(turn=1), 1)
    assert [type(event) for event in journal.pending()] == [TurnStarted, Held]
    assert journal.pending()[1].cause == turn.seq


async def test_what_the_store_has_is_taken_once_and_in_order() -> None:
    """What is in already, or would leave a gap, changes nothing."""
    journal = Desk().journal
    for event in (placed(1, started()), placed(3, RunFinished(status="completed")), placed(1, started())):
        journal.adopt(event)
    assert (len(journal.events), journal.phase, journal.shown) == (1, Phase.READY, 1)


async def test_a_log_can_be_read_past_what_this_program_does_not_know() -> None:
    """What moved the run on may be unknown here; the end is the end all the same."""
    desk = Desk()
    strange = OpaqueEvent(run_id="r", seq=2, at=AT, cause=1, name="turn.newer", version=9, body=b"{}")
    for event in (placed(1, started()), strange, placed(3, RunFinished(status="completed"))):
        desk.journal.adopt(event)
    await desk.journal.wait_over()
    assert (desk.journal.events[1], desk.journal.ended, desk.told) == (strange, True, ["over"])


async def test_a_run_that_is_driven_elsewhere_is_followed_while_somebody_waits_for_it() -> None:
    """However many wait, by one task, and by none when the last has gone."""
    desk = Desk()
    journal = desk.journal
    journal.adopt(placed(1, started()))
    waiting = [desk.owner.spawn(journal.wait_over()), desk.owner.spawn(journal.wait_more(1))]
    await settle(lambda: desk.told)
    journal.adopt(placed(2, TurnStarted(turn=1)))
    await waiting[1]
    assert desk.told == ["follows"]
    waiting[0].cancel()
    await settle(lambda: len(desk.told) > 1)
    assert desk.told == ["follows", "follows no more"]


async def test_a_run_that_is_driven_here_is_not_followed_until_it_is_left() -> None:
    """Whoever waited goes on waiting, for what others make of it."""
    desk = Desk()
    journal = desk.driven()
    waiting, left = desk.owner.spawn(journal.wait_over()), desk.owner.spawn(journal.wait_left())
    await asyncio.sleep(0)
    journal.append(RunSuspended(reason="enough"), 1)
    assert (left.done(), desk.told) == (False, ["record"])
    journal.recorded(1)
    await left
    await settle(lambda: desk.told[-1] == "follows")
    assert desk.told == ["record", "left", "follows"]
    journal.drive(2)
    await settle(lambda: desk.told[-1] == "follows no more")
    journal.append(RunFinished(status="completed"), 2)
    journal.recorded(1)
    await waiting
    assert journal.token == 2


async def test_everybody_who_waits_hears_why_it_is_in_vain() -> None:
    """And what was never recorded was never shown."""
    desk = Desk()
    journal = desk.driven()
    reader = Reader(journal, 0, ephemeral=False)
    assert await anext(reader) == journal.events[0]
    journal.append(TurnStarted(turn=1), 1)
    waits = (journal.wait_over(), journal.wait_recorded(), next_of(reader))
    tasks = [desk.owner.spawn(wait) for wait in waits]
    await asyncio.sleep(0)
    journal.fail(LEFT)
    for task in tasks:
        with pytest.raises(RunLeft):
            await task
    with pytest.raises(RunLeft):
        await journal.wait_over()
    assert (journal.shown, journal.writable, journal.driven) == (1, False, False)
    assert desk.told == ["record", "left"]


async def test_a_run_that_is_over_has_nothing_to_fail() -> None:
    """Its end is known, so whoever waits for it has it."""
    desk = Desk()
    journal = desk.driven()
    journal.append(RunFinished(status="completed"), 1)
    journal.recorded(1)
    journal.fail(LEFT)
    await journal.wait_over()
    await journal.wait_more(1)
