"""A model that fails again and again is left alone by all runs, until one request shows that it is well."""

from typing import Any

import pytest

from loopbus.backends import Broken, Busy, Refused, Scripted
from loopbus.bus import BadOption, Veto
from loopbus.events import CircuitClosed, CircuitOpened, Event, FallbackChosen, Fault, ModelFailed, ModelRequested
from loopbus.handlers.policies import CircuitBreaker, ResponseCache
from loopbus.runtime import Agent, Run

from ...bus.clock import turns
from ...faults.house import House, house
from ...faults.misbehaving import Gate


class Now:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.s


def of(run: Run[Any], kind: type[Event]) -> list[Any]:
    """The events of a kind."""
    return [event for event in run.log if isinstance(event, kind)]


async def fails(tested: House, model: Scripted) -> ModelFailed:
    """Have a run fail, and say how."""
    run = await tested.start(Agent(model))
    assert (await run.outcome()).status == "failed"
    return of(run, ModelFailed)[-1]


async def test_after_so_many_failures_in_a_row_nobody_asks_any_more() -> None:
    """The run whose failure was one too many says so; the next ones fail at once, typed, without a request."""
    now = Now()
    async with house() as tested:
        tested.runtime.subscribe(CircuitBreaker("bad", failures=3, open_s=30, clock=now))
        model = Scripted([Busy("full")] * 3, model="bad")
        for _ in range(3):
            assert (await fails(tested, model)).error.kind == "Busy"
        now.s += 10
        failed = await fails(tested, model)
    assert model.asked == 3
    assert (failed.error.kind, failed.error.where, failed.error.retryable) == ("CircuitOpen", "policy", False)
    assert failed.error.retry_after_s == 20
    assert failed.error.message == "bad failed 3 times in a row, so it is not asked for another 20 s"
    opened = [event for run in tested.runs for event in of(run, CircuitOpened)]
    assert [(event.model, event.failures, event.open_s) for event in opened] == [("bad", 3, 30.0)]


async def test_a_fallback_is_asked_at_once_while_the_circuit_is_open() -> None:
    """That is what it is for."""
    async with house() as tested:
        tested.runtime.subscribe(CircuitBreaker(failures=1, clock=Now()))
        model = Scripted([Busy("full")], model="bad")
        agent = Agent(model, fallback=[Scripted(["one", "two"], model="good")])
        assert (await tested.outcome(agent)).output == "one"
        run = await tested.start(agent)
        assert (await run.result()).output == "two"
    assert model.asked == 1
    assert len(of(run, FallbackChosen)) == 1


async def test_a_success_forgets_the_failures_before_it() -> None:
    """Only failures in a row count."""
    async with house() as tested:
        tested.runtime.subscribe(CircuitBreaker(failures=2, clock=Now()))
        model = Scripted([Busy("1"), "well", Busy("2"), Busy("3")], model="bad")
        for _ in range(4):
            await tested.outcome(Agent(model))
        assert (await fails(tested, model)).error.kind == "CircuitOpen"
    assert [len(of(run, CircuitOpened)) for run in tested.runs] == [0, 0, 0, 1, 0]


async def test_what_is_no_fault_of_the_models_does_not_count() -> None:
    """A bad request says nothing of its health, a veto neither, and other models are not watched."""
    async with house() as tested:
        tested.runtime.subscribe(CircuitBreaker("watched", failures=1, clock=Now()))

        @tested.runtime.intercept(ModelRequested)
        def picky(event: ModelRequested) -> ModelRequested | Veto:
            return Veto("no") if event.model == "vetoed" else event

        for model in (
            Scripted([Refused("no")] * 2, model="watched"),
            Scripted([Broken("gone")] * 2, model="other"),
            Scripted([], model="vetoed"),
        ):
            assert (await fails(tested, model)).error.kind != "CircuitOpen"
            assert (await fails(tested, model)).error.kind != "CircuitOpen"


