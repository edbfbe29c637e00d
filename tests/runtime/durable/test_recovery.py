"""What a crash has left is taken up: at once what is free, later what was held, one by one what may be to blame."""

import asyncio
import gc
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest

from loopbus.backends import Request, Scripted, text
from loopbus.bus.event import stamp
from loopbus.events import Event, RunResumed, RunStarted, user
from loopbus.runtime import Agent, BadInput, KeepOptions, Runtime
from loopbus.stores import Log, MemoryRows, RunInfo, StoreBusy, StoreDamaged

from ...bus.clock import Clock as LoopClock
from ...faults.house import settle
from ...faults.misbehaving import Gate
from .processes import Clock, logged, process
from .test_keeper import parked, refunder

BRIEF = KeepOptions(lease_s=0.01, patience_s=0.0)
WORN = 2
"""How often a run was taken up that is under suspicion."""


async def left(rows: MemoryRows, run_id: str, attempts: int = 0) -> None:
    """Write the log of a run that was taken up so often, and crashed each time."""
    events: list[Event] = [RunStarted(agent="a", model="scripted", prompt=user(run_id))]
    events += [RunResumed(attempt=number + 1) for number in range(attempts)]
    for seq, event in enumerate(events, 1):
        stamp(event, run_id, seq, 0.0, seq - 1)
    await Log(rows).append(events)


def answering(asked: list[str], gates: dict[str, Gate] | None = None) -> Agent:
    """An agent that notes whose model is asked, and waits there if there is a gate."""

    async def answer(request: Request) -> Any:
        prompt = request.messages[0].text
        asked.append(prompt)
        if gates is not None:
            await gates[prompt].wait()
        return text(prompt)

    return Agent(Scripted(answer), name="a")


async def test_what_a_dead_process_holds_is_taken_up_when_its_lease_has_ended() -> None:
    """It cannot give a lease back, and whoever starts it anew does so at once; ``recover`` need not be called again."""
    clock, asked = Clock(), list[str]()
    rows = MemoryRows(clock=clock)
    for run_id, attempts in (("well", 0), ("suspect", WORN)):
        await left(rows, run_id, attempts)
        await Log(rows).claim(run_id, "the dead", ttl_s=5)
    async with process(rows, agents=[answering(asked)], keeping=BRIEF) as only:
        assert await only.runtime.recover() == []
        assert only.runtime.runs == ()
        clock.now += 5
        await settle(lambda: len(asked) == 2)
        for run_id in ("well", "suspect"):
            assert (await (await only.runtime.get(run_id)).result()).output == run_id


async def test_what_a_living_process_holds_is_left_to_it(caplog: pytest.LogCaptureFixture) -> None:
    """It was tried again, and that was that: nobody else drives it."""
    caplog.set_level("INFO")
    rows, asked = MemoryRows(clock=Clock()), list[str]()
    await left(rows, "held")
    await Log(rows).claim("held", "the living", ttl_s=5)
    async with process(rows, agents=[answering(asked)], keeping=BRIEF) as only:
        assert await only.runtime.recover() == []
        await settle(lambda: caplog.text.count("run held was not recovered: run held is driven by the living") == 2)
    assert asked == []


async def test_those_that_were_there_at_each_crash_begin_a_turn_one_by_one() -> None:
    """Who brings the process down again is alone then; the least suspicious comes first, and nobody is forgotten."""
    rows, asked = MemoryRows(), list[str]()
    counts = {"worst": WORN + 1, "bad": WORN, "well": 0}
    for run_id, attempts in counts.items():
        await left(rows, run_id, attempts)
    gates = {run_id: Gate() for run_id in counts}
    async with process(rows, agents=[answering(asked, gates)]) as only:
        runs = await only.runtime.recover()
        assert {run.id for run in runs} == set(counts)
        for so_far in (["bad", "well"], ["bad", "well", "worst"]):
            await settle(lambda: len(asked) == len(so_far))  # noqa: B023 - it is called in this turn of the loop
            await _turns()
            assert sorted(asked) == so_far
            gates["bad"].open.set()
        for gate in gates.values():
            gate.open.set()
        assert [(await run.result()).output for run in runs] == [run.id for run in runs]


