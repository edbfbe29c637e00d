"""What runs append is taken to the store: together, again when that fails, and somebody hears when it is in vain."""

import asyncio
from collections.abc import Sequence

import pytest

from loopbus.bus import Bus, Event
from loopbus.bus.tasks import TaskOwner
from loopbus.events import MessageInjected, RunStarted, user
from loopbus.runtime import LogUnavailable, RunInterrupted, RunTaken
from loopbus.runtime.durable.journal import DurableJournal
from loopbus.runtime.durable.writer import Writer
from loopbus.stores import KeyTaken, LeaseLost, Log, MemoryRows, StoreDamaged, StoreFull

from ...faults.house import settle
from .processes import AT


class Store(Log):
    """A log in memory that remembers what came together, and raises what it is told to first."""

    def __init__(self, *refusals: Exception) -> None:
        super().__init__(MemoryRows())
        self.refusals = list(refusals)
        self.appends: list[list[int]] = []
        self.tokens: set[int] = set()

    async def append(self, events: Sequence[Event], *, token: int = 0) -> None:
        await asyncio.sleep(0)
        self.tokens.add(token)
        if self.refusals:
            raise self.refusals.pop(0)
        await super().append(events)
        self.appends.append([event.seq for event in events])


def journal_of(store: Store, *, patience_s: float = 20.0, run_id: str = "r") -> DurableJournal:
    """A journal that is written to this store, driven under the lease with the token 7."""
    owner = TaskOwner("the test")

    async def nothing() -> None: ...

    journal = DurableJournal(
        run_id,
        Bus(owner.spawn),
        lambda: AT,
        lambda: None,
        record=Writer(store, owner.spawn, patience_s).record,
        follow=lambda _: owner.spawn(nothing()),
        on_left=lambda _: None,
    )
    journal.drive(7)
    journal.append(RunStarted(agent="clerk", model="m", prompt=user("go"), key="once"), 0)
    return journal


def say(journal: DurableJournal, times: int) -> None:
    """Append so many events."""
    for _ in range(times):
        journal.append(MessageInjected(message=user("and")), 0)


async def test_what_is_appended_in_one_turn_of_the_loop_is_one_append() -> None:
    """All of it or nothing is in the store; what comes while the store writes is the next."""
    store = Store()
    journal = journal_of(store)
    say(journal, 2)
    await asyncio.sleep(0)
    say(journal, 3)
    await journal.wait_recorded()
    say(journal, 1)
    await journal.wait_recorded()
    assert store.appends == [[1, 2, 3], [4, 5, 6], [7]]
    assert store.tokens == {7}
    assert [event async for event in store.read("r")] == list(journal.events)


async def test_a_store_that_is_full_for_a_while_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is lost, and it is said."""
    monkeypatch.setattr("loopbus.runtime.durable.writer._FIRST_S", 0.0)
    store = Store(StoreFull("no space"), StoreFull("no space"))
    journal = journal_of(store)
    await journal.wait_recorded()
    assert store.appends == [[1]]
    assert caplog.text.count("run r waits for its log: no space") == 2


@pytest.mark.parametrize(
    ("refusal", "kind", "words"),
    [
        (StoreFull("no space"), LogUnavailable, r"after event 1, .* \(no space\); resume it when that is mended"),
        (StoreDamaged("a flipped bit"), LogUnavailable, r"\(a flipped bit\)"),
        (ZeroDivisionError("a store of somebody's own"), LogUnavailable, r"\(a store of somebody's own\)"),
        (LeaseLost("too late"), RunTaken, "is driven by another process now"),
    ],
)
async def test_a_run_whose_log_cannot_be_written_is_left(
    refusal: Exception, kind: type[RunInterrupted], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """At a clean boundary: whoever waits hears why, and nothing more is tried."""
    store = Store()
    journal = journal_of(store, patience_s=0.0)
    await journal.wait_recorded()
    store.refusals.append(refusal)
    say(journal, 2)
    with pytest.raises(kind, match=words) as failed:
        await journal.wait_recorded()
    assert (failed.value.run_id, failed.value.__cause__) == ("r", refusal)
    assert "run r is left, for its log cannot be written" in caplog.text
    say(journal, 1)
    await settle(lambda: True)
    assert (store.appends, journal.shown, journal.driven) == ([[1]], 1, False)


async def test_a_key_that_is_taken_is_no_error_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever starts the run finds the other one."""
    store = Store()
    await journal_of(store).wait_recorded()
    with pytest.raises(RunInterrupted) as failed:
        await journal_of(store, run_id="other").wait_recorded()
    assert isinstance(failed.value.__cause__, KeyTaken)
    assert caplog.text == ""
