"""What every event log keeps to, whatever it is kept in: a suite that each store inherits and gives its own ``log``."""

import json
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from hashlib import sha256
from typing import Any

import anyio
import pytest

from loopbus.bus import BadEvent
from loopbus.events import BadContent, CostCounted, Event, RunStarted, TextDelta, TurnStarted, Usage, user
from loopbus.stores import (
    EventLog,
    KeyTaken,
    LeaseHeld,
    LeaseLost,
    NoSuchRun,
    OpaqueEvent,
    StoreClosed,
    StoreMisused,
    WrongSeq,
)
from loopbus.stores.codec import encode

from .story import finished, moved, placed, started, turn, whole


class Clock:
    """Seconds since the epoch, put forward by hand."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


async def read(log: EventLog, run_id: str, after: int = 0) -> list[Event]:
    """All that a log gives."""
    async with aclosing(log.read(run_id, after=after)) as events:
        return [event async for event in events]


async def ids(log: EventLog, **query: object) -> list[str]:
    """The runs that a query lists."""
    return [info.run_id for info in await log.runs(**query)]  # pyright: ignore[reportArgumentType]  # by name


class Appending:
    async def test_what_was_appended_is_read(self, log: EventLog) -> None:
        """Equal events, in order, whether they came one by one or together."""
        events = whole("run")
        await log.append(events[:1])
        await log.append(events[1:4])
        await log.append(events[4:])
        assert await read(log, "run") == events

    async def test_nothing_can_be_appended(self, log: EventLog) -> None:
        """No events are no append, and begin no run."""
        await log.append([])
        assert await log.runs() == []

    @pytest.mark.parametrize("first", [1, 2, 4, 0])
    async def test_an_append_begins_where_the_log_ends(self, log: EventLog, first: int) -> None:
        """A lost race or a repeated call is refused, says what would have fit, and writes nothing."""
        await log.append(whole("run")[:2])
        events = [TurnStarted(turn=9)] if first == 0 else placed("run", first, TurnStarted(turn=9))
        if first == 0:
            events = [TurnStarted(turn=9, run_id="run")]
        with pytest.raises(WrongSeq, match="its log ends with event 2; read on from there") as caught:
            await log.append(events)
        assert (caught.value.run_id, caught.value.seq, caught.value.expected) == ("run", first, 3)
        assert len(await read(log, "run")) == 2

    async def test_a_run_begins_with_its_first_event(self, log: EventLog) -> None:
        """A log that does not have the beginning takes nothing else."""
        with pytest.raises(WrongSeq, match="never began in this store, or was deleted"):
            await log.append(turn("run", 2))
        assert await log.runs() == []

    @pytest.mark.parametrize(
        "events",
        [
            [*started("run"), *started("other")],
            [*started("run"), *placed("run", 3, TurnStarted(turn=1))],
            [*started("run"), TurnStarted(turn=1)],
        ],
        ids=["of two runs", "with a gap", "without a place"],
    )
    async def test_an_append_is_of_one_run_without_a_gap(self, log: EventLog, events: list[Event]) -> None:
        """All of it is refused."""
        with pytest.raises(WrongSeq, match="event 2 of run run was due"):
            await log.append(events)
        assert await log.runs() == []

    async def test_an_ephemeral_event_has_no_place_in_a_log(self, log: EventLog) -> None:
        """A delta is refused by name."""
        with pytest.raises(BadEvent, match="TextDelta is ephemeral"):
            await log.append([TextDelta(run_id="run", seq=1, text="he")])

    async def test_what_is_no_json_is_refused_before_anything_is_written(self, log: EventLog) -> None:
        """The whole append, naming the event."""
        spoilt = RunStarted(agent="\ud800", model="m", prompt=user("hello"))
        with pytest.raises(BadEvent, match="RunStarted of run 'run' cannot be written"):
            await log.append([*placed("run", 1, spoilt), *turn("run", 2)])
        with pytest.raises(BadContent, match="a run's id holds half of a surrogate pair"):
            await log.append(started("\ud800"))
        assert await log.runs() == []

    async def test_one_key_is_one_run(self, log: EventLog) -> None:
        """The second run with it is refused, and the error says which run to attach to; the key comes free again."""
        await log.append(started("first", key="req-42"))
        with pytest.raises(KeyTaken, match="attach to that one") as caught:
            await log.append(started("second", key="req-42"))
        assert caught.value.run_id == "first"
        assert await ids(log) == ["first"]
        await log.delete("first")
        await log.append(started("second", key="req-42"))

    async def test_many_runs_append_at_once(self, log: EventLog) -> None:
        """Each log is its run's own, and one that is refused takes none of the others along."""
        refused: list[str] = []

        async def run(name: str) -> None:
            try:
                await log.append(started(name))
                await log.append(turn(name, 2 if name != "r7" else 3))
                await log.append(finished(name, 6))
            except WrongSeq:
                refused.append(name)

        async with anyio.create_task_group() as group:
            for number in range(30):
                group.start_soon(run, f"r{number}")
        assert refused == ["r7"]
        for number in range(30):
            expected = whole(f"r{number}") if number != 7 else list(started("r7"))
            assert await read(log, f"r{number}") == expected

    async def test_a_cancelled_append_is_written_all_the_same(self, log: EventLog) -> None:
        """The caller goes on at once; what it had handed over is no half of anything."""
        with anyio.CancelScope() as scope:
            scope.cancel()
            await log.append(started("run"))
        assert await read(log, "run") == list(started("run"))


