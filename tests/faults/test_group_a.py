"""Faults of the bus and its subscribers: whatever an observer does, the run neither notices nor waits."""

import asyncio
import gc
import logging
import weakref
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.bus import EventsDropped, PublishCycle, Recorder, SubscriberFailed
from loopbus.events import Custom, Event, RunFinished, RunStarted, TextDelta, ToolFinished, TurnStarted
from loopbus.runtime import Agent, OutOfOrder, Run, RunFailed, Runtime
from loopbus.tools import ToolContext, tool

from .house import CANARY, PATIENCE_S, add, agent, house, settle
from .invariants import normal


class Noted(Custom, name="tests.noted"):
    """An application's own fact. Published by the tools of these tests."""

    number: int = 0


@tool
async def note_many(context: ToolContext, count: int) -> int:
    """Put so many facts into the log."""
    for number in range(count):
        context.emit_nowait(Noted(number=number))
    return count


OWN = (RunStarted, Noted, RunFinished)


def two_turns() -> Agent:
    """An agent that calls a tool and answers."""
    return agent(call("add", a=1, b=2), text("3"), tools=[add], scripted={"per_run": True})


async def alone() -> list[dict[str, Any]]:
    """What the log of ``two_turns`` is where nobody listens."""
    async with house() as quiet:
        run = await quiet.start(two_turns())
        await run.outcome()
        return normal(run.log)


async def test_f01_an_observer_that_raises_changes_nothing_and_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    """The run goes as without it, every other observer hears every event, and one ``SubscriberFailed`` says who."""
    calls: list[Event] = []

    async def broken(event: Event) -> None:
        calls.append(event)
        raise ValueError("no such column")

    async with house() as tested:
        others = Recorder()
        tested.runtime.observe(Event, name="ledger")(broken)
        tested.runtime.subscribe(others)
        run = await tested.start(two_turns())
        assert (await run.result()).output == "3"
        failed = await others.expect(SubscriberFailed)
        await tested.runtime.bus.drain()
        assert [event.seq for event in others.of(Event) if event.durable] == [event.seq for event in run.log]
    assert (failed.subscriber, failed.run_id, failed.heard, failed.detached) == ("ledger", run.id, "RunStarted", True)
    assert "no such column" in failed.error
    assert len(others.of(SubscriberFailed)) == 1
    assert len(calls) == 1
    assert [record.name for record in caplog.records if "ledger" in record.getMessage()] == ["loopbus.bus"]
    assert normal(run.log) == await alone()


async def test_f01_a_kept_observer_hears_on_after_its_failure() -> None:
    """``on_error="keep"`` leaves the subscription; the failure is still said only once."""
    calls: list[int] = []

    async with house() as tested:
        others = Recorder()
        tested.runtime.subscribe(others)

        @tested.runtime.observe(TurnStarted, on_error="keep")
        async def broken(event: TurnStarted) -> None:
            calls.append(event.turn)
            raise KeyError("turn")

        await tested.outcome(two_turns())
        await tested.runtime.bus.drain()
        assert len(others.of(SubscriberFailed)) == 1
    assert calls[:2] == [1, 2]


STAGES = {
    "begin.Begin": "RunStarted",
    "prompt.Prompt": "TurnStarted",
    "model.AskModel": "ModelRequested",
    "route.Route": "ModelReplied",
    "tools.CallTools": "ToolRequested",
    "done.Done": "ToolFinished",
    "advance.Advance": "TurnFinished",
}


