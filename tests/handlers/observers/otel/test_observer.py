"""A run is a tree of spans, and every one of them ends."""

import asyncio
import logging

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from loopbus import Agent, Limits, Runtime, tool
from loopbus.backends import Scripted, call, fail, reply, text
from loopbus.backends.errors import Busy
from loopbus.bus import EventsDropped, TaskOwner
from loopbus.bus.bus import Bus
from loopbus.events import Event, RunFinished, TextDelta, Usage
from loopbus.handlers.observers import OpenTelemetrySpans
from loopbus.handlers.policies import ToolAccess

from ....bus.clock import Clock
from ...story import BEGAN, an_addition, requested, stamped, started
from .spans import Collected, attributes, own_id, parent_id


@pytest.fixture
def collected() -> Collected:
    """An SDK of the test's own."""
    return Collected()


@tool
async def add(a: int, b: int) -> int:
    """Add."""
    return a + b


@tool
async def hang() -> None:
    """Never end by itself."""
    await anyio.sleep_forever()


def adder() -> Agent:
    """An agent whose model calls one tool and answers."""
    model = Scripted([reply(call("add", a=17, b=25), usage=Usage(10, 5)), reply("42", usage=Usage(20, 2))], stream=1)
    return Agent(model, tools=[add], name="adder")


async def test_a_run_is_a_tree_of_spans(collected: Collected) -> None:
    """The model calls and the tool calls are children of the run."""
    async with Runtime(subscribers=[OpenTelemetrySpans(collected.provider)]) as runtime:
        await runtime.run(adder(), "17 + 25?")
    root = collected.one("invoke_agent adder")
    children = [*collected.named("chat scripted"), collected.one("execute_tool add")]
    assert [parent_id(span) for span in children] == [own_id(root)] * 3
    assert parent_id(root) is None
    assert (collected.open, len(collected.ended)) == (0, 4)
    assert collected.ended[-1] is root


def test_times_are_the_events_own(collected: Collected) -> None:
    """Not those at which an observer came to hear of them."""
    observer = OpenTelemetrySpans(collected.provider)
    for event in an_addition():
        observer(event)
    begun = {
        span.name: ((span.start_time or 0) / 1e9 - BEGAN, (span.end_time or 0) / 1e9 - BEGAN)
        for span in collected.ended[:2]
    }
    assert begun == {"chat gpt-5.2": (2, 3), "execute_tool add": (5, 6)}
    root = collected.one("invoke_agent")
    assert (root.start_time, root.end_time) == (int(BEGAN * 1e9), int((BEGAN + 12) * 1e9))


async def test_a_run_is_a_child_of_the_span_that_was_current_where_it_was_started(collected: Collected) -> None:
    """Each of many concurrent runs has its own, though one observer hears all; the caller's context is left alone."""
    tracer = collected.provider.get_tracer("a web framework")

    async def request(runtime: Runtime, number: int) -> None:
        with tracer.start_as_current_span(f"request {number}") as span:
            await runtime.run(Agent(Scripted(["hi"], delay_s=0.001), name=f"agent {number}"), "hello")
            assert trace.get_current_span() is span

    async with Runtime() as runtime:
        with tracer.start_as_current_span("start-up"):
            runtime.subscribe(OpenTelemetrySpans(collected.provider))
        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(request(runtime, number))
    for number in range(20):
        root, caller = collected.one(f"invoke_agent agent {number}"), collected.one(f"request {number}")
        assert parent_id(root) == own_id(caller)
        assert root.context is not None
        assert caller.context is not None
        chats = [span for span in collected.named("chat") if parent_id(span) == own_id(root)]
        assert [chat.context.trace_id for chat in chats if chat.context] == [caller.context.trace_id]


async def test_a_run_without_a_callers_span_is_a_root(collected: Collected) -> None:
    """A span that was current where the observer was attached has nothing to do with it."""
    tracer = collected.provider.get_tracer("an application")
    async with Runtime() as runtime:
        with tracer.start_as_current_span("start-up"):
            runtime.subscribe(OpenTelemetrySpans(collected.provider))
        await runtime.run(adder(), "17 + 25?")
    assert parent_id(collected.one("invoke_agent")) is None


async def test_a_cancelled_run_leaves_no_span_open(collected: Collected) -> None:
    """In the middle of a tool call; it is nobody's error, and nothing was ever attached to a context."""
    async with Runtime(subscribers=[OpenTelemetrySpans(collected.provider)]) as runtime:
        run = await runtime.start(Agent(Scripted([call("hang"), text("x")]), tools=[hang]), "wait")
        async for event in run.events():
            if event.event_name == "ToolStarted":
                break
        await run.cancel("enough")
    assert (collected.open, len(collected.ended)) == (0, 3)
    root = collected.one("invoke_agent")
    assert attributes(root)["loopbus.status"] == "cancelled"
    assert root.status.status_code is StatusCode.UNSET


async def test_breaking_out_of_a_stream_detaches_nothing(
    collected: Collected, caplog: pytest.LogCaptureFixture
) -> None:
    """A reader that leaves early, in a context of its own, ends no span twice and fails to detach none (F55)."""
    caplog.set_level(logging.WARNING)
    async with Runtime(subscribers=[OpenTelemetrySpans(collected.provider)]) as runtime:
        run = await runtime.start(adder(), "17 + 25?")
        async for event in run.events(ephemeral=True):
            if isinstance(event, TextDelta):
                break
        await run.result()
    assert (collected.open, len(collected.ended)) == (0, 4)
    assert not [record for record in caplog.records if record.name.startswith("opentelemetry")]


