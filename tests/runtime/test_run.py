"""A run as its caller holds it: what may be said to it, and what it comes to."""

import pytest

from loopbus.backends import Scripted, call, reply, text
from loopbus.events import Image, Message, MessageInjected, Text, ToolResult, Usage, user
from loopbus.runtime import Agent, BadInput, RunCancelled, RunFailed, RunOver
from loopbus.runtime.stopping import Stopping

from ..faults.house import CANARY, add, agent, house
from ..faults.misbehaving import Gate, waiting


async def test_what_is_sent_in_the_middle_is_heard_at_the_next_turn() -> None:
    """It waits until the open calls are answered, so that the model sees a balanced conversation."""
    gate = Gate()
    model = Scripted([[call("wait"), call("add", a=1, b=2)], text("both")])
    async with house() as tested:
        run = await tested.start(Agent(model, tools=[waiting(gate), add]), "check order 7")
        await gate.reached.wait()
        await run.send("also check order 8", author="alice")
        await run.send(user("and look", Image("image/png", url="https://example.test/8.png")))
        gate.open.set()
        result = await run.result()
    roles = [message.role for message in model.requests[1].messages]
    assert roles == ["user", "assistant", "tool", "user", "user"]
    assert [message.text for message in result.messages[3:5]] == ["also check order 8", "and look"]
    injected = [event for event in run.log if isinstance(event, MessageInjected)]
    assert [event.author for event in injected] == ["alice", "caller"]


async def test_what_is_sent_during_the_last_reply_makes_another_turn() -> None:
    """A message that arrives before the run has ended is answered, not dropped."""
    gate = Gate()
    lines = iter([text("first"), text("second")])

    async def answer(_: object) -> Text:
        line = next(lines)
        if line.text == "first":
            await gate.wait()
        return line

    async with house() as tested:
        run = await tested.start(Agent(Scripted(answer)))
        await gate.reached.wait()
        await run.send("one more thing")
        gate.open.set()
        result = await run.result()
    assert (result.output, result.turns) == ("second", 2)
    assert [message.text for message in result.messages] == ["go", "first", "one more thing", "second"]


async def test_a_run_that_has_ended_takes_no_more_words() -> None:
    """``send`` to it is an error that says what to do instead."""
    async with house() as tested:
        run = await tested.start(CANARY)
        await run.result()
        with pytest.raises(RunOver, match=r"has ended \(completed\); start a new run"):
            await run.send("too late")
        gate = Gate()
        stopping = await tested.start(agent(call("wait"), tools=[waiting(gate)]))
        await gate.reached.wait()
        stopping.stop(Stopping("cancelled", "enough"), "test")
        with pytest.raises(RunOver):
            await stopping.send("too late")
        await stopping.outcome()


@pytest.mark.parametrize("words", [7, None, Message("assistant", (Text("I said"),)), Message("tool", ())])
async def test_only_a_users_words_can_be_sent(words: object) -> None:
    """Anything else is refused, naming it, and the run goes on."""
    gate = Gate()
    async with house() as tested:
        run = await tested.start(agent(call("wait"), text("done"), tools=[waiting(gate)]))
        await gate.reached.wait()
        with pytest.raises(BadInput):
            await run.send(words)  # pyright: ignore[reportArgumentType] - what the test is about
        gate.open.set()
        assert (await run.result()).output == "done"


async def test_a_result_says_what_the_run_came_to() -> None:
    """Output, usage over all replies, turns, the conversation with every call answered."""
    script = [reply(call("add", a=1, b=2), usage=Usage(10, 5)), reply("3", usage=Usage(20, 1, cached_tokens=8))]
    async with house() as tested:
        run = await tested.start(agent(*script, tools=[add]), "What is 1 + 2?")
        result = await run.result()
    assert (result.run_id, result.status, result.output) == (run.id, "completed", "3")
    assert result.usage == Usage(30, 6, cached_tokens=8)
    assert (result.cost_usd, result.turns, result.reason, result.error) == (None, 2, "", None)
    assert [message.role for message in result.messages] == ["user", "assistant", "tool", "assistant"]
    answered = result.messages[2].content[0]
    assert isinstance(answered, ToolResult)
    assert answered.output == "3"
    assert result.unwrap() is result


async def test_output_is_only_what_was_said_after_the_prompt() -> None:
    """A run that ends before a word was said has no output, whatever was said in the conversation before."""
    async with house() as tested:
        earlier = await tested.outcome(agent(text("earlier words")))
        result = await tested.outcome(agent(), "again", messages=earlier.messages)
    assert (result.status, result.output) == ("failed", "")


async def test_errors_carry_the_run_and_its_cause() -> None:
    """``result`` raises by status, ``outcome`` never; the exception that broke the run is the cause."""

    def broken(_: object) -> str:
        raise LookupError("no such tenant")

    async with house() as tested:
        run = await tested.start(agent(instructions=broken))
        assert (await run.outcome()).status == "failed"
        for _ in range(2):
            with pytest.raises(RunFailed, match="no such tenant") as caught:
                await run.result()
            assert isinstance(caught.value.__cause__, LookupError)
        gone = await tested.start(CANARY)
        await gone.cancel("the user left")
        with pytest.raises(RunCancelled, match=f"run {gone.id} was cancelled: the user left"):
            await gone.result()


async def test_a_run_can_be_looked_at() -> None:
    """Its repr says which it is and how far; its log is a snapshot."""
    gate = Gate()
    async with house() as tested:
        run = await tested.start(agent(call("wait"), text("done"), tools=[waiting(gate)], name="clerk"), session="s")
        assert (run.status, run.session, run.agent) == (None, "s", "clerk")
        await gate.reached.wait()
        log = run.log
        assert repr(run) == f"<Run {run.id} of 'clerk': running, 6 events>"
        gate.open.set()
        await run.result()
        assert repr(run) == f"<Run {run.id} of 'clerk': completed, 13 events>"
    assert len(log) == 6
    assert run.log[:6] == log


async def test_a_cancellation_that_makes_no_sense_is_refused_and_changes_nothing() -> None:
    """A reason that is no text is the caller's mistake, not the end of the run."""
    gate = Gate()
    async with house() as tested:
        run = await tested.start(agent(call("wait"), text("done"), tools=[waiting(gate)]))
        await gate.reached.wait()
        with pytest.raises(BadInput, match="reason"):
            await run.cancel(7)  # pyright: ignore[reportArgumentType] - what the test is about
        gate.open.set()
        assert (await run.result()).output == "done"
