"""The runtime's own life: it opens once, closes whole, and refuses what comes before or after."""

import asyncio
import gc
import logging
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from loopbus.backends import Capabilities, Scripted, call, known, text
from loopbus.bus import BadSelector, Recorder
from loopbus.events import Custom, Event, RunFinished
from loopbus.runtime import Agent, BadInput, OtherLoop, Run, RunCancelled, Runtime, RuntimeClosed, UsageError
from loopbus.tools import ToolContext, tool

from ..faults.house import CANARY, PATIENCE_S, add, agent, house, settle
from ..faults.misbehaving import Gate, waiting


async def test_a_runtime_that_was_never_opened_or_is_closed_starts_nothing() -> None:
    """``RuntimeClosed`` says how it is meant to be used."""
    runtime = Runtime()
    with pytest.raises(RuntimeClosed, match="not open yet; use it inside `async with Runtime"):
        await runtime.start(CANARY, "go")
    await runtime.aclose()
    async with runtime:
        await runtime.run(CANARY, "go")
    with pytest.raises(RuntimeClosed, match="is closed; use it inside"):
        await runtime.run(CANARY, "go")
    await runtime.aclose()


async def test_a_runtime_lives_once() -> None:
    """Opening it a second time, while it is open or afterwards, is refused."""
    async with Runtime() as runtime:
        with pytest.raises(UsageError, match="opened before"):
            await runtime.open()
        assert (await runtime.run(CANARY, "go")).output == "42"
    with pytest.raises(UsageError, match="opened before"):
        await runtime.open()


async def test_a_runtime_that_cannot_be_opened_leaves_nothing() -> None:
    """A subscriber that does not say what it hears is refused, and the thread that was started already is gone."""
    tasks, threads = asyncio.all_tasks(), threading.active_count()
    with pytest.raises(BadSelector):
        await Runtime(subscribers=[Recorder(), "nonsense"]).open()
    assert (asyncio.all_tasks(), threading.active_count()) == (tasks, threads)


@pytest.mark.parametrize("sessions", [0, "many", 1.5])
def test_a_number_of_sessions_is_one_or_more(sessions: Any) -> None:
    """Naming the option."""
    with pytest.raises(BadInput, match=r"sessions=.*: give a whole number, 1 or more"):
        Runtime(sessions=sessions)


@pytest.mark.parametrize("option", ["grace_s", "blocked_s", "threads", "subscribers"])
@pytest.mark.parametrize("value", [-1, "soon", float("nan")])
def test_options_that_make_no_sense_are_refused(option: str, value: object) -> None:
    """Naming the option."""
    with pytest.raises(BadInput, match=option):
        Runtime(**{option: value})  # pyright: ignore[reportArgumentType] - what the test is about
    with pytest.raises(BadInput, match="threads=0: give a whole number, 1 or more"):
        Runtime(threads=0)


async def test_a_runtime_takes_no_runs_from_another_loop() -> None:
    """Its tasks would be woken by nobody there; the error says how a thread hands its work over."""
    async with Runtime() as runtime:
        with pytest.raises(OtherLoop, match=r"run_coroutine_threadsafe\(runtime.run"):
            await asyncio.to_thread(asyncio.run, runtime.start(CANARY, "go"))
        assert runtime.runs == ()


USES: dict[str, Callable[[Run], Coroutine[Any, Any, object]]] = {
    "cancel": Run.cancel,
    "outcome": Run.outcome,
    "result": Run.result,
    "send": lambda run: run.send("hello"),
    "decide": lambda run: run.decide("3.0", approve=True),
}


@pytest.mark.parametrize("use", USES)
async def test_a_run_that_goes_on_is_used_in_its_own_loop(use: str) -> None:
    """Elsewhere it is refused, and nothing happens to the run; once it is over it can be asked from anywhere."""
    gate = Gate()
    async with Runtime() as runtime:
        run = await runtime.start(agent(call("wait"), text("done"), tools=[waiting(gate)]), "go")
        await gate.reached.wait()
        with pytest.raises(OtherLoop, match="goes on in another event loop"):
            await asyncio.to_thread(asyncio.run, USES[use](run))
        gate.open.set()
        assert (await run.outcome()).status == "completed"
        assert (await asyncio.to_thread(asyncio.run, run.outcome())).output == "done"