@given(drops=st.sets(st.integers(1, 12)))
def test_whatever_is_dropped_every_span_ends(drops: set[int]) -> None:
    """An observer that was too slow says so on what it has of the run, and holds nothing for the rest."""
    collected = Collected()
    observer = OpenTelemetrySpans(collected.provider)
    for event in an_addition():
        if event.seq in drops:
            observer(
                EventsDropped(run_id=event.run_id, subscriber="OpenTelemetrySpans", first_seq=1, last_seq=13, count=1)
            )
        else:
            observer(event)
    assert collected.open == 0
    if drops - {1}:
        assert all(attributes(root).get("loopbus.events_dropped", 1) for root in collected.named("invoke_agent"))


def test_what_another_subscriber_missed_is_none_of_its_business(collected: Collected) -> None:
    """Its own spans go on."""
    observer = OpenTelemetrySpans(collected.provider)
    log = an_addition()
    observer(log[0])
    observer(EventsDropped(run_id="abc-1", subscriber="somebody", first_seq=1, last_seq=2, count=1))
    assert collected.open == 1
    observer.close()


async def test_a_real_overflow_leaves_no_span_open(collected: Collected, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bus says whose events it dropped, and what waited for an end that is lost is ended."""
    clock, owner = Clock(monkeypatch), TaskOwner("the test")
    bus = Bus(owner.spawn)
    OpenTelemetrySpans(collected.provider).attach(bus)
    runs = [an_addition(f"r-{number}") for number in range(10)]
    for event in (event for run in runs for event in run[:6]):
        bus.publish(event)
    await bus.drain()
    assert collected.open == 20
    for event in (event for run in runs for event in run[6:]):
        bus.publish(event)
    for number in range(5000):
        bus.publish(*stamped(requested(), run_id=f"flood-{number}"))
    await bus.drain()
    assert collected.open == 20
    await clock.forward(1)
    await bus.drain()
    assert collected.open == 0
    bus.close()
    await owner.aclose(1)


def test_closing_ends_what_is_open(collected: Collected) -> None:
    """Runs that go on are not traced any further."""
    observer = OpenTelemetrySpans(collected.provider)
    for event in an_addition()[:6]:
        observer(event)
    assert collected.open == 2
    observer.close()
    for event in an_addition()[6:]:
        observer(event)
    assert (collected.open, len(collected.ended)) == (0, 3)


def test_open_runs_are_bounded(collected: Collected) -> None:
    """The oldest is ended where there are too many, whoever lost its last event."""
    observer = OpenTelemetrySpans(collected.provider, capacity=3)
    for number in range(10):
        observer(*stamped(started(), run_id=f"r-{number}"))
    assert (collected.open, len(collected.ended)) == (3, 7)
    observer.close()


async def test_a_failed_run_says_why(collected: Collected) -> None:
    """On the run and on the model call, by the error's type, without the key in its text."""
    model = Scripted([fail(Busy("too many requests for sk-abcdefgh12345678"))])
    async with Runtime(subscribers=[OpenTelemetrySpans(collected.provider)]) as runtime:
        await (await runtime.start(Agent(model), "hello")).outcome()
    for span in (collected.one("chat"), collected.one("invoke_agent")):
        assert attributes(span)["error.type"] == "Busy"
        assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "too many requests for ***")


async def test_a_run_that_reached_a_limit_is_an_error(collected: Collected) -> None:
    """Its answer is not whole, and that can be searched for."""
    async with Runtime(subscribers=[OpenTelemetrySpans(collected.provider)]) as runtime:
        run = await runtime.start(adder(), "17 + 25?", limits=Limits(turns=1))
        await run.outcome()
    root = collected.one("invoke_agent")
    assert (attributes(root)["error.type"], root.status.status_code) == ("limit", StatusCode.ERROR)


async def test_a_call_that_never_started_is_there_too(collected: Collected) -> None:
    """Denied by a policy: a span from the wish to the refusal, marked as what it is."""
    async with Runtime(subscribers=[OpenTelemetrySpans(collected.provider), ToolAccess(deny=["add"])]) as runtime:
        await runtime.run(adder(), "17 + 25?")
    span = collected.one("execute_tool add")
    assert attributes(span)["loopbus.tool.outcome"] == attributes(span)["error.type"] == "denied"
    assert attributes(span)["loopbus.tool.blame"] == "policy"


async def test_without_an_sdk_it_costs_nothing_and_breaks_nothing() -> None:
    """The API alone records nothing."""
    async with Runtime(subscribers=[OpenTelemetrySpans()]) as runtime:
        result = await runtime.run(adder(), "17 + 25?")
    assert result.output == "42"


def test_events_of_a_run_that_was_joined_late_are_left_out(collected: Collected) -> None:
    """Half a tree would have no root."""
    observer = OpenTelemetrySpans(collected.provider)
    log: list[Event] = an_addition()
    for event in log[3:]:
        observer(event)
    assert isinstance(log[-1], RunFinished)
    assert (collected.open, collected.ended) == (0, [])
