"""One call of a reply: refused, put to a person, or run, alone or beside the others."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest

from loopbus.bus import Ask
from loopbus.events import ApprovalDecided, ApprovalRequested, Custom, Event, ToolCall, ToolFinished, ToolProgress
from loopbus.events.model import Stop
from loopbus.handlers.limits import Limits
from loopbus.handlers.stages.tools import CallTools
from loopbus.tools import ThreadPool, ToolContext, Toolset, tool

from ...tools.blocking import blocker, wait_until
from ..fake_run import FakeRun, calling, one, request

ADD = one("add", a=17, b=25)


class Noted(Custom, name="tests.tools.noted"):
    """Something that a tool says. Published by the tools of this file."""

    words: str


@tool
async def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


@tool(sequential=True)
async def write(words: str) -> str:
    """Write, while nothing else runs."""
    return words


@tool(resource="printer")
async def print_out() -> str:
    """Print, when it is this call's turn."""
    return "printed"


@tool(needs_approval=True)
async def refund(usd: int) -> str:
    """Refund."""
    return f"refunded {usd}"


@tool
async def note(context: ToolContext[str]) -> str:
    """Say something in the run."""
    await context.emit(Noted(words="first"))
    context.emit_nowait(Noted(words="second"))
    context.progress("half", 0.5)
    return f"{context.run_id} {context.call_id} {context.deps}"


@tool
async def claim(context: ToolContext[Any], at_once: bool) -> None:
    """Claim a result that is not this tool's."""
    false: Any = ToolFinished(call_id="c1", name="add", outcome="ok", output="43")
    if at_once:
        context.emit_nowait(false)
    await context.emit(false)


@tool
async def count(up_to: int) -> AsyncGenerator[int, None]:
    """Count."""
    for number in range(1, up_to + 1):
        yield number


@tool
def spell(word: str) -> Iterator[str]:
    """Spell, in a thread."""
    yield from word


@pytest.fixture
def threads() -> Iterator[ThreadPool]:
    """A pool that is closed at the end."""
    with ThreadPool(2) as pool:
        yield pool


def stage(*tools: Any, limits: Limits | None = None, cap: int = 1000, threads: ThreadPool | None = None) -> CallTools:
    """The stage, with these tools."""
    return CallTools(Toolset(tools), threads or ThreadPool(1), limits or Limits(), cap)


async def answer(run: FakeRun, called: ToolCall, under_test: CallTools, **changed: Any) -> Event | None:
    """Have one call of the reply run."""
    return await under_test(request(run, called, changed or None), run)


async def refused(run: FakeRun, called: ToolCall, under_test: CallTools, **changed: Any) -> ToolFinished:
    """Have one call run that must not even start."""
    finished = await answer(run, called, under_test, **changed)
    assert isinstance(finished, ToolFinished)
    assert finished.outcome == "error"
    assert "ToolStarted" not in run.names()
    return finished


async def test_a_call_alone_runs_in_the_runs_own_task() -> None:
    """Its start is in the log before it begins, caused by the request; its result is what the stage causes."""
    run = calling(ADD)
    finished = await answer(run, ADD, stage(add))
    assert isinstance(finished, ToolFinished)
    assert (finished.call_id, finished.outcome, finished.output) == ("c1", "ok", "42")
    assert run.names()[-2:] == ["ToolRequested", "ToolStarted"]
    assert run.log[-1].cause == run.log[-2].seq
    assert run.later == []


async def test_the_calls_of_one_reply_run_beside_each_other() -> None:
    """Each in a task of its own; none has begun when its stage is done."""
    calls = one("add", "c1", a=1, b=2), one("add", "c2", a=3, b=4)
    run = calling(*calls)
    for each in calls:
        assert await answer(run, each, stage(add)) is None
    assert "ToolStarted" not in run.names()
    assert [(what, cause) for _, what, cause in run.later] == [("tool add", 5), ("tool add", 6)]
    outputs = [vars(await work)["output"] for work, _, _ in run.later]
    assert outputs == ["3", "7"]
    assert run.names()[-2:] == ["ToolStarted", "ToolStarted"]


async def test_a_sequential_tool_keeps_every_call_of_its_reply_in_order() -> None:
    """The others too: each has ended before the next is looked at. A name that no tool has changes nothing."""
    calls = one("add", "c1", a=1, b=2), one("write", "c2", words="x"), one("nobody", "c3")
    run = calling(*calls)
    under_test = stage(add, write)
    finished = [await answer(run, each, under_test) for each in calls]
    assert [type(each) for each in finished] == [ToolFinished] * 3
    assert run.later == []


