"""What a run comes to: a result that says everything, or an error that carries it."""

import pytest

from loopbus.backends import Broken, call, fail, reply, text
from loopbus.bus import LoopbusError
from loopbus.events import CostCounted, Fault, ModelReplied, Status, Usage
from loopbus.runtime import Agent, LimitReached, Limits, RunCancelled, RunError, RunFailed, RunResult

from ..faults.house import add, agent, house
from ..faults.misbehaving import Fake, Gate, waiting


def result(status: Status) -> RunResult[str]:
    """A result under some status."""
    return RunResult("run-1", status, "It is", Usage(1, 1), None, (), 1, "the reason")


async def test_a_result_says_all_that_a_run_came_to() -> None:
    """The answer, what it took, and the conversation, which can be gone on with."""
    async with house() as tested:
        script = [reply(call("add", a=17, b=25), usage=Usage(10, 5)), reply("It is 42.", usage=Usage(20, 6))]
        run = await tested.start(agent(*script, tools=[add]))
        outcome = await run.result()
    assert (outcome.run_id, outcome.status, outcome.output) == (run.id, "completed", "It is 42.")
    assert (outcome.usage, outcome.turns, outcome.reason, outcome.error) == (Usage(30, 11), 2, "", None)
    assert [message.role for message in outcome.messages] == ["user", "assistant", "tool", "assistant"]
    assert outcome.unwrap() is outcome


@pytest.mark.parametrize(
    ("status", "error_class", "words"),
    [
        ("failed", RunFailed, "run run-1 failed: the reason"),
        ("cancelled", RunCancelled, "run run-1 was cancelled: the reason"),
        ("limit", LimitReached, "run run-1 reached a limit: the reason"),
    ],
)
def test_a_result_that_is_not_complete_unwraps_to_its_error(
    status: Status, error_class: type[RunError], words: str
) -> None:
    """One class for each status, all of them ours, each with the partial result."""
    partial = result(status)
    with pytest.raises(error_class) as caught:
        partial.unwrap()
    assert str(caught.value) == words
    assert caught.value.result is partial
    assert isinstance(caught.value, RunError)
    assert isinstance(caught.value, LoopbusError)


async def test_a_run_that_failed_by_an_exception_has_it_for_its_cause() -> None:
    """So a traceback leads to the line; the event says it in data."""

    def broken(_: object) -> str:
        return dict[str, str]()["instructions"]

    async with house() as tested:
        run = await tested.start(Agent(Fake(lambda _: None), broken))  # pyright: ignore[reportArgumentType] - never asked
        with pytest.raises(RunFailed, match=r"stage [\w.]*\.Prompt failed on TurnStarted: KeyError") as caught:
            await run.result()
    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.result.error == Fault(
        "KeyError", caught.value.result.reason, "loopbus.handlers.stages.prompt.Prompt"
    )


async def test_each_who_waits_is_given_an_error_of_its_own() -> None:
    """Else their tracebacks would grow into each other."""
    async with house() as tested:
        run = await tested.start(agent(ValueError("no model")))
        errors: list[RunFailed] = []
        for _ in range(2):
            with pytest.raises(RunFailed) as caught:
                await run.result()
            errors.append(caught.value)
    assert errors[0] is not errors[1]
    assert errors[0].__cause__ is errors[1].__cause__


async def test_a_failure_of_the_provider_is_the_result_of_the_run() -> None:
    """It was foreseen, so there is no exception behind it: the fault says what it was, and whether to try again."""
    async with house() as tested:
        run = await tested.start(agent(fail(Broken("the line is dead"), "It is")))
        with pytest.raises(RunFailed, match="the line is dead") as caught:
            await run.result()
    assert caught.value.__cause__ is None
    assert caught.value.result.error == Fault("Broken", "the line is dead", "scripted", retryable=True)
    assert caught.value.result.output == "It is"


async def test_a_run_that_is_stopped_by_somebody_has_no_exception_behind_it() -> None:
    """The reason is their word."""
    gate = Gate()
    async with house() as tested:
        cancelled = await tested.start(agent(call("wait"), tools=[waiting(gate)]))
        await gate.reached.wait()
        await cancelled.cancel("the user left")
        limited = await tested.start(agent(call("add", a=1, b=1), tools=[add], limits=Limits(turns=1)))
        for run, error_class, reason in (
            (cancelled, RunCancelled, "the user left"),
            (limited, LimitReached, "1 turn"),
        ):
            with pytest.raises(error_class, match=reason) as caught:
                await run.result()
            assert caught.value.__cause__ is None
            assert caught.value.result.reason == reason


@pytest.mark.parametrize(
    ("prices", "cost"), [([0.25, 0.5], 0.75), ([0.25, None], None), ([None, None], None), ([], None)]
)
async def test_a_cost_is_what_was_counted_and_none_if_any_of_it_is_unknown(
    prices: list[float | None], cost: float | None
) -> None:
    """A sum that leaves something out would be taken for the whole."""
    counted = iter(prices)
    async with house() as tested:

        def price(event: ModelReplied) -> CostCounted | None:
            usd = next(counted, "nobody counts")
            return None if isinstance(usd, str) else CostCounted(model="m", usage=event.usage, cost_usd=usd)

        tested.runtime.derive(ModelReplied)(price)
        outcome = await tested.outcome(agent(call("add", a=1, b=1), text("ok"), tools=[add]))
    assert outcome.cost_usd == cost


async def test_waiting_for_a_run_that_is_over_returns_at_once() -> None:
    """However often, and the same."""
    async with house() as tested:
        run = await tested.start(agent(text("yes")))
        assert await run.outcome() == await run.outcome() == await run.result()