async def test_subscribers_hear_what_was_published_before_the_runtime_closes() -> None:
    """Closing waits for observers that are only a little behind."""
    heard = Recorder()
    async with Runtime(subscribers=[heard]) as runtime:
        await runtime.run(CANARY, "go")
    assert len(heard.of(RunFinished)) == 1


async def test_closing_twice_at_once_is_harmless() -> None:
    """Both callers come back when it is closed."""
    runtime = Runtime()
    await runtime.open()
    run = await runtime.start(agent(call("wait"), tools=[waiting(Gate())]), "go")
    async with asyncio.TaskGroup() as group:
        group.create_task(runtime.aclose())
        group.create_task(runtime.aclose())
    assert run.status == "cancelled"


async def test_a_tool_may_close_the_runtime_that_it_runs_in() -> None:
    """The run ends cancelled like any other, and leaving the block finishes what the tool began."""
    tasks, threads = asyncio.all_tasks(), threading.active_count()
    async with Runtime(grace_s=0.05) as runtime:

        @tool
        async def shut() -> None:
            """Close everything."""
            await runtime.aclose()

        run = await runtime.start(agent(call("shut"), tools=[shut]), "go")
        with pytest.raises(RunCancelled):
            await run.result()
    assert (asyncio.all_tasks(), threading.active_count()) == (tasks, threads)


async def test_closing_goes_on_to_its_end_though_it_is_cancelled() -> None:
    """Threads, tasks and backends are released whoever loses patience meanwhile."""
    release = asyncio.Event()

    async def stuck(_: Event) -> None:
        await release.wait()

    tasks, threads = asyncio.all_tasks(), threading.active_count()
    runtime = Runtime()
    await runtime.open()
    runtime.observe(RunFinished)(stuck)
    await runtime.run(CANARY, "go")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await runtime.aclose()
    assert (asyncio.all_tasks(), threading.active_count()) == (tasks, threads)


class Named:
    """A backend that is asked for by its name, and so belongs to the runtime."""

    model = "named"
    capabilities = Capabilities()

    def __init__(self, *, fails: bool = False, hangs: bool = False) -> None:
        self.closed = 0
        self._fails = fails
        self._hangs = hangs
        self.stream = Scripted([text("hello")] * 9).stream

    async def aclose(self) -> None:
        self.closed += 1
        if self._hangs:
            await asyncio.Event().wait()
        if self._fails:
            raise OSError("the connection is gone")