async def _turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_suspect_that_takes_its_time_does_not_hold_up_the_others() -> None:
    """What has lived for as long as a lease brings nothing down at once."""
    rows, asked = MemoryRows(), list[str]()
    for run_id in ("slow", "next"):
        await left(rows, run_id, WORN)
    gates = {run_id: Gate() for run_id in ("slow", "next")}
    async with process(rows, agents=[answering(asked, gates)], keeping=BRIEF) as only:
        await only.runtime.recover()
        await settle(lambda: len(asked) == 2)


async def test_a_suspect_that_is_given_up_is_no_reason_to_wait() -> None:
    """The dead letter ends at once, and the next one begins; one whose agent is not known is passed over."""
    rows, asked = MemoryRows(), list[str]()
    await left(rows, "worn out", KeepOptions().attempts)
    await left(rows, "worn", WORN)
    async with process(rows, agents=[answering(asked)]) as only:
        given_up = {run.id: await run.outcome() for run in await only.runtime.recover()}
        assert {run_id: outcome.status for run_id, outcome in given_up.items()} == {
            "worn": "completed",
            "worn out": "failed",
        }
    async with process(rows) as strange:
        await left(rows, "unknown", WORN)
        await strange.runtime.recover()
        await _turns()
    assert asked == ["worn"]


async def test_what_is_left_is_no_reason_to_go_on() -> None:
    """While its runtime closes, no other suspect is taken up, for it would be stopped at once, and that is an end."""
    rows, asked = MemoryRows(), list[str]()
    gates = {"one": Gate(), "two": Gate()}
    for run_id in gates:
        await left(rows, run_id, WORN)
    async with process(rows, agents=[answering(asked, gates)]) as only:
        await only.runtime.recover()
        await settle(lambda: len(asked) == 1)
    assert len(asked) == 1
    assert [info.status for info in await Log(rows).runs()] == [None, None]
    assert 1 + WORN in [len(await logged(rows, run_id)) for run_id in gates]


async def test_a_suspect_that_somebody_else_takes_is_no_reason_to_wait() -> None:
    """It is another process's then, and the next one's turn."""
    rows, asked = MemoryRows(clock=(clock := Clock())), list[str]()
    gates = {"one": Gate(), "two": Gate()}
    for run_id in gates:
        await left(rows, run_id, WORN)
    async with process(rows, agents=[answering(asked, gates)]) as only:
        await only.runtime.recover()
        await settle(lambda: len(asked) == 1)
        clock.now += 31
        await Log(rows).claim(asked[0], "another")
        gates[asked[0]].open.set()
        await settle(lambda: len(asked) == 2)


class Reading(Log):
    """A log that notes whose events are read, and cannot read those of one run."""

    def __init__(self, rows: MemoryRows) -> None:
        super().__init__(rows, poll_s=0.001)
        self.read_runs: list[str] = []

    async def read(self, run_id: str, *, after: int = 0) -> AsyncGenerator[Event, None]:
        self.read_runs.append(run_id)
        if run_id == "damaged":
            raise StoreDamaged("it is damaged", run_id=run_id)
        async with aclosing(super().read(run_id, after=after)) as events:
            async for event in events:
                yield event


