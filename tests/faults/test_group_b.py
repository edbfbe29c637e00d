"""Faults of tools and of models that call them wrongly: each ends as that call's result, and the run goes on."""

import asyncio
import sys
import threading
from contextvars import ContextVar
from typing import Any

import pytest

from loopbus.backends import Reply, Request, Scripted, call, reply, text
from loopbus.bus import Veto
from loopbus.events import (
    LoopDetected,
    Message,
    ModelReplied,
    ToolCall,
    ToolFinished,
    ToolRequested,
    ToolResult,
    ToolStarted,
    Usage,
)
from loopbus.runtime import Agent, LimitReached, Limits, Run, RunFailed, RunResult
from loopbus.tools import Tool, tool

from ..tools.blocking import blocker
from .house import CANARY, House, add, agent, house, settle
from .misbehaving import Gate, raising, waiting

tenant: ContextVar[str] = ContextVar("tenant", default="nobody")


def finished(run: Run) -> dict[str, ToolFinished]:
    """The results of a run by the names of the tools."""
    return {event.name: event for event in run.log if isinstance(event, ToolFinished)}


def results(messages: tuple[Message, ...] | list[Message]) -> list[ToolResult]:
    """Every result in a conversation, in order."""
    return [block for message in messages for block in message.content if isinstance(block, ToolResult)]


async def one_call(tested: House, bad: Tool[..., Any], **arguments: Any) -> tuple[Run, ToolFinished]:
    """Have a tool called beside one that goes well, and check that the run goes on."""
    script = [[call("add", a=1, b=2), call(bad.name, **arguments)], text("went on")]
    run = await tested.start(agent(*script, tools=[add, bad]))
    assert (await run.result()).output == "went on"
    assert finished(run)["add"].output == "3"
    return run, finished(run)[bad.name]


DEADLY = {
    "ValueError: no such file": lambda: ValueError("no such file"),
    "SystemExit: 3": lambda: SystemExit(3),
    "CancelledError: I give up": lambda: asyncio.CancelledError("I give up"),
    "RecursionError: too deep": lambda: RecursionError("too deep"),
    "GeneratorExit": lambda: GeneratorExit(),
    "MemoryError": lambda: MemoryError(),
    "BaseExceptionGroup: two (1 sub-exception)": lambda: BaseExceptionGroup("two", [SystemExit(1)]),
}


@pytest.mark.parametrize("words", DEADLY)
async def test_f16_f18_whatever_a_tool_raises_ends_as_its_result(words: str) -> None:
    """Not only errors: ``sys.exit()``, a cancellation of its own and such reach neither the sibling nor the loop."""
    async with house() as tested:
        _, ended = await one_call(tested, raising(DEADLY[words]))
    assert (ended.outcome, ended.blame) == ("error", "tool")
    assert words in ended.output


async def test_f18_a_sync_tool_that_exits_is_contained_too() -> None:
    """``sys.exit()`` on a tool's thread ends neither the thread pool nor the process."""

    @tool
    def leave() -> None:
        """Leave."""
        sys.exit(3)

    async with house() as tested:
        _, ended = await one_call(tested, leave)
    assert (ended.outcome, ended.blame) == ("error", "tool")
    assert "SystemExit" in ended.output


async def test_f18_a_tool_that_recurses_without_end_is_contained() -> None:
    """A real stack overflow ends as the tool's result."""

    @tool
    async def dig(depth: int) -> int:
        """Dig."""

        def deeper(level: int) -> int:
            return deeper(level + 1)

        return deeper(depth)

    async with house() as tested:
        _, ended = await one_call(tested, dig, depth=0)
    assert ended.output.startswith("RecursionError")


async def test_an_error_that_cannot_be_printed_is_still_a_result() -> None:
    """An exception whose own text raises, or is half a surrogate pair, ends as a result that can be stored."""

    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise KeyError("words")

    async with house() as tested:
        _, ended = await one_call(tested, raising(Unspeakable))
        assert "Unspeakable" in ended.output
        _, ended = await one_call(tested, raising(lambda: ValueError("\ud800")))
        assert ended.output.encode()