async def test_one_request_finds_out_whether_the_model_is_well_again() -> None:
    """The others go on failing meanwhile; its success closes the circuit, and says so."""
    now = Now()
    async with house() as tested:
        tested.runtime.subscribe(CircuitBreaker(failures=1, open_s=30, clock=now))
        gate = Gate()

        async def answer(_: Any) -> Any:
            if model.asked > 1:
                await gate.wait()
                return "well again"
            return Busy("full")

        model = Scripted(answer, model="bad")
        await fails(tested, model)
        now.s += 30
        probe = await tested.start(Agent(model))
        await gate.reached.wait()
        assert (await fails(tested, model)).error.kind == "CircuitOpen"
        gate.open.set()
        assert (await probe.result()).output == "well again"
        assert (await tested.outcome(Agent(model))).output == "well again"
    assert [(type(each), each.model) for each in of(probe, CircuitClosed)] == [(CircuitClosed, "bad")]


async def test_a_failure_of_that_request_opens_the_circuit_anew() -> None:
    """For as long again."""
    now = Now()
    async with house() as tested:
        tested.runtime.subscribe(CircuitBreaker(failures=2, open_s=30, clock=now))
        model = Scripted([Busy("1"), Busy("2"), Busy("3")], model="bad")
        for _ in range(2):
            await fails(tested, model)
        now.s += 31
        assert (await fails(tested, model)).error.message == "3"
        now.s += 29
        assert (await fails(tested, model)).error.kind == "CircuitOpen"
    assert [event.failures for run in tested.runs for event in of(run, CircuitOpened)] == [2, 3]


@pytest.mark.parametrize("ends", ["is stopped", "never ends"])
async def test_a_request_that_finds_out_nothing_lets_another_one_try(ends: str) -> None:
    """A run that is stopped says nothing of the model; one that hangs is not waited for for ever."""
    now = Now()
    async with house() as tested:
        breaker = CircuitBreaker(failures=1, open_s=30, clock=now)
        tested.runtime.subscribe(breaker)
        gate = Gate()

        async def answer(_: Any) -> Any:
            if model.asked == 2:
                await gate.wait()
            return Busy("full") if model.asked == 1 else "well"

        model = Scripted(answer, model="bad")
        await fails(tested, model)
        now.s += 30
        probe = await tested.start(Agent(model))
        await gate.reached.wait()
        if ends == "is stopped":
            await probe.cancel()
        else:
            now.s += 30
        assert (await tested.outcome(Agent(model))).output == "well"
        gate.open.set()
        await turns()


async def test_an_answer_out_of_a_cache_does_not_close_a_circuit() -> None:
    """It says nothing of the model."""
    async with house() as tested:
        tested.runtime.subscribe(ResponseCache())
        tested.runtime.subscribe(CircuitBreaker(failures=1, clock=Now()))
        model = Scripted(["known", Busy("full")], model="bad")
        assert (await tested.outcome(Agent(model), "one")).output == "known"
        await tested.runtime.drain()
        await tested.outcome(Agent(model), "two")
        assert (await tested.outcome(Agent(model), "one")).output == "known"
        result = await tested.outcome(Agent(model), "three")
    assert result.error is not None
    assert result.error.kind == "CircuitOpen"


def test_failures_of_requests_that_were_under_way_do_not_prolong_it() -> None:
    """They were asked before it opened."""
    breaker = CircuitBreaker(failures=1, clock=Now())
    failed = ModelFailed(turn=1, error=Fault("Busy", "full", retryable=True), model="bad", run_id="one")
    assert isinstance(breaker.note(failed), CircuitOpened)
    assert breaker.note(failed.model_copy(update={"run_id": "another"})) is None


@pytest.mark.parametrize("wrong", [{"failures": 0}, {"failures": 1.5}, {"open_s": 0}])
def test_options_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    """By name."""
    (name,) = wrong
    with pytest.raises(BadOption, match=name):
        CircuitBreaker(**wrong)


def test_a_model_is_named_by_a_text() -> None:
    """Anything else is a slip."""
    model: Any = Scripted([])
    with pytest.raises(BadOption, match="name models"):
        CircuitBreaker(model)