@pytest.mark.parametrize("error", [ValueError, SystemExit, asyncio.CancelledError, RecursionError])
@pytest.mark.parametrize("stage", STAGES)
async def test_f02_a_stage_that_raises_ends_the_run_failed_and_is_named(
    stage: str, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever: the run ends with the stage, the cause and the run's id, and the process lives on."""

    async def broken(*_: object) -> None:
        raise error("broken")

    async with house() as tested:
        with monkeypatch.context() as broken_only:
            broken_only.setattr(f"loopbus.handlers.stages.{stage}.__call__", broken)
            run = await tested.start(two_turns())
            with pytest.raises(RunFailed, match=run.id) as caught:
                await run.result()
    fault = caught.value.result.error
    assert fault is not None
    assert fault.where == f"loopbus.handlers.stages.{stage}"
    assert fault.kind == error.__name__
    assert f"on {STAGES[stage]}: {error.__name__}: broken" in fault.message
    assert isinstance(caught.value.__cause__, error)


async def test_f02_a_stage_that_causes_what_may_not_follow_ends_the_run_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order table refuses it, the log stays readable along that table, and the error names both."""

    async def hasty(*_: object) -> ToolFinished:
        return ToolFinished(call_id="x", name="rm", outcome="ok", output="")

    async with house() as tested:
        with monkeypatch.context() as hasty_only:
            hasty_only.setattr("loopbus.handlers.stages.begin.Begin.__call__", hasty)
            run = await tested.start(two_turns())
            with pytest.raises(RunFailed, match="ToolFinished cannot happen while a run is ready") as caught:
                await run.result()
    assert isinstance(caught.value.__cause__, OutOfOrder)
    assert [type(event).__name__ for event in run.log] == ["RunStarted", "RunFinished"]


async def test_f04_a_slow_observer_holds_no_run_up() -> None:
    """Runs end while an observer still sits on its first event; it then hears all the others, in order."""
    go_on = asyncio.Event()
    heard: list[tuple[str, int]] = []

    async with house() as tested:

        @tested.runtime.observe(Event)
        async def slow(event: Event) -> None:
            await go_on.wait()
            if event.durable:
                heard.append((event.run_id, event.seq))

        runs = [await tested.start(two_turns()) for _ in range(50)]
        for run in runs:
            await run.outcome()
        assert heard == []
        go_on.set()
        await tested.runtime.bus.drain()
        for run in runs:
            assert [seq for run_id, seq in heard if run_id == run.id] == [event.seq for event in run.log]


async def test_f05_an_observer_that_never_returns_loses_events_and_the_log_none() -> None:
    """Its queue is bounded, what it missed is said, 10,000 events are in the log, and closing does not wait for it."""
    others, handled = Recorder(), list[int]()
    async with Runtime(grace_s=0.05, subscribers=[others]) as runtime:

        @runtime.observe(OWN, name="stuck", capacity=100)
        async def stuck(event: Event) -> None:
            handled.append(event.seq)
            await asyncio.Event().wait()

        run = await runtime.start(agent(call("note_many", count=10_000), text("done"), tools=[note_many]), "go")
        assert (await run.result()).output == "done"
        await settle(lambda: others.of(EventsDropped))
    assert [event.seq for event in run.log] == list(range(1, len(run.log) + 1))
    assert sum(isinstance(event, Noted) for event in run.log) == 10_000
    (dropped,) = others.of(EventsDropped)
    assert len(handled) == 1
    assert (dropped.subscriber, dropped.count) == ("stuck", 10_002 - 100 - len(handled))


async def test_f07_runs_that_are_over_leave_memory_and_new_ones_are_never_refused() -> None:
    """The runtime lists only runs that go on; of those that are over it keeps the last 1,024, for ``find``."""
    async with Runtime() as runtime:
        runs = [weakref.ref(await runtime.start(CANARY, "go")) for _ in range(1_500)]
        assert len(runtime.runs) == 1_500
        await settle(lambda: not runtime.runs)
        # The task that wrote the terminal event still has to end.
        await asyncio.sleep(0)
        gc.collect()
        assert [run() is not None for run in runs] == [False] * 476 + [True] * 1_024
        assert (await runtime.run(CANARY, "go")).output == "42"


async def test_f08_an_observer_may_start_a_run_and_wait_for_it() -> None:
    """A handler that awaits what it caused on the same bus does not wait for itself."""
    outputs: list[object] = []

    async with house() as tested:

        @tested.runtime.observe(ToolFinished.where(name="wait"))
        async def ask_again(_: ToolFinished) -> None:
            outputs.append((await tested.outcome(two_turns())).output)

        @tool
        async def wait() -> str:
            """Do nothing."""
            return "done"

        await tested.outcome(agent(call("wait"), text("first"), tools=[wait]))
        await settle(lambda: outputs)
    assert outputs == ["3"]


async def test_f09_a_subscriber_that_triggers_itself_is_stopped_and_the_cycle_named() -> None:
    """An observer that answers each run's start with another is told ``PublishCycle``; no half-started run stays."""
    started: list[Run] = []

    async with house() as tested:
        others = Recorder()
        tested.runtime.subscribe(others)

        @tested.runtime.observe(RunStarted, name="echo")
        async def echo(_: RunStarted) -> None:
            started.append(await tested.start(two_turns(), session=f"chain {len(started)}"))

        await tested.outcome(two_turns())
        failed = await others.expect(SubscriberFailed)
        await tested.runtime.bus.drain()
        assert PublishCycle.__name__ in failed.error
        assert "RunStarted -> RunStarted" in failed.error
        free = await tested.start(two_turns(), session=f"chain {len(started)}")
        await free.outcome()
    assert 0 < len(started) < 100


def another(_: Event) -> Event:
    """Derive a new fact."""
    return Noted()


def itself(event: Event) -> Event:
    """Derive the very event that was heard."""
    return event


def ignore(_: Event) -> None:
    """Hear an event, and do nothing."""


@pytest.mark.parametrize("make", [another, itself])
async def test_f09_a_deriver_that_triggers_itself_is_stopped(make: Callable[[Event], Event]) -> None:
    """Facts derived from each other without end are cut at a bounded number; the run completes."""
    async with house() as tested:
        others = Recorder()
        tested.runtime.subscribe(others)
        tested.runtime.derive((Noted, TurnStarted), name="mirror")(make)
        run = await tested.start(two_turns())
        assert (await run.result()).output == "3"
        assert (await others.expect(SubscriberFailed)).subscriber == "mirror"
        assert len(run.log) < 100


async def test_f11_ten_thousand_short_runs_leave_nothing_behind() -> None:
    """No queue, task, future, run or event of a finished run is alive, and nothing has grown meanwhile."""
    async with Runtime(blocked_s=PATIENCE_S) as runtime:
        for _ in range(3):
            runtime.observe(Event, name="one of three")(ignore)
        # More than the runtime keeps of those that are over.
        await _many(runtime, 1_100)
        before = _census()
        await _many(runtime, 9_000)
        after = _census()
    assert {name: after[name] for name in after if after[name] > before[name]} == {}


async def _many(runtime: Runtime, runs: int) -> None:
    brief = agent(text("42"), scripted={"per_run": True, "keep": 0})
    for _ in range(runs):
        await runtime.run(brief, "What is 17 + 25?")
    await runtime.bus.drain()


def _census() -> Counter[str]:
    """How many objects of ours, tasks and futures are alive."""
    gc.collect()
    kinds = Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())
    ours = ("loopbus.", "_asyncio.", "asyncio.")
    return Counter({name: count for name, count in kinds.items() if name.startswith(ours)})