async def test_a_tool_that_cancels_its_own_task_and_returns_has_a_result() -> None:
    """The cancellation that it leaves behind strikes neither the run nor the next tool."""

    @tool
    async def leave_a_trap() -> str:
        """Cancel the task that this runs in, and wait for nothing."""
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        return "gone"

    async with house() as tested:
        for calls in ([call("leave_a_trap")], [call("leave_a_trap"), call("add", a=1, b=2)]):
            result = await tested.outcome(agent(calls, call("add", a=1, b=2), text("done"), tools=[leave_a_trap, add]))
            assert (result.status, result.output) == ("completed", "done")
            assert results(result.messages)[0].output == "gone"


@pytest.mark.parametrize("waits", [0, 2])
async def test_a_tool_that_cancels_its_own_task_hurts_only_itself(waits: int) -> None:
    """A tool shares its task with the run; cancelling that task does not stop the run."""

    @tool
    async def cancel_me() -> None:
        """Cancel the task that this runs in."""
        for _ in range(waits):
            await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    async with house() as tested:
        _, ended = await one_call(tested, cancel_me)
        assert (ended.outcome, ended.blame) == ("error", "tool")
        alone = await tested.outcome(agent(call("cancel_me"), text("went on"), tools=[cancel_me]))
        assert (alone.status, alone.output) == ("completed", "went on")


async def test_f23_sync_tools_block_their_threads_and_not_the_loop() -> None:
    """While sync tools sit in their threads, other runs begin and end."""
    with blocker() as stuck:

        @tool
        def sit(number: int) -> object:
            """Sit."""
            return stuck.hang(number)

        async with house(threads=3) as tested:
            script = [[call("sit", number=number) for number in range(3)], text("done")]
            run = await tested.start(agent(*script, tools=[sit]))
            await settle(stuck.began.is_set)
            for _ in range(10):
                assert (await tested.outcome(CANARY)).output == "42"
            assert run.status is None
            stuck.release()
            assert [result.output for result in results((await run.result()).messages)] == ["0", "1", "2"]


async def test_f24_tools_that_hang_for_ever_use_up_the_pool_and_it_is_said() -> None:
    """With every thread gone a call is refused with its reason, what hangs is listed, and the loop goes on."""
    with blocker() as stuck:

        @tool
        def hang() -> object:
            """Hang."""
            return stuck.hang()

        async with house(threads=4, grace_s=0.05) as tested:
            runs = [await tested.start(agent(call("hang"), text("done"), tools=[hang])) for _ in range(8)]
            await settle(lambda: sum("ToolStarted" in [type(e).__name__ for e in run.log] for run in runs) == 8)
            await settle(stuck.began.is_set)
            for run in runs:
                await run.cancel()
            await settle(lambda: len(tested.runtime.zombies) == 4)
            assert {zombie.what for zombie in tested.runtime.zombies} == {"thread in " + hang.fn.__qualname__}
            late = await tested.start(agent(call("hang"), text("done"), tools=[hang]))
            assert (await late.result()).output == "done"
            assert "all 4 threads hang" in finished(late)["hang"].output
            assert finished(late)["hang"].outcome == "error"
            stuck.release()
            await settle(lambda: not tested.runtime.zombies)


def circular() -> object:
    """A list that holds itself."""
    knot: list[object] = []
    knot.append(knot)
    return knot


STRANGE: dict[str, tuple[Any, str]] = {
    "object": (object, "error"),
    "circular": (circular, "error"),
    "surrogate": (lambda: "a\ud800", "error"),
    "generator": (lambda: (number for number in range(3)), "error"),
    "set": (lambda: {3, 1, 2}, "[1,2,3]"),
    "nan": (lambda: float("nan"), '"NaN"'),
    "none": (lambda: None, "null"),
    "bytes": (lambda: b"plain", "plain"),
}


@pytest.mark.parametrize("kind", STRANGE)
async def test_f25_strange_results_are_coerced_or_refused_before_they_are_stored(kind: str) -> None:
    """What cannot be written down is the tool's error, at the tool; nothing unwritable gets into the log."""
    value, expected = STRANGE[kind]

    @tool
    async def strange() -> object:
        """Return something odd."""
        return value()

    async with house() as tested:
        _, ended = await one_call(tested, strange)
    assert expected in (ended.outcome, ended.output)


