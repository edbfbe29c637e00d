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
from loopbus.stores.log import Append

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


class Gathering(Log):
    """A log in memory that remembers which runs came to it together, and breaks down as often as it is told to."""

    def __init__(self, breakdowns: int = 0) -> None:
        super().__init__(MemoryRows())
        self.together: list[list[str]] = []
        self.breakdowns = breakdowns

    async def append_all(self, appends: Sequence[Append]) -> list[Exception | None]:
        self.together.append([events[0].run_id for events, _ in appends])
        if self.breakdowns:
            self.breakdowns -= 1
            raise StoreFull("no space")
        return await super().append_all(appends)


def journal_of(
    store: Log, *, patience_s: float = 20.0, run_id: str = "r", key: str | None = "once", writer: Writer | None = None
) -> DurableJournal:
    """A journal that is written to this store, driven under the lease with the token 7."""
    owner = TaskOwner("the test")
    writer = writer or Writer(store, owner.spawn, patience_s)

    async def nothing() -> None: ...

    journal = DurableJournal(
        run_id,
        Bus(owner.spawn),
        lambda: AT,
        lambda: None,
        record=writer.record,
        follow=lambda _: owner.spawn(nothing()),
        on_left=lambda _: None,
    )
    journal.drive(7)
    journal.append(RunStarted(agent="clerk", model="m", prompt=user("go"), key=key), 0)
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


async def _three(store: Gathering) -> list[DurableJournal]:
    """Three runs that begin in one turn of the loop; the second is driven elsewhere by now."""
    for run_id in ("a", "b", "c"):
        for _ in range(8 if run_id == "b" else 7):
            await store.claim(run_id, "me")
    writer = Writer(store, TaskOwner("the test").spawn, 0.0)
    return [journal_of(store, run_id=run_id, key=None, writer=writer) for run_id in ("a", "b", "c")]


@pytest.mark.parametrize("breakdowns", [0, 1])
async def test_what_many_runs_append_in_one_turn_goes_to_the_store_together(breakdowns: int) -> None:
    """One that is refused, or a store that takes them only one by one, holds up none of the others."""
    store = Gathering(breakdowns)
    first, taken, last = await _three(store)
    await first.wait_recorded()
    await last.wait_recorded()
    with pytest.raises(RunInterrupted):
        await taken.wait_recorded()
    say(first, 2)
    await first.wait_recorded()
    assert store.together == [["a", "b", "c"], ["a"]]
    for journal in (first, last):
        assert [event async for event in store.read(journal.run_id)] == list(journal.events)


async def test_a_crowd_is_written_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the first of it does not wait for the last."""
    monkeypatch.setattr("loopbus.runtime.durable.writer.MOST", 2)
    store = Gathering()
    writer = Writer(store, TaskOwner("the test").spawn, 20.0)
    for run_id in "abcde":
        await store.claim(run_id, "me")
    journals = [journal_of(store, run_id=run_id, key=None, writer=writer) for run_id in "abcde"]
    for journal in journals:
        journal.token = 1
    for journal in journals:
        await journal.wait_recorded()
    assert store.together == [["a", "b"], ["c", "d"], ["e"]]


async def test_a_run_that_goes_wrong_when_it_is_recorded_goes_wrong_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of one must not keep the others waiting for ever."""
    first, _, last = await _three(Gathering())
    recorded = DurableJournal.recorded

    def failing(journal: DurableJournal, count: int) -> None:
        recorded(journal, count)
        if journal is first:
            raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr(DurableJournal, "recorded", failing)
    await last.wait_recorded()
    await settle(lambda: first.failure is not None)
    assert isinstance(first.failure, LogUnavailable)
    assert last.failure is None