async def test_f12_tasks_survive_the_garbage_collector() -> None:
    """Nothing that runs is held only by itself: collecting at every wait loses no tool call and no run."""

    @tool
    async def collect(number: int) -> int:
        """Collect garbage, let others run, and return the number."""
        gc.collect()
        await asyncio.sleep(0)
        gc.collect()
        return number

    async with house() as tested:
        script = [[call("collect", number=number) for number in range(3)], text("done")]
        assert (await tested.outcome(agent(*script, tools=[collect]))).output == "done"


async def test_f13_an_event_cannot_be_changed_by_those_who_hear_it() -> None:
    """Writing to an event raises in the subscriber that tries; the others, and the log, have the original."""
    async with house() as tested:
        others = Recorder()

        @tested.runtime.observe(ToolFinished)
        async def forge(event: ToolFinished) -> None:
            event.output = "forged"

        tested.runtime.subscribe(others)
        run = await tested.start(two_turns())
        await run.outcome()
        assert "frozen" in (await others.expect(SubscriberFailed)).error
        assert [event.output for event in others.of(ToolFinished)][:1] == ["3"]
        assert [event.output for event in run.log if isinstance(event, ToolFinished)] == ["3"]


async def test_an_observer_of_pieces_costs_the_log_nothing() -> None:
    """Deltas are heard and never stored: the log is the same whoever listens to them."""
    script = Scripted([text("one two three")], stream="words")
    async with house() as tested:
        others = Recorder()
        tested.runtime.subscribe(others)
        run = await tested.start(Agent(script))
        await run.outcome()
        await tested.runtime.bus.drain()
        assert "".join(event.text for event in others.of(TextDelta) if event.run_id == run.id) == "one two three"
        assert not any(isinstance(event, TextDelta) for event in run.log)


async def test_a_runtime_closes_though_its_observers_are_stuck() -> None:
    """Leaving the block takes the grace time at most, and what would not end is listed."""
    release = asyncio.Event()
    async with asyncio.timeout(PATIENCE_S):
        async with Runtime(grace_s=0.02) as runtime:

            @runtime.observe(Event, name="stuck")
            async def stuck(_: Event) -> None:
                while not release.is_set():
                    try:
                        await release.wait()
                    except asyncio.CancelledError:
                        continue

            await runtime.run(CANARY, "go")
        assert [zombie.what for zombie in runtime.zombies] == ["observer stuck"]
        release.set()
        await settle(lambda: not runtime.zombies)


def test_nothing_is_logged_that_nobody_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    """A run that goes well says nothing to the log by itself."""
    with caplog.at_level(logging.DEBUG, logger="loopbus"):
        assert CANARY.run_sync("What is 17 + 25?").output == "42"
    assert caplog.records == []
