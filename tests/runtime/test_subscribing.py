"""Whoever wants to know what happens in a runtime subscribes: by a decorator, as an object, or as a stream."""

from typing import Any

import pytest

from loopbus import intercept, observe
from loopbus.backends import call, text
from loopbus.bus import BadOption, BadSelector, Bus, CannotSpawn, Veto
from loopbus.events import Event, RunFinished, TextDelta, ToolFinished, ToolRequested, TurnStarted
from loopbus.runtime import Agent, Runtime

from ..faults.house import CANARY, add, agent, house


def adder(**options: Any) -> Agent:
    """An agent that adds once."""
    return agent(call("add", a=17, b=25), text("done"), tools=[add], **options)


async def test_an_observer_hears_what_it_named() -> None:
    """A class, its subclasses, a tuple of them, or those of which a condition holds; the function stays what it was."""
    heard: dict[str, list[Event]] = {"one": [], "all": [], "two": [], "some": [], "none": []}

    async def note(event: Event) -> None:
        heard["one"].append(event)

    async with house() as tested:
        assert tested.runtime.observe(ToolFinished)(note) is note
        tested.runtime.observe(Event)(heard["all"].append)
        tested.runtime.observe((TurnStarted, RunFinished))(heard["two"].append)
        tested.runtime.observe(ToolFinished.where(name="add"))(heard["some"].append)
        tested.runtime.observe(ToolFinished.where(name="sub"))(heard["none"].append)
        run = await tested.start(adder())
        await run.result()
        await tested.runtime.bus.drain()
    mine = {name: [event for event in events if event.run_id == run.id] for name, events in heard.items()}
    assert [event for event in mine["all"] if event.durable] == list(run.log)
    assert any(isinstance(event, TextDelta) for event in mine["all"])
    assert mine["one"] == mine["some"] == [event for event in run.log if isinstance(event, ToolFinished)]
    assert [type(event) for event in mine["two"]] == [TurnStarted, TurnStarted, RunFinished]
    assert mine["none"] == []


async def test_what_is_subscribed_in_the_middle_hears_from_then_on() -> None:
    """There is no time before which everything had to be set up."""
    heard: list[Event] = []
    async with house() as tested:
        await tested.outcome(adder())
        tested.runtime.observe(RunFinished)(heard.append)
        run = await tested.start(adder())
        await run.result()
        await tested.runtime.bus.drain()
        assert heard == [run.log[-1]]


async def test_what_is_subscribed_before_the_runtime_is_open_hears_all_from_the_beginning() -> None:
    """As in a module that makes its runtime, decorates its handlers, and is opened by an application later."""

    class Names:
        hears = (RunFinished,)

        def __call__(self, event: RunFinished) -> None:
            heard.append("object")

    heard: list[str] = []
    runtime = Runtime(subscribers=[observe(RunFinished)(lambda event: heard.append("first"))])
    runtime.observe(RunFinished)(lambda event: heard.append("decorated"))
    runtime.subscribe(Names())
    with pytest.raises(BadOption, match="overflow"):
        runtime.observe(RunFinished, overflow="drop")(print)  # pyright: ignore[reportArgumentType]
    async with runtime:
        await runtime.run(adder(), "What is 17 + 25?")
        await runtime.drain()
    assert heard == ["first", "decorated", "object"]
    with pytest.raises(CannotSpawn, match="closed"):
        runtime.observe(RunFinished)(print)


async def test_a_stream_is_an_iterator_over_all_runs() -> None:
    """Until it is left; pieces of messages come too, where they are asked for."""
    async with house() as tested:
        async with tested.runtime.stream((TextDelta, RunFinished)) as events:
            runs = [await tested.start(agent(text("hello"))) for _ in range(2)]
            for run in runs:
                await run.result()
            seen = [await anext(events) for _ in range(4)]
        await tested.outcome(adder())
    assert sorted((event.run_id, type(event).__name__) for event in seen) == [
        (run_id, kind) for run_id in sorted(run.id for run in runs) for kind in ("RunFinished", "TextDelta")
    ]


class Counter:
    """An object that says by itself what it hears."""

    hears = (ToolFinished, RunFinished)

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, event: Event) -> None:
        self.count += 1


def _refuse(_: Event) -> Veto:
    return Veto("attached")


class Attached:
    """An object that subscribes itself as it likes."""

    def attach(self, bus: Bus) -> None:
        bus.intercept(ToolRequested.where(name="refund"), _refuse)


async def test_objects_and_declared_functions_are_subscribed_alike() -> None:
    """When the runtime is opened, or later."""
    heard, counter = list[Event](), Counter()

    @observe(RunFinished)
    def ends(event: RunFinished) -> None:
        heard.append(event)

    @intercept(ToolRequested.where(name="never"))
    def never(event: ToolRequested) -> ToolRequested:
        raise AssertionError("no such tool is called")

    async with house(subscribers=[ends, counter]) as tested:
        tested.runtime.subscribe(never)
        run = await tested.start(adder())
        await run.result()
        await tested.runtime.bus.drain()
        assert heard == [run.log[-1]]
        assert counter.count == 2


async def test_an_object_may_attach_itself() -> None:
    """What it does to the bus is its own business."""
    async with house() as tested:
        tested.runtime.subscribe(Attached())
        run = await tested.start(agent(call("refund"), text("done")))
        await run.result()
    assert [event.output for event in run.log if isinstance(event, ToolFinished)] == ["Not allowed: attached"]


@pytest.mark.parametrize("nothing", [_refuse, 7, Counter], ids=["a plain function", "a number", "a class"])
async def test_what_does_not_say_what_it_hears_is_refused(nothing: Any) -> None:
    """With a word on how to say it."""
    async with house() as tested:
        with pytest.raises(BadSelector, match=r"does not say what it hears|subscribe an object of it"):
            tested.runtime.subscribe(nothing)


@pytest.mark.parametrize("way", ["observe", "intercept", "derive"])
async def test_a_subscription_to_nothing_is_refused_where_it_is_made(way: str) -> None:
    """A name in quotes is no class."""
    async with house() as tested:
        with pytest.raises(BadSelector):
            getattr(tested.runtime, way)("ToolFinished")(_refuse)


async def test_an_observer_that_is_detached_hears_no_more() -> None:
    """Also in the middle of a delivery, by itself."""
    heard: list[Event] = []
    async with house() as tested:

        def once(event: Event) -> None:
            heard.append(event)
            tested.runtime.bus.detach(observer)

        observer = tested.runtime.bus.observe(RunFinished, once)
        for _ in range(3):
            await tested.outcome(agent(text("yes")))
            await tested.runtime.bus.drain()
    assert len(heard) == 1


@pytest.mark.parametrize("way", ["observe", "intercept", "derive"])
async def test_a_decorator_without_its_event_is_refused_at_once(way: str) -> None:
    """It would be waiting for a handler, and none would ever be called."""

    def handler(event: Any) -> Any: ...

    async with Runtime() as runtime:
        with pytest.raises(BadSelector, match=r"write @observe\(ToolFinished\), with the event in parentheses"):
            getattr(runtime, way)(handler)


async def test_a_runtime_waits_for_its_observers() -> None:
    """``drain`` comes back when each has handled what has happened so far."""
    heard: list[Event] = []
    async with Runtime() as runtime:
        runtime.observe(RunFinished)(heard.append)
        await runtime.run(CANARY, "go")
        await runtime.drain()
        assert len(heard) == 1