class Reading:
    async def test_reading_begins_behind_a_seq(self, log: EventLog) -> None:
        """From anywhere, also from the end and from beyond it."""
        events = whole("run")
        await log.append(events)
        for after in range(9):
            assert await read(log, "run", after) == events[after:]

    async def test_a_long_log_is_read_in_pages(self, log: EventLog) -> None:
        """More events than a page holds come without a gap or a double, from any place."""
        events = [*started("run"), *placed("run", 2, *(TurnStarted(turn=number) for number in range(600)))]
        await log.append(events)
        for after in (0, 1, 255, 256, 257, 600):
            assert [event.seq for event in await read(log, "run", after)] == list(range(after + 1, 602))
        assert (await log.verify("run")).events == 601

    async def test_a_run_that_is_not_there_is_said(self, log: EventLog) -> None:
        """By everything that is about one run."""
        for asked in (read(log, "nobody"), log.info("nobody"), log.verify("nobody")):
            with pytest.raises(NoSuchRun, match="no run nobody") as caught:
                await asked
            assert caught.value.run_id == "nobody"
        assert not await log.delete("nobody")
        assert await log.delete_session("nobody") == 0

    async def test_a_place_is_no_negative_number(self, log: EventLog) -> None:
        """Instead of an answer that looks right."""
        await log.append(whole("run"))
        with pytest.raises(StoreMisused, match="numbered from 1"):
            await read(log, "run", -1)

    async def test_a_reader_may_leave_early(self, log: EventLog) -> None:
        """Nothing is left open that would keep a writer waiting."""
        await log.append(whole("run"))
        async with aclosing(log.read("run")) as events:
            async for _ in events:
                break
        await log.append(started("other"))
        assert await ids(log) == ["other", "run"]

    async def test_events_that_nobody_knows_are_kept_byte_for_byte(self, log: EventLog) -> None:
        """Another program's event comes back as it was, and can be appended to a log again."""
        body = b'{"at":2.50,"cause":1,"odd":[1.0,1e3,"\\u0041"]}'
        strange = OpaqueEvent(run_id="run", seq=2, name="shop.from_the_future", version=7, body=body)
        await log.append([*started("run"), strange])
        (again,) = await read(log, "run", 1)
        assert isinstance(again, OpaqueEvent)
        assert (again.name, again.version, again.body) == ("shop.from_the_future", 7, body)
        assert (again.run_id, again.seq, again.at, again.cause) == ("run", 2, 2.5, 1)
        await log.append([*started("copy"), again.model_copy(update={"run_id": "copy"})])
        (copied,) = await read(log, "copy", 1)
        assert isinstance(copied, OpaqueEvent)
        assert copied.body == body

    async def test_large_values_come_back(self, log: EventLog) -> None:
        """Long texts, with whatever is in them, of several events and runs."""
        said = '\0ä"\\\n\u2028😀' * 30_000
        for run_id in ("one", "two"):
            await log.append(started(run_id, said=said))
            await log.append(turn(run_id, 2, said=said))
        for run_id in ("one", "two"):
            assert await read(log, run_id) == [*started(run_id, said=said), *turn(run_id, 2, said=said)]
            assert (await log.verify(run_id)).events == 5
        await log.delete("one")
        assert len(await read(log, "two")) == 5

    @pytest.mark.parametrize("cost", [0.0, -0.0, 5e-324, 1.7976931348623157e308, math.inf, None])
    async def test_numbers_come_back_as_they_were(self, log: EventLog, cost: float | None) -> None:
        """To the last bit and the sign of zero; also those that JSON has no number for."""
        await log.append([*started("run"), *placed("run", 2, CostCounted(model="m", usage=Usage(), cost_usd=cost))])
        (counted,) = await read(log, "run", 1)
        assert isinstance(counted, CostCounted)
        assert repr(counted.cost_usd) == repr(cost)