async def test_what_others_leave_behind_is_taken_up_as_it_comes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who lives looks again and again; that with which there is nothing to do is not read again before it changes."""
    rows, asked, clock = MemoryRows(), list[str](), LoopClock(monkeypatch)
    async with process(rows) as first:
        waiting = (await parked(first, refunder())).id
    await left(rows, "damaged")
    log = Reading(rows)
    async with Runtime(store=log, agents=[answering(asked), refunder()]) as runtime:
        assert await runtime.recover(every_s=5.0) == []
        assert (sorted(log.read_runs), caplog.text.count("it is damaged")) == (sorted(["damaged", waiting]), 1)
        await left(rows, "late")
        for seconds in (0.0, 4.9):
            await clock.forward(seconds)
            assert asked == []
        await clock.forward(0.2)
        await settle(lambda: asked == ["late"])
        assert (await (await runtime.get("late")).result()).output == "late"
        log.read_runs.clear()
        async with process(rows) as other:
            await other.runtime.decide(waiting, "3.0", approve=True)
        for _ in range(2):
            await clock.forward(5.1)
        assert (await (await runtime.get(waiting)).result()).output == "done"
        assert "damaged" not in log.read_runs
        # The store is away for once, which is no reason to stop looking.
        monkeypatch.setattr(log, "runs", _away)
        await clock.forward(5.1)
        assert "runs could not be recovered: it is away" in caplog.text


@pytest.mark.parametrize(
    "wrong", [{"lease_s": 0}, {"patience_s": -1}, {"attempts": 0}, {"recover_at_once": 0}, {"lease_s": "long"}]
)
def test_bounds_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    """Where they are written, and naming the one."""
    with pytest.raises(BadInput, match=f"{next(iter(wrong))}=.*: give "):
        KeepOptions(**wrong)


async def _away(**_: object) -> list[RunInfo]:
    raise StoreBusy("it is away")


async def test_what_was_only_looked_at_is_kept_by_nobody() -> None:
    """Not even until the garbage collector comes: a store may have more runs that wait than memory has room for."""
    rows = MemoryRows()
    async with process(rows, agents=[refunder()]) as only:
        run_id = (await parked(only, refunder())).id
    collects = gc.isenabled()
    gc.disable()
    try:
        async with process(rows, agents=[refunder()]) as only:
            assert await only.runtime.recover() == []
            assert not only.runtime._stored.shelf.known  # pyright: ignore[reportPrivateUsage,reportOptionalMemberAccess]
            reader = (await only.runtime.get(run_id)).events(ephemeral=True)
            again = await only.runtime.decide(run_id, "3.0", approve=True)
            seen = [event async for event in reader]
            assert [event for event in seen if event.durable] == list(again.log)
            assert not all(event.durable for event in seen), "who reads a run holds it, so it is the one that goes on"
    finally:
        if collects:
            gc.enable()


async def test_no_more_go_on_at_once_than_there_is_room_for() -> None:
    """However many there are: those behind are not even read before others end, suspects among them."""
    rows, asked = MemoryRows(), list[str]()
    gates = {run_id: Gate() for run_id in ("oldest", "suspect", "newer", "newest")}
    for run_id in gates:
        await left(rows, run_id, WORN if run_id == "suspect" else 0)
    log, keeping = Reading(rows), KeepOptions(recover_at_once=2)
    async with Runtime(store=log, agents=[answering(asked, gates)], keeping=keeping) as runtime:
        assert [run.id for run in await runtime.recover()] == ["newest", "newer"]
        await settle(lambda: len(asked) == 2)
        assert set(log.read_runs) == {"newest", "newer"}
        for done, begun in (("newest", ["suspect"]), ("suspect", ["oldest"])):
            gates[done].open.set()
            await settle(lambda: len(runtime.runs) == 2 and asked[-1:] == begun)  # noqa: B023 - called in this turn
        for gate in gates.values():
            gate.open.set()
        assert [(await (await runtime.get(run_id)).result()).output for run_id in gates] == list(gates)


async def test_looking_again_can_be_called_off_by_looking_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later call takes the place of an earlier one."""
    rows, asked, clock = MemoryRows(), list[str](), LoopClock(monkeypatch)
    async with process(rows, agents=[answering(asked)]) as only:
        await only.runtime.recover(every_s=5.0)
        await clock.forward(0.0)
        await only.runtime.recover()
        await left(rows, "late")
        await clock.forward(10.0)
        assert asked == []
        with pytest.raises(BadInput, match="every_s=0"):
            await only.runtime.recover(every_s=0)
