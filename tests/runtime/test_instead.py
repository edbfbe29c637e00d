"""A policy may answer a wish itself: the wish stays in the log, with what the policy says came of it behind it."""

from typing import Any

import pytest

from loopbus.backends import Scripted, call, text
from loopbus.bus import Ask, Instead, SubscriberFailed
from loopbus.events import (
    Event,
    Fault,
    ModelFailed,
    ModelReplied,
    ModelRequested,
    RunFinished,
    ToolCall,
    ToolFinished,
    ToolRequested,
    ToolStarted,
)
from loopbus.runtime import Agent, Run

from ..faults.house import add, house


def of(run: Run[Any], kind: type[Event]) -> list[Any]:
    """The events of a kind."""
    return [event for event in run.log if isinstance(event, kind)]


def finished(event: ToolRequested, **fields: Any) -> ToolFinished:
    """A result for a call."""
    known: dict[str, Any] = {"call_id": event.call_id, "name": event.name, "outcome": "ok", "output": "43"}
    return ToolFinished(**known | fields)


async def test_a_call_is_answered_without_its_tool() -> None:
    """The model is told the policy's result, and no tool starts."""
    async with house() as tested:

        @tested.runtime.intercept(ToolRequested.where(name="look"))
        def known(event: ToolRequested) -> Instead:
            return Instead(finished(event))

        model = Scripted([call("look", at="x"), text("done")])
        run = await tested.start(Agent(model, tools=[add]))
        assert (await run.result()).output == "done"
    assert of(run, ToolStarted) == []
    (result,) = of(run, ToolFinished)
    assert (result.output, result.cause) == ("43", of(run, ToolRequested)[0].seq)


async def test_a_model_is_answered_for_with_calls_that_have_ids_of_this_run() -> None:
    """Whatever ids the policy gave them: two calls of one id could never both be answered."""
    async with house() as tested:
        answered: list[int] = []

        @tested.runtime.intercept(ModelRequested)
        def for_it(event: ModelRequested) -> Instead | ModelRequested:
            if event.model != "mine" or event.turn > 2:
                return event
            answered.append(event.turn)
            same = ToolCall("c", "add", {"a": 1, "b": event.turn})
            return Instead(ModelReplied(turn=event.turn, content=(same, same), stop="tool_calls"))

        run = await tested.start(Agent(Scripted(["done"], model="mine"), tools=[add]))
        assert (await run.result()).output == "done"
    assert answered == [1, 2]
    ids = [event.call_id for event in of(run, ToolFinished)]
    assert len(set(ids)) == 4


async def test_it_comes_before_a_question_and_what_it_says_is_judged_in_its_turn() -> None:
    """Nobody is asked about what is not done; the policies of results see this one too."""
    async with house() as tested:

        @tested.runtime.intercept(ToolRequested.where(name="look"))
        def asks(event: ToolRequested) -> Ask:
            return Ask("boss")

        @tested.runtime.intercept(ToolRequested.where(name="look"), order=1)
        def known(event: ToolRequested) -> Instead:
            return Instead(finished(event))

        @tested.runtime.intercept(ToolFinished.where(name="look"))
        def louder(event: ToolFinished) -> ToolFinished:
            return event.model_copy(update={"output": event.output + "!"})

        run = await tested.start(Agent(Scripted([call("look"), "done"]), tools=[add]))
        await run.result()
    assert [event.output for event in of(run, ToolFinished)] == ["43!"]


def forged(event: ToolRequested) -> dict[str, Any]:
    """What a policy might say came of a call, and cannot have."""
    return {
        "another call's": finished(event, call_id="other"),
        "the run's end": RunFinished(status="completed"),
        "a model's": ModelFailed(turn=1, error=Fault("No", "no")),
        "no event": "43",
        "a fact": finished(event, seq=3),
    }


@pytest.mark.parametrize("what", ["another call's", "the run's end", "a model's", "no event", "a fact"])
async def test_what_could_not_have_come_of_the_wish_does_not_count(what: str) -> None:
    """The policy has failed, and counts as it declares; a log cannot be forged through it."""
    async with house() as tested:

        @tested.runtime.intercept(ToolRequested.where(name="look"), on_error="deny")
        def forges(event: ToolRequested) -> Instead:
            return Instead(forged(event)[what])

        said: list[SubscriberFailed] = []
        tested.runtime.observe(SubscriberFailed)(said.append)
        run = await tested.start(Agent(Scripted([call("look"), "done"]), tools=[add]))
        assert (await run.result()).output == "done"
        await tested.runtime.drain()
    assert [event.outcome for event in of(run, ToolFinished)] == ["denied"]
    assert [event.error.startswith("answered Instead") for event in said] == [True]


async def test_what_only_happened_cannot_be_answered() -> None:
    """A reply or a result is no wish."""
    async with house() as tested:

        @tested.runtime.intercept(ToolFinished.where(name="add"), on_error="allow")
        def never(event: ToolFinished) -> Instead:
            return Instead(event.model_copy(update={"seq": 0}))

        result = await tested.outcome(Agent(Scripted([call("add", a=1, b=2), "3"]), tools=[add], name="other"))
    assert result.output == "3"