class Following:
    async def test_a_tail_ends_with_the_run(self, log: EventLog) -> None:
        """What is there comes at once; a run that is over has no more."""
        await log.append(whole("run"))
        assert [event.seq async for event in log.tail("run", after=2)] == [3, 4, 5, 6]

    @pytest.mark.parametrize("after", [6, 60])
    async def test_a_tail_behind_the_end_of_a_run_ends_at_once(self, log: EventLog, after: int) -> None:
        """Whoever has the last event waits for nothing."""
        await log.append(whole("run"))
        with anyio.fail_after(20):
            assert [event async for event in log.tail("run", after=after)] == []

    async def test_a_tail_gives_what_is_written_later(self, log: EventLog) -> None:
        """Every event once, in order, for each of several readers, wherever they joined."""
        seen: dict[int, list[int]] = {0: [], 1: [], 3: []}
        joined = anyio.Event()

        async def follow(after: int) -> None:
            async for event in log.tail("run", after=after):
                seen[after].append(event.seq)
                joined.set()

        await log.append(started("run"))
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                for after in seen:
                    group.start_soon(follow, after)
                await joined.wait()
                for event in [*turn("run", 2), *finished("run", 6)]:
                    await log.append([event])
        assert seen == {after: list(range(after + 1, 7)) for after in seen}

    async def test_a_tail_of_a_deleted_run_ends_with_an_error(self, log: EventLog) -> None:
        """Instead of waiting for ever."""
        await log.append(started("run"))
        events = log.tail("run")
        assert (await anext(events)).seq == 1
        await log.delete("run")
        with anyio.fail_after(20), pytest.raises(NoSuchRun):
            await anext(events)

    async def test_a_run_that_is_not_there_cannot_be_followed(self, log: EventLog) -> None:
        """A slip in the id is noticed at once."""
        with pytest.raises(NoSuchRun):
            await anext(log.tail("nobody"))