async def test_f26_a_huge_result_is_cut_visibly_and_blocks_nobody() -> None:
    """Of 100 MB the model is shown the cap, with a marker; the size of the whole is said."""

    @tool
    async def dump() -> str:
        """Return very much."""
        return "x" * 100_000_000

    async with house() as tested:
        _, ended = await one_call(tested, dump)
    assert ended.full_size == 100_000_000
    assert len(ended.output) < 70_000
    assert "truncated: 100,000,000 bytes in all" in ended.output


async def test_f26_an_agent_may_show_less_of_a_result() -> None:
    """``result_bytes`` is the agent's own cap."""

    @tool
    async def dump() -> str:
        """Return much."""
        return "x" * 1000

    async with house() as tested:
        run = await tested.start(agent(call("dump"), text("done"), tools=[dump], result_bytes=10))
        await run.outcome()
    assert finished(run)["dump"].output.startswith("xxxxxxxxxx… [truncated: 1,000 bytes")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [({"a": 1, "b": "two"}, "b: "), ({"a": 1}, "b: missing"), ({"a": 1, "b": 2, "bee": 3}, "bee: there is no such")],
    ids=["wrong type", "missing", "unknown"],
)
async def test_f28_wrong_arguments_are_told_to_the_model_and_the_tool_is_not_run(
    arguments: dict[str, Any], told: str
) -> None:
    """The model hears which field is wrong, may correct it, and the call counts as its mistake."""
    async with house() as tested:
        run = await tested.start(agent(call("add", **arguments), call("add", a=1, b=2), text("3"), tools=[add]))
        assert (await run.result()).output == "3"
    first = next(event for event in run.log if isinstance(event, ToolFinished))
    assert (first.outcome, first.blame) == ("error", "model")
    assert told in first.output
    assert sum(isinstance(event, ToolStarted) for event in run.log) == 1


async def test_f29_an_unknown_tool_is_answered_with_the_names_there_are() -> None:
    """The run goes on; after more mistakes in a row than may be corrected it fails, typed."""
    async with house() as tested:
        run = await tested.start(agent(call("ad", a=1, b=2), call("add", a=1, b=2), text("3"), tools=[add]))
        assert (await run.result()).output == "3"
        assert "Did you mean 'add'?" in finished(run)["ad"].output
        lost = await tested.start(
            agent(*[call("nope", n=n) for n in range(9)], tools=[add], limits=Limits(model_faults=2))
        )
        with pytest.raises(RunFailed, match="There is no tool named 'nope'") as caught:
            await lost.result()
    error = caught.value.result.error
    assert error is not None
    assert error.kind == "ModelBehaviourError"
    assert caught.value.result.turns == 3


async def test_mistakes_only_count_in_a_row() -> None:
    """A turn that goes well gives the model all its chances back."""
    wrong, right = call("nope"), call("add", a=1, b=2)
    script = [wrong, wrong, right, wrong, wrong, text("at last")]
    async with house() as tested:
        result = await tested.outcome(agent(*script, tools=[add], limits=Limits(model_faults=2, repeats=0)))
    assert (result.status, result.output) == ("completed", "at last")


@pytest.mark.parametrize("provider_id", ["same", ""])
async def test_f30_calls_that_share_an_id_are_both_run_and_both_answered(provider_id: str) -> None:
    """The ids by which calls and results belong together are ours; the provider's may repeat or be missing."""
    calls = [ToolCall("", "add", {"a": n, "b": n}, provider_id) for n in (1, 2)]
    model = Scripted([calls, text("done")])
    async with house() as tested:
        result = await tested.outcome(Agent(model, tools=[add]))
    assert [each.output for each in results(result.messages)] == ["2", "4"]
    sent = model.requests[-1].messages
    assert len({each.call_id for each in results(list(sent))}) == 2
    assert [each.call_id for each in results(list(sent))] == [each.call_id for each in sent[1].tool_calls]