async def test_backends_by_name_are_shared_and_closed_with_the_runtime(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One for each name, made when it is first wanted; one that does not close keeps no other from closing."""
    made = {"bad:": Named(fails=True), "slow:": Named(hangs=True), "good:": Named()}
    made_of: list[str] = []

    def resolve(name: str) -> Named:
        made_of.append(name)
        return made[name]

    monkeypatch.setattr("loopbus.runtime.prepared.resolve", resolve)
    with caplog.at_level(logging.ERROR, "loopbus"):
        async with Runtime(grace_s=0.02) as runtime:
            for name in (*made, *made):
                assert (await runtime.run(Agent(name), "go")).output == "hello"
    assert made_of == list(made)
    assert [backend.closed for backend in made.values()] == [1, 1, 1]
    assert [record.getMessage() for record in caplog.records] == [
        "the backend of model bad: did not close",
        "the backend of model slow: did not close",
    ]
    assert hasattr(known, "resolve")


async def test_a_backend_object_is_its_owners_to_close() -> None:
    """A runtime closes only what it made."""
    mine = Named()
    async with Runtime() as runtime:
        await runtime.run(Agent(mine), "go")
    assert mine.closed == 0


async def test_agents_are_not_kept_by_a_runtime_that_has_run_them() -> None:
    """What was put together for an agent goes with the agent."""
    async with Runtime() as runtime:
        brief = agent(text("done"))
        await runtime.run(brief, "go")
        known_agent = weakref.ref(brief)
        del brief
        await asyncio.sleep(0)
        gc.collect()
        assert known_agent() is None


class Noticed(Custom, name="tests.noticed"):
    """A tool noticed something. Published by the tools of these tests."""

    what: str


async def test_a_tool_has_its_deps_may_emit_its_own_events_and_nothing_else() -> None:
    """Facts of the application stand in the log, caused by the call; a tool cannot claim what did not happen."""

    @tool
    async def notice(context: ToolContext[dict[str, str]]) -> str:
        """Notice."""
        await context.emit(Noticed(what=context.deps["tenant"]))
        context.emit_nowait(Noticed(what=context.idempotency_key))
        with pytest.raises(Exception, match="subclasses of Custom, and no RunFinished"):
            await context.emit(RunFinished(status="completed"))  # pyright: ignore[reportArgumentType]
        return "noticed"

    @tool
    def notice_in_thread(context: ToolContext[dict[str, str]]) -> str:
        """Notice, from another thread."""
        context.emit_nowait(Noticed(what="from a thread"))
        context.progress("half-way", 0.5)
        return "noticed"

    async with house() as tested:
        script = [call("notice"), call("notice_in_thread"), text("done")]
        run = await tested.start(agent(*script, tools=[notice, notice_in_thread]), deps={"tenant": "alice"})
        seen = [event async for event in run.events(ephemeral=True)]
    noticed = [event for event in run.log if isinstance(event, Noticed)]
    assert [event.what for event in noticed] == ["alice", f"{run.id}:4.0"[: len(run.id)] + ":3.0", "from a thread"]
    assert all(run.log[event.cause - 1].event_name == "ToolStarted" for event in noticed)
    assert [each.model_dump(include={"message", "fraction"}) for each in seen if each.event_name == "ToolProgress"] == [
        {"message": "half-way", "fraction": 0.5}
    ]


async def test_a_stream_of_all_runs_begins_when_it_is_opened() -> None:
    """``runtime.stream`` hears every run; leaving its block ends it."""
    async with house() as tested:
        await tested.outcome(CANARY)
        async with tested.runtime.stream(RunFinished) as finished:
            run = await tested.start(CANARY)
            async with asyncio.timeout(PATIENCE_S):
                assert (await anext(finished)).run_id == run.id


async def test_instructions_may_depend_on_who_asks() -> None:
    """A function of ``deps``, sync or async, asked at every turn; anything but a text fails the run."""
    model = Scripted([call("add", a=1, b=2), text("3"), text("hello")])
    asked: list[Any] = []

    async def tenant(deps: Any) -> str:
        asked.append(deps)
        return f"You serve {deps}."

    async with house() as tested:
        await tested.outcome(Agent(model, tenant, tools=[add]), deps="alice")
        await tested.outcome(Agent(model, lambda deps: f"You serve {deps}."), deps="bob")

        def odd(deps: object) -> Any:
            return 7

        result = await tested.outcome(agent(text("never"), instructions=odd))
    assert [request.instructions for request in model.requests] == ["You serve alice."] * 2 + ["You serve bob."]
    assert asked == ["alice"] * 2
    assert result.error is not None
    assert "gave 7" in result.error.message


async def test_closing_stops_what_a_stuck_run_left() -> None:
    """Threads that hang are listed until they end; nothing waits for them."""
    with_threads = Runtime(grace_s=0.02, threads=1)
    gate = threading.Event()

    @tool
    def hang() -> None:
        """Hang."""
        gate.wait(PATIENCE_S)

    async with with_threads:
        run = await with_threads.start(agent(call("hang"), tools=[hang]), "go")
        await settle(lambda: any(event.event_name == "ToolStarted" for event in run.log))
        await settle(lambda: with_threads._threads.busy)  # pyright: ignore[reportPrivateUsage] - until it hangs
    assert run.status == "cancelled"
    assert [zombie.what for zombie in with_threads.zombies] == [f"thread in {hang.fn.__qualname__}"]
    gate.set()
    await settle(lambda: not with_threads.zombies)