class Listing:
    async def test_a_log_knows_its_runs(self, log: EventLog) -> None:
        """What they are and how they stand, without reading their events; the latest first."""
        await log.append(whole("done", session="alice", key="req-1"))
        await log.append(started("going"))
        going, done = await log.runs()
        assert (done.run_id, done.agent, done.session, done.key) == ("done", "clerk", "alice", "req-1")
        begun, *_, ended = whole("done")
        assert (done.seq, done.status, done.started_at, done.ended_at) == (6, "completed", begun.at, ended.at)
        assert (going.run_id, going.seq, going.status, going.ended_at, going.session) == ("going", 1, None, None, None)
        assert (done.source, done.at) == (going.source, going.at) == (None, 0)
        assert [await log.info("done"), await log.info("going")] == [done, going]

    async def test_runs_are_found(self, log: EventLog) -> None:
        """By session, by key, by not having an end, and a page at a time."""
        for number in range(5):
            await log.append(started(f"r{number}", session="alice" if number % 2 else None, key=f"k{number}"))
        await log.append([*turn("r3", 2), *finished("r3", 6)])
        assert await ids(log) == ["r4", "r3", "r2", "r1", "r0"]
        assert await ids(log, session="alice") == ["r3", "r1"]
        assert await ids(log, session="alice", unfinished=True) == ["r1"]
        assert await ids(log, unfinished=True) == ["r4", "r2", "r1", "r0"]
        assert await ids(log, key="k2") == ["r2"]
        assert await ids(log, key="k9") == []
        assert await ids(log, agent="clerk", status="completed") == ["r3"]
        assert await ids(log, agent="porter") == await ids(log, status="failed") == []
        first = await log.runs(limit=2)
        assert await ids(log, before=first[-1].place, limit=2) == ["r2", "r1"]

    async def test_a_page_has_at_least_one_run(self, log: EventLog) -> None:
        """A limit of nothing is a mistake."""
        with pytest.raises(StoreMisused, match="limit=0"):
            await log.runs(limit=0)

    async def test_sessions_are_listed(self, log: EventLog) -> None:
        """With their runs, the one with the latest run first."""
        for run_id, session in (("a1", "alice"), ("b1", "bob"), ("n", None), ("a2", "alice")):
            await log.append(started(run_id, session=session))
        assert [(each.name, each.runs, each.latest) for each in await log.sessions()] == [
            ("alice", 2, "a2"),
            ("bob", 1, "b1"),
        ]


class Deleting:
    async def test_a_deleted_run_is_gone(self, log: EventLog) -> None:
        """With its place in every list; others stay."""
        await log.append(whole("run", session="alice"))
        await log.append(whole("other", session="alice"))
        assert await log.delete("run")
        assert await ids(log) == ["other"]
        assert await read(log, "other") == whole("other", session="alice")
        with pytest.raises(NoSuchRun):
            await read(log, "run")

    async def test_a_late_write_to_a_deleted_run_is_refused(self, log: EventLog) -> None:
        """F130: whether or not its writer has a lease; the run does not rise again."""
        lease = await log.claim("run", "me")
        await log.append(started("run", session="alice"), token=lease.token)
        assert await log.delete_session("alice") == 1
        with pytest.raises(LeaseLost, match="released or deleted"):
            await log.append(turn("run", 2), token=lease.token)
        with pytest.raises(WrongSeq, match="was deleted"):
            await log.append(turn("run", 2))
        assert await log.runs() == []
        assert await log.renew("me") == frozenset()

    async def test_a_session_is_deleted_with_all_its_runs(self, log: EventLog) -> None:
        """And no others."""
        for run_id, session in (("a1", "alice"), ("b1", "bob"), ("a2", "alice")):
            await log.append(started(run_id, session=session))
        assert await log.delete_session("alice") == 2
        assert await ids(log) == ["b1"]
        assert [each.name for each in await log.sessions()] == ["bob"]

    async def test_runs_that_ended_long_ago_expire(self, log: EventLog) -> None:
        """Those that ended first go first, a limited number in one go; what has no end stays, however old it is."""
        for number in range(4):
            await log.append(whole(f"r{number}", at=1_000.0 * number))
        await log.append(started("going", at=0.0))
        assert await log.expire(ended_before=2_500.0, limit=2) == 2
        assert await ids(log) == ["going", "r3", "r2"]
        assert await log.expire(ended_before=2_500.0, limit=2) == 1
        assert await log.expire(ended_before=2_500.0) == 0
        assert await ids(log) == ["going", "r3"]
        with pytest.raises(StoreMisused, match="nothing would ever expire"):
            await log.expire(ended_before=2_500.0, limit=0)