async def test_f31_an_id_may_come_again_in_a_later_turn_and_a_later_run() -> None:
    """Ours are unique within the run; results belong to the calls right before them."""
    once_more = ToolCall("", "add", {"a": 1, "b": 2}, "call_1")
    async with house() as tested:
        run = await tested.start(agent(once_more, once_more, text("done"), tools=[add]), session="s")
        await run.result()
        calls = [event.call_id for event in run.log if isinstance(event, ToolRequested)]
        assert len(set(calls)) == 2
        again = await tested.start(agent(once_more, text("done"), tools=[add]), session="s")
        assert len(results((await again.result()).messages)) == 3


LIMITS: dict[str, tuple[Limits, str]] = {
    "turns": (Limits(turns=3, repeats=0), "3 turns"),
    "tool calls": (Limits(tool_calls=2, repeats=0), "2 tool calls"),
    "tokens": (Limits(tokens=25, repeats=0), "25 tokens"),
}


@pytest.mark.parametrize("limit", LIMITS)
async def test_f32_a_model_that_never_stops_meets_a_limit(limit: str) -> None:
    """The run ends with ``LimitReached``, what there is, and a conversation that another run can go on with."""
    limits, words = LIMITS[limit]

    def endless(request: Request) -> Reply:
        answer = call("add", a=len(request.messages), b=1)
        return reply("still at it", answer, usage=Usage(input_tokens=8, output_tokens=2))

    async with house() as tested:
        run = await tested.start(Agent(Scripted(endless), tools=[add], limits=limits))
        with pytest.raises(LimitReached, match=words) as caught:
            await run.result()
        partial: RunResult[Any] = caught.value.result
        assert (partial.status, partial.output) == ("limit", "still at it")
        assert partial.usage.total_tokens >= 20
        more = await tested.start(agent(text("rested")), "go on", messages=partial.messages)
        assert (await more.result()).messages[: len(partial.messages)] == partial.messages


@pytest.mark.parametrize("resource", [None, "database"])
async def test_f32_calls_of_one_reply_cannot_overrun_the_limit_together(resource: str | None) -> None:
    """Of five calls at once only as many are started as are allowed; the others are told why they were not."""
    ran: list[int] = []

    @tool(resource=resource) if resource else tool
    async def count(number: int) -> int:
        """Count."""
        ran.append(number)
        await asyncio.sleep(0)
        return number

    script = [[call("count", number=number) for number in range(5)], text("done")]
    async with house() as tested:
        run = await tested.start(agent(*script, tools=[count], limits=Limits(tool_calls=2)))
        assert (await run.outcome()).status == "limit"
    assert ran == [0, 1]
    outcomes = [event.outcome for event in run.log if isinstance(event, ToolFinished)]
    assert sorted(outcomes) == ["error", "error", "error", "ok", "ok"]
    assert sum(isinstance(event, ToolStarted) for event in run.log) == 2


async def test_f33_a_model_that_goes_round_in_circles_is_nudged_and_then_stopped() -> None:
    """The same call with the same result three times brings a word to the model, six times the end."""
    model = Scripted(lambda _: call("add", a=1, b=1))
    async with house() as tested:
        run = await tested.start(Agent(model, tools=[add]))
        with pytest.raises(LimitReached, match="6 times"):
            await run.result()
    detected = [event for event in run.log if isinstance(event, LoopDetected)]
    assert [(event.names, event.count) for event in detected] == [(("add",), 3), (("add",), 6)]
    nudged = [place for place, request in enumerate(model.requests) if "same tool call" in request.messages[-1].text]
    assert nudged == [3]


async def test_f33_another_result_is_no_circle() -> None:
    """A call that is made again and tells something new is progress."""
    left = iter("abcdefgh")

    @tool
    async def poll() -> str:
        """Look again."""
        return next(left)

    async with house() as tested:
        result = await tested.outcome(agent(*[call("poll")] * 8, text("done"), tools=[poll]))
    assert result.status == "completed"


async def test_f35_a_cut_answer_is_no_success() -> None:
    """``max_tokens`` in the answer ends the run at a limit, with the half that there is."""
    async with house() as tested:
        run = await tested.start(agent(reply("The answer is", stop="length")))
        with pytest.raises(LimitReached, match="the answer is cut") as caught:
            await run.result()
        assert caught.value.result.output == "The answer is"
        filtered = await tested.outcome(agent(reply("The ans", stop="content_filter")))
        assert filtered.status == "failed"
        assert filtered.error is not None
        assert filtered.error.kind == "ContentFiltered"