@pytest.mark.parametrize("alone", [True, False])
async def test_a_resource_is_held_for_as_long_as_the_call_runs(alone: bool) -> None:
    """Also by a call that has no sibling, for other runs want it too."""
    calls = [one("print_out")] if alone else [one("print_out"), ADD]
    run = calling(*calls)
    finished = await answer(run, calls[0], stage(print_out, add))
    if not alone:
        ((work, _, _),) = run.later
        assert run.held == []
        finished = await work
    assert isinstance(finished, ToolFinished)
    assert finished.output == "printed"
    assert run.held == ["printer", "-printer"]


async def test_an_unknown_tool_is_the_models_mistake() -> None:
    """It is told which tools there are."""
    run = calling(one("ad"))
    finished = await refused(run, one("ad"), stage(add))
    assert finished.blame == "model"
    assert "add" in finished.output


async def test_wrong_arguments_are_the_models_mistake_and_never_reach_the_tool() -> None:
    """It is told the field."""
    wrong = one("add", a="one", b=2)
    finished = await refused(calling(wrong), wrong, stage(add))
    assert finished.blame == "model"
    assert "- a: " in finished.output


@pytest.mark.parametrize(("stop", "words"), [("length", "output limit"), ("content_filter", "content filter")])
async def test_no_call_of_a_reply_that_was_cut_is_run(stop: Stop, words: str) -> None:
    """The last of them may be half a call, however whole it looks."""
    finished = await refused(calling(ADD, stop=stop), ADD, stage(add))
    assert finished.blame == "model"
    assert words in finished.output


async def test_arguments_that_are_no_json_are_quoted_to_the_model() -> None:
    """Cut at 500 characters, and only where nobody has put others in their place."""
    broken = ToolCall("c2", "add", malformed="{" * 600)
    finished = await refused(calling(ADD, broken), broken, stage(add))
    assert finished.blame == "model"
    assert finished.output == f"The arguments are no JSON object, so nothing was run: {'{' * 500}"


async def test_arguments_that_a_policy_has_mended_count() -> None:
    """What the model wrote is no matter then; and no arguments at all are not malformed ones."""
    broken = ToolCall("c1", "add", malformed="{")
    finished = await answer(calling(broken), broken, stage(add), a=1, b=2)
    assert isinstance(finished, ToolFinished)
    assert finished.output == "3"
    plain = one("print_out")
    assert isinstance(await answer(calling(plain), plain, stage(print_out)), ToolFinished)


async def test_calls_beyond_the_limit_are_not_run() -> None:
    """The caller set it, so the model is not to blame."""
    run = calling(ADD)
    run.state.tool_calls = 2
    finished = await refused(run, ADD, stage(add, limits=Limits(tool_calls=2)))
    assert finished.blame == "caller"
    assert finished.output == "Not run: this run may make 2 tool calls, and has made them."


async def test_calls_that_waited_are_counted_when_they_begin() -> None:
    """Together the calls of one reply cannot overrun the limit either."""
    calls = one("add", "c1", a=1, b=2), one("add", "c2", a=3, b=4)
    run = calling(*calls)
    under_test = stage(add, limits=Limits(tool_calls=1))
    for each in calls:
        assert await answer(run, each, under_test) is None
    outcomes = [vars(await work)["outcome"] for work, _, _ in run.later]
    assert outcomes == ["ok", "error"]
    assert run.names().count("ToolStarted") == 1


async def test_a_tool_that_needs_approval_is_put_to_a_person_first() -> None:
    """With its arguments; wrong ones are refused without asking, and once approved it runs."""
    seven = one("refund", usd=7)
    run = calling(seven)
    asks = await answer(run, seven, stage(refund))
    assert isinstance(asks, ApprovalRequested)
    assert (asks.call_id, asks.arguments, asks.approver, asks.reason) == ("c1", {"usd": 7}, "", "the tool needs it")
    run.take(asks)
    run.take(ApprovalDecided(call_id="c1", approve=True))
    wish = run.log[-3]
    finished = await stage(refund)(wish, run)  # pyright: ignore[reportArgumentType] - it is the request
    assert isinstance(finished, ToolFinished)
    assert finished.output == "refunded 7"
    wrong = one("refund", usd="much")
    assert (await refused(calling(wrong), wrong, stage(refund))).blame == "model"