class Forking:
    async def test_a_fork_begins_with_the_events_of_its_source(self, log: EventLog, clock: Clock) -> None:
        """As its own, with its id, from any place; what either run is appended is its own alone."""
        await log.append(whole("run", session="alice", key="req-1"))
        for at in range(1, 7):
            await log.fork("run", f"fork-{at}", at=at, session="bob" if at == 3 else None)
        shared = moved("fork-3", whole("run", session="alice", key="req-1")[:3])
        assert await read(log, "fork-3") == shared
        own = [*turn("fork-3", 4), *finished("fork-3", 8)]
        await log.append(own)
        for after in range(10):
            assert await read(log, "fork-3", after) == [*shared, *own][after:]
        assert await read(log, "run") == whole("run", session="alice", key="req-1")
        fork = await log.info("fork-3")
        assert (fork.source, fork.at, fork.seq, fork.key, fork.session) == ("run", 3, 8, None, "bob")
        assert (fork.agent, fork.started_at, fork.status) == ("clerk", clock.now, "completed")
        assert [each.run_id for each in await log.runs(unfinished=True)] == ["fork-5", "fork-4", "fork-2", "fork-1"]

    async def test_a_fork_may_have_an_agent_of_its_own(self, log: EventLog) -> None:
        """It is listed under that one, and so is a fork of it; what was shared says what it always said."""
        await log.append(whole("run"))
        await log.fork("run", "fork", at=5, agent="other")
        await log.fork("fork", "again", at=5)
        assert [each.run_id for each in await log.runs(agent="other")] == ["again", "fork"]
        assert [each.run_id for each in await log.runs(agent="clerk")] == ["run"]
        assert await read(log, "fork") == moved("fork", whole("run")[:5])

    async def test_a_fork_of_a_run_at_its_end_has_its_end(self, log: EventLog) -> None:
        """Nothing says that it goes on; a fork at an earlier event does."""
        await log.append(whole("run"))
        await log.fork("run", "over", at=6)
        await log.fork("run", "going", at=5)
        going, over, run = await log.runs()
        assert (over.status, over.ended_at, going.status, going.ended_at) == ("completed", run.ended_at, None, None)
        assert [event.seq async for event in log.tail("over")] == [1, 2, 3, 4, 5, 6]

    async def test_the_chain_of_a_fork_goes_on_from_its_source(self, log: EventLog) -> None:
        """One proof for what is shared and what is its own; forks of one place have one digest."""
        await log.append(whole("run"))
        await log.fork("run", "one", at=4)
        await log.fork("one", "two", at=4)
        one, two = await log.verify("one"), await log.verify("two")
        assert (one.events, one.digest) == (two.events, two.digest)
        await log.append(moved("one", whole("run")[4:]))
        assert (await log.verify("one")).digest == (await log.verify("run")).digest

    async def test_a_fork_of_a_fork_of_a_fork_is_read(self, log: EventLog) -> None:
        """Across every border, also where a fork adds nothing, or is forked before it begins."""
        await log.append(started("f0"))
        for number in range(1, 9):
            await log.append(turn(f"f{number - 1}", 3 * number - 1))
            await log.fork(f"f{number - 1}", f"f{number}", at=3 * number + 1)
        await log.fork("f8", "same", at=25)
        await log.fork("same", "early", at=3)
        for run_id, end in (("f8", 25), ("same", 25), ("early", 3)):
            for after in range(27):
                assert [event.seq for event in await read(log, run_id, after)] == list(range(after + 1, end + 1))
            assert (await log.verify(run_id)).events == end
        assert (await log.info("early")).source == "same"

    @pytest.mark.parametrize("at", [0, -1, 7])
    async def test_a_run_is_forked_at_one_of_its_events(self, log: EventLog, at: int) -> None:
        """Not before the first, nor behind the last."""
        await log.append(whole("run"))
        with pytest.raises(StoreMisused, match="run run has the events 1 to 6") as caught:
            await log.fork("run", "fork", at=at)
        assert (caught.value.run_id, caught.value.seq) == ("run", at)
        assert await ids(log) == ["run"]

    async def test_a_fork_needs_a_source_and_a_new_id(self, log: EventLog) -> None:
        """And an id that can be written."""
        await log.append(whole("run"))
        with pytest.raises(NoSuchRun, match="no run nobody"):
            await log.fork("nobody", "fork", at=1)
        for run_id in ("run", "fork"):
            if run_id == "fork":
                await log.fork("run", "fork", at=2)
            with pytest.raises(WrongSeq, match="is there already, and ends with event"):
                await log.fork("run", run_id, at=3)
        with pytest.raises(BadContent, match="a run's id holds half"):
            await log.fork("run", "\ud800", at=1)
        assert len(await read(log, "fork")) == 2

    async def test_a_fork_is_written_by_whoever_drives_it(self, log: EventLog) -> None:
        """Its lease is its own, from before it begins."""
        await log.append(whole("run"))
        lease = await log.claim("fork", "me")
        with pytest.raises(LeaseLost, match="run fork was written to with token 0"):
            await log.fork("run", "fork", at=4)
        await log.fork("run", "fork", at=4, token=lease.token)
        with pytest.raises(LeaseLost):
            await log.append(finished("fork", 5))
        await log.append(finished("fork", 5), token=lease.token)

    async def test_a_fork_outlives_its_source(self, log: EventLog) -> None:
        """The fork that has most of it inherits that much, others become forks of the heir; the rest is gone."""
        said = {number: f"{number} said " * 10_000 for number in range(2, 23, 4)}
        for first, large in said.items():
            await log.append([*(started("run") if first == 2 else ()), *turn("run", first, said=large)])
        for run_id, at in (("short", 3), ("long", 15), ("also", 15)):
            await log.fork("run", run_id, at=at)
            await log.append(turn(run_id, at + 1))
        expected = {run_id: (await read(log, run_id), await log.verify(run_id)) for run_id in ("short", "long", "also")}
        assert await log.delete("run")
        for run_id, (events, proof) in expected.items():
            assert await read(log, run_id) == events
            assert await log.verify(run_id) == proof
        assert {info.run_id: (info.source, info.at) for info in await log.runs()} == {
            "long": (None, 0), "also": ("long", 15), "short": ("long", 3),
        }  # fmt: skip
        await log.delete("long")
        await log.delete("short")
        assert (await read(log, "also"), await log.verify("also")) == expected["also"]
        with pytest.raises(WrongSeq, match="was deleted"):
            await log.append(finished("run", 26))

    async def test_a_session_is_deleted_though_others_forked_it(self, log: EventLog) -> None:
        """What they have of it is theirs; nobody can list, read or go on with it under its own name."""
        await log.append(whole("a1", session="alice"))
        await log.fork("a1", "a2", at=5, session="alice")
        await log.fork("a2", "b1", at=4, session="bob")
        assert await log.delete_session("alice") == 2
        assert await ids(log) == ["b1"]
        assert (await log.info("b1")).source is None
        assert await read(log, "b1") == moved("b1", whole("a1", session="alice")[:4])
        assert (await log.verify("b1")).events == 4

    async def test_a_reader_goes_on_when_the_source_goes(self, log: EventLog) -> None:
        """It holds nothing between pages: the next one comes from the heir."""
        await log.append([*started("run"), *placed("run", 2, *(TurnStarted(turn=number) for number in range(600)))])
        await log.fork("run", "fork", at=601)
        async with aclosing(log.read("fork")) as events:
            seen = [(await anext(events)).seq for _ in range(10)]
            await log.delete("run")
            seen += [event.seq async for event in events]
        assert seen == list(range(1, 602))