CUT_CALLS = {
    "half a call": ToolCall("", "add", malformed='{"a": 1, "b"'),
    "a whole call": call("add", a=1, b=2),
    "no arguments yet": ToolCall("", "ready", {}),
}


@pytest.mark.parametrize("stop", ["length", "content_filter"])
@pytest.mark.parametrize("kind", CUT_CALLS)
async def test_f36_calls_of_a_cut_reply_are_never_run(kind: str, stop: Any) -> None:
    """Not even those that look whole; the model is told that it was cut, which is something else than bad JSON."""

    @tool
    async def ready() -> str:
        """Needs no arguments, so that its call looks whole from the start."""
        return "ran"

    async with house() as tested:
        run = await tested.start(agent(reply(CUT_CALLS[kind], stop=stop), text("done"), tools=[add, ready]))
        await run.result()
    (ended,) = finished(run).values()
    assert "cut off" in ended.output
    assert ended.blame == "model"
    assert not any(isinstance(event, ToolStarted) for event in run.log)


async def test_arguments_that_are_no_json_are_shown_to_the_model() -> None:
    """A call whose arguments cannot be read never runs."""
    async with house() as tested:
        run = await tested.start(agent(ToolCall("", "add", malformed="a=1"), text("done"), tools=[add]))
        await run.result()
    assert "no JSON object" in finished(run)["add"].output
    assert not any(isinstance(event, ToolStarted) for event in run.log)


async def test_f40_a_guardrail_that_trips_after_a_tool_ran_forgets_nothing() -> None:
    """A veto on the reply fails the run; the tool's result, whose effect has happened, stays in the conversation."""
    async with house() as tested:

        @tested.runtime.intercept(ModelReplied)
        async def guard(event: ModelReplied) -> ModelReplied | Veto:
            return Veto("it says too much") if Message("assistant", event.content).text else event

        run = await tested.start(agent(call("add", a=1, b=2), text("the secret is 3"), tools=[add]))
        with pytest.raises(RunFailed, match="it says too much") as caught:
            await run.result()
        tested.runtime.bus.detach(tested.runtime.bus.routes(ModelReplied).policies[0])
    partial = caught.value.result
    assert [each.output for each in results(partial.messages)] == ["3"]
    assert "secret" not in str(partial.messages)
    assert "secret" not in str(run.log)


async def test_f41_context_variables_reach_tools_and_do_not_leak() -> None:
    """Async and sync tools see what the caller set; what a tool sets reaches no sibling, later tool or caller."""

    @tool
    async def look() -> str:
        """Look, then change."""
        seen = tenant.get()
        tenant.set("mallory")
        await asyncio.sleep(0)
        return f"{seen}, then {tenant.get()}"

    @tool
    def look_in_thread() -> str:
        """Look, then change."""
        seen = tenant.get()
        tenant.set("mallory")
        return f"{seen} in {threading.current_thread() is threading.main_thread()}"

    both = [call("look"), call("look_in_thread")]
    async with house() as tested:
        tenant.set("alice")
        script = [call("look"), both, both, call("look"), call("look_in_thread"), text("done")]
        alice = await tested.start(agent(*script, tools=[look, look_in_thread], limits=Limits(repeats=0)))
        tenant.set("bob")
        bob = await tested.start(agent(call("look"), text("done"), tools=[look]))
        seen = [each.output for each in results((await alice.result()).messages)]
        async_look, thread_look = "alice, then mallory", "alice in False"
        assert seen == [async_look, *[async_look, thread_look] * 2, async_look, thread_look]
        assert [each.output for each in results((await bob.result()).messages)] == ["bob, then mallory"]
        assert tenant.get() == "bob"


async def test_one_hanging_tool_keeps_no_other_run_from_going_on() -> None:
    """A run that waits for ever is one run that waits."""
    gate = Gate()
    async with house() as tested:
        stuck = await tested.start(agent(call("wait"), text("done"), tools=[waiting(gate)]))
        await gate.reached.wait()
        for _ in range(20):
            assert (await tested.outcome(CANARY)).status == "completed"
        gate.open.set()
        assert (await stuck.result()).output == "done"