@tool(name="refund", needs_approval=True)
async def refund_euros(usd: int, eur: int) -> str:
    """Refund, in a later version of the program, which wants more."""
    return f"refunded {usd} and {eur}"


@pytest.mark.parametrize("now", [refund_euros, add])
async def test_a_call_that_no_longer_fits_its_tool_is_not_run(now: Any) -> None:
    """F127: the code was changed, or the tool taken away, while a person thought; the model is told, not blamed."""
    seven = one("refund", usd=7)
    run = calling(seven)
    asks = await answer(run, seven, stage(refund))
    assert isinstance(asks, ApprovalRequested)
    assert asks.schema_hash == refund.schema_hash
    run.take(asks)
    run.take(ApprovalDecided(call_id="c1", approve=True))
    finished = await refused(run, seven, stage(now))
    assert finished.blame == "caller"
    assert finished.output.startswith("Not run: what a person has approved does not fit the tool as it is now.")


async def test_a_policys_question_is_put_with_the_tools_schema() -> None:
    """Nobody is asked about a call that cannot run: the model is told at once."""
    under_test, question = stage(add, limits=Limits(tool_calls=1)), Ask("finance", "why")
    run = calling(ADD)
    asks = under_test.ask(request(run, ADD), question, run)
    assert isinstance(asks, ApprovalRequested)
    assert (asks.approver, asks.reason, asks.schema_hash) == ("finance", "why", add.schema_hash)
    for called in one("add", a="one", b=2), one("nobody"):
        run = calling(called)
        finished = under_test.ask(request(run, called), question, run)
        assert isinstance(finished, ToolFinished)
        assert (finished.outcome, finished.blame) == ("error", "model")


async def test_a_tool_may_speak_in_its_run() -> None:
    """Its own events are in the log, caused by its start; progress is told, and belongs to the start too."""
    run = calling(one("note"), deps="the deps")
    finished = await answer(run, one("note"), stage(note))
    assert isinstance(finished, ToolFinished)
    assert finished.output == "fake-1 c1 the deps"
    started = run.names().index("ToolStarted") + 1
    noted = [(event.words, event.cause) for event in run.log if isinstance(event, Noted)]
    assert noted == [("first", started), ("second", started)]
    (told,) = run.told
    assert isinstance(told, ToolProgress)
    assert (told.call_id, told.message, told.fraction, told.seq) == ("c1", "half", 0.5, started)


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_tool_cannot_claim_what_did_not_happen(at_once: bool) -> None:
    """Any event but an application's own is refused, which is the tool's error."""
    lie = one("claim", at_once=at_once)
    run = calling(lie)
    finished = await answer(run, lie, stage(claim))
    assert isinstance(finished, ToolFinished)
    assert finished.outcome == "error"
    assert finished.output.startswith("NotCustom: a tool may emit events of its own")
    assert run.names()[-1] == "ToolStarted"


@pytest.mark.parametrize("called", [one("count", up_to=3), one("spell", word="123")])
async def test_a_generators_items_are_progress_and_the_last_is_its_result(
    called: ToolCall, threads: ThreadPool
) -> None:
    """Async or in a thread."""
    run = calling(called)
    finished = await answer(run, called, stage(count, spell, threads=threads))
    assert isinstance(finished, ToolFinished)
    assert finished.output == "3"
    assert [event.message for event in run.told if isinstance(event, ToolProgress)] == ["1", "2"]


@pytest.mark.parametrize("fails", [True, False])
async def test_a_thread_that_goes_on_after_its_call_was_given_up_says_late_what_came_of_it(
    fails: bool, threads: ThreadPool
) -> None:
    """Nothing can stop a thread, so the call's outcome is unknown, and its real end is not lost."""
    with blocker() as blocked:

        @tool
        def hang() -> object:
            """Hang."""
            return blocked.hang_and_fail() if fails else blocked.hang()

        run = calling(one("hang"))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(answer(run, one("hang"), stage(hang, threads=threads)))
            await wait_until(blocked.began.is_set)
            run.stopping = True
            task.cancel()
            finished = await task
        assert isinstance(finished, ToolFinished)
        assert (finished.outcome, finished.blame) == ("unknown", "caller")
        blocked.release()
        await wait_until(lambda: run.late_results)
    ((call_id, name, value, failed),) = run.late_results
    assert (call_id, name, failed) == ("c1", "hang", fails)
    assert isinstance(value, ValueError) if fails else value == "late"