class Leasing:
    async def test_one_of_two_drives_a_run(self, log: EventLog, clock: Clock) -> None:
        """F90: the second is told who does, until when; once it has the lease, the first one's writes are refused."""
        first = await log.claim("run", "first", ttl_s=30)
        await log.append(started("run"), token=first.token)
        with pytest.raises(LeaseHeld, match=r"driven by 'first' for 30\.0 s more") as caught:
            await log.claim("run", "second")
        assert (caught.value.run_id, caught.value.holder, caught.value.until) == ("run", "first", clock.now + 30)
        clock.now += 31
        second = await log.claim("run", "second")
        assert second.token > first.token
        with pytest.raises(LeaseLost, match="stop driving this run") as lost:
            await log.append(turn("run", 2), token=first.token)
        assert lost.value.run_id == "run"
        await log.append(turn("run", 2), token=second.token)
        assert len(await read(log, "run")) == 5

    async def test_a_write_without_the_token_is_refused(self, log: EventLog) -> None:
        """A run that somebody has claimed is nobody else's; one that nobody claimed needs no token."""
        await log.append(started("free"))
        await log.append(started("run"))
        await log.claim("run", "me")
        with pytest.raises(LeaseLost):
            await log.append(turn("run", 2))
        await log.append(turn("free", 2))

    async def test_renewing_makes_all_leases_last(self, log: EventLog, clock: Clock) -> None:
        """One call for all runs of a holder; those that it has lost are not among them."""
        for run_id in ("a", "b"):
            await log.claim(run_id, "me", ttl_s=10)
        clock.now += 8
        assert await log.renew("me", ttl_s=10) == {"a", "b"}
        clock.now += 8
        with pytest.raises(LeaseHeld):
            await log.claim("a", "other", ttl_s=10)
        clock.now += 8
        await log.claim("b", "other", ttl_s=10)
        assert await log.renew("me", ttl_s=10) == {"a"}

    async def test_a_lease_that_was_given_back_is_free_at_once(self, log: EventLog) -> None:
        """Its token is used up: neither the old holder nor an old lease can do anything with it."""
        first = await log.claim("run", "first")
        await log.release(first)
        second = await log.claim("run", "second")
        assert second.token > first.token
        await log.release(first)
        with pytest.raises(LeaseHeld):
            await log.claim("run", "third")

    async def test_the_end_of_a_run_gives_its_lease_back(self, log: EventLog) -> None:
        """There is nothing left to drive, so nothing to renew; the token stays used up."""
        lease = await log.claim("run", "me")
        await log.claim("open", "me")
        await log.append(whole("run"), token=lease.token)
        assert await log.renew("me") == {"open"}
        assert (await log.claim("run", "other")).token > lease.token
        with pytest.raises(LeaseLost):
            await log.append(turn("run", 7), token=lease.token)

    async def test_a_name_that_cannot_be_one_is_refused_at_the_door(self, log: EventLog) -> None:
        """Of a run, a session, a key or a holder; and to look for such a run finds none. Nothing is deleted by it."""
        await log.append(started("run"))
        odd: Any
        for odd in ("\ud800", "", "x" * 10_000, "\u00e4" * 600, None, 7, b"run"):
            for look in _looks(log, odd):
                with pytest.raises(NoSuchRun, match="no store has a run"):
                    await look()
            for slip in _slips(log, odd):
                with pytest.raises((BadContent, StoreMisused)):
                    await slip()
        for begun in (started("x" * 2000), started("new", session="x" * 2000), started("new", key="x" * 2000)):
            with pytest.raises(StoreMisused, match="more than 1,024 bytes"):
                await log.append(begun)
        assert [info.run_id for info in await log.runs()] == ["run"]

    async def test_a_name_may_hold_what_is_odd_but_whole(self, log: EventLog) -> None:
        """U+0000 too, and as much as a store's index takes."""
        for name in ("a\0b", "\x1b[2J", "\u00e4" * 512):
            await log.append(started(name, session=name, key=name))
            (info,) = await log.runs(session=name, key=name)
            assert (info.run_id, await log.delete_session(name)) == (name, 1)

    async def test_a_run_says_who_drives_it(self, log: EventLog, clock: Clock) -> None:
        """As long as the lease lasts and is not given back, wherever the run is named; so that it can be taken away."""
        await log.append(started("free"))
        lease = await log.claim("run", "me", ttl_s=10)
        await log.append(started("run"), token=lease.token)
        assert [info.lease for info in await log.runs()] == [lease, None]
        clock.now += 11
        assert (await log.info("run")).lease is None
        await log.renew("me", ttl_s=10)
        kept = (await log.info("run")).lease
        assert kept is not None
        assert (kept.holder, kept.token, kept.until) == ("me", lease.token, clock.now + 10)
        await log.release(kept)
        assert [info.lease for info in await log.runs()] == [None, None]
        assert (await log.claim("run", "other")).token > lease.token
        assert await log.renew("me") == frozenset()

    async def test_claiming_again_is_a_new_lease(self, log: EventLog) -> None:
        """A process that starts anew under its old name is not its former self."""
        first = await log.claim("run", "me")
        second = await log.claim("run", "me")
        with pytest.raises(LeaseLost):
            await log.append(started("run"), token=first.token)
        await log.append(started("run"), token=second.token)

    async def test_a_clock_that_is_put_back_locks_nobody_out(self, log: EventLog, clock: Clock) -> None:
        """F99: a lease that ends an hour too late counts as ended; the token keeps its old holder out."""
        first = await log.claim("run", "first", ttl_s=30)
        clock.now -= 3600
        await log.claim("run", "second", ttl_s=30)
        with pytest.raises(LeaseLost):
            await log.append(started("run"), token=first.token)

    @pytest.mark.parametrize("ttl_s", [0, -1.0])
    async def test_a_lease_lasts_longer_than_nothing(self, log: EventLog, ttl_s: float) -> None:
        """Another time is a mistake."""
        with pytest.raises(StoreMisused, match="lasts longer than nothing"):
            await log.claim("run", "me", ttl_s=ttl_s)
        with pytest.raises(StoreMisused, match="lasts longer than nothing"):
            await log.renew("me", ttl_s=ttl_s)


class Proving:
    async def test_a_whole_run_is_proved(self, log: EventLog) -> None:
        """The digest is one that anybody can compute: over the digest before it, name and version, and the body."""
        events = whole("run")
        await log.append(events[:5])
        before = await log.verify("run")
        await log.append(events[5:])
        proof = await log.verify("run")
        assert (proof.run_id, proof.events) == ("run", 6)
        assert proof.digest != before.digest
        digest = sha256(b"loopbus run run").digest()
        for event in events:
            name, version, body = encode(event)
            digest = sha256(digest + json.dumps([name, version]).encode() + body).digest()
        assert proof.digest == digest.hex()


class Closing:
    async def test_a_closed_log_takes_and_gives_nothing(self, log: EventLog) -> None:
        """It says so, typed, for everything; closing twice is harmless."""
        await log.append(started("run"))
        await log.aclose()
        await log.aclose()
        asked: Sequence[Awaitable[object]] = (
            log.append(turn("run", 2)), read(log, "run"), log.info("run"), log.runs(), log.sessions(),
            log.verify("run"), log.delete("run"), log.delete_session("alice"), log.claim("run", "me"), log.renew("me"),
            log.fork("run", "fork", at=1), log.expire(ended_before=0.0),
        )  # fmt: skip
        for each in asked:
            with pytest.raises(StoreClosed):
                await each

    async def test_a_log_closes_with_its_block(self, log: EventLog) -> None:
        """``async with`` is enough."""
        async with log as same:
            assert same is log
        with pytest.raises(StoreClosed):
            await log.runs()


class EveryLog(Appending, Reading, Following, Listing, Deleting, Forking, Leasing, Proving, Closing):
    """The whole contract."""


def _looks(log: EventLog, name: Any) -> list[Callable[[], Awaitable[object]]]:
    """Every way to ask for a run that has this name."""
    return [
        lambda: log.info(name),
        lambda: log.verify(name),
        lambda: anext(log.read(name)),
        lambda: anext(log.tail(name)),
        lambda: log.fork(name, "branch", at=1),
    ]


def _slips(log: EventLog, name: Any) -> list[Callable[[], Awaitable[object]]]:
    """Every way to give something this name."""
    return [
        lambda: log.claim(name, "me"),
        lambda: log.claim("run", name),
        lambda: log.delete_session(name),
        lambda: log.fork("run", name, at=1),
    ]
