"""In no minute do more requests begin than a key allows, nor more tokens than it allows; who came first goes first."""

import inspect
from collections.abc import Awaitable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.backends import Scripted, reply
from loopbus.bus import BadOption, TaskOwner
from loopbus.bus.interception import Instead
from loopbus.events import Fault, ModelFailed, ModelReplied, ModelRequested, RunFinished, RunState, Usage
from loopbus.handlers.policies import RateLimit
from loopbus.handlers.policies.rate_limit import WINDOW_S
from loopbus.runtime import Agent

from ...bus.clock import Clock, turns
from ...faults.house import house


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The loop's time, put forward by hand."""
    return Clock(monkeypatch)


WISH = ModelRequested(turn=1, model="m", messages=1)


def state(run_id: str) -> RunState:
    """As much of a run as the policy looks at."""
    return RunState(run_id=run_id)


def replied(run_id: str, tokens: int) -> ModelReplied:
    """A run's reply that took so many tokens."""
    return ModelReplied(run_id=run_id, turn=1, content=(), stop="end", usage=Usage(tokens))


class Line:
    """Requests of many runs that ask a limit whether they may begin."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._owner = TaskOwner("the test")
        self.begun: list[str] = []
        self.tasks: dict[str, Any] = {}

    async def ask(self, *names: str) -> None:
        """Have runs of these names ask, one after the other."""
        for name in names:
            self.tasks[name] = self._owner.spawn(self._ask(name))
        await turns()

    async def _ask(self, name: str) -> Any:
        answer = self._limit(WISH, state(name))
        if inspect.isawaitable(answer):
            answer = await cast(Awaitable[Any], answer)
        if isinstance(answer, ModelRequested):
            self.begun.append(name)
        return answer


async def test_requests_beyond_the_limit_wait_until_the_minute_is_over_in_the_order_they_came(clock: Clock) -> None:
    """Each leaves the window a minute after it began."""
    line = Line(RateLimit(rpm=2))
    await line.ask("a")
    await clock.forward(20)
    await line.ask("b", "c", "d", "e")
    assert line.begun == ["a", "b"]
    await clock.forward(39)
    assert line.begun == ["a", "b"]
    await clock.forward(1.1)
    assert line.begun == ["a", "b", "c"]
    await clock.forward(20)
    assert line.begun == ["a", "b", "c", "d"]
    await clock.forward(60)
    assert line.begun == ["a", "b", "c", "d", "e"]


async def test_one_that_comes_later_does_not_slip_in_before_those_who_wait(clock: Clock) -> None:
    """Though there is room at that very moment, and the first in the line has not looked yet."""
    limit = RateLimit(tpm=100, guess=60)
    line = Line(limit)
    await line.ask("a", "b")
    limit.note(replied("a", 10))
    later = cast(Any, limit(WISH, state("c")))
    assert inspect.isawaitable(later)
    await turns()
    assert line.begun == ["a", "b"]
    limit.note(replied("b", 10))
    assert await later == WISH


async def test_a_run_that_is_stopped_leaves_the_line(clock: Clock) -> None:
    """Those behind it move up."""
    line = Line(RateLimit(rpm=1))
    await line.ask("a", "b", "c", "d")
    line.tasks["b"].cancel()
    line.tasks["c"].cancel()
    await clock.forward(60.1)
    assert line.begun == ["a", "d"]


async def test_tokens_are_guessed_at_first_and_corrected_by_the_reply(clock: Clock) -> None:
    """What was too high a guess makes room at once."""
    limit = RateLimit(tpm=1000, guess=600)
    line = Line(limit)
    await line.ask("a", "b")
    assert line.begun == ["a"]
    limit.note(replied("a", 100))
    await turns()
    assert line.begun == ["a", "b"]
    limit.note(replied("b", 800))
    await line.ask("c")
    assert line.begun == ["a", "b"]


async def test_a_failure_that_used_nothing_gives_its_tokens_back() -> None:
    """One that used some keeps those; a run that ended without asking keeps its guess until the minute is over."""
    limit = RateLimit(tpm=1000, guess=600)
    line = Line(limit)
    await line.ask("a")
    limit.note(ModelFailed(run_id="a", turn=1, error=Fault("Busy", "full")))
    await line.ask("b")
    limit.note(RunFinished(run_id="b", status="cancelled"))
    limit.note(replied("b", 1))
    await line.ask("c")
    assert line.begun == ["a", "b"]
    line.tasks["c"].cancel()


async def test_what_is_larger_than_the_limit_begins_when_nothing_else_does(clock: Clock) -> None:
    """It would wait for ever otherwise; a correction behind the window changes nothing of it."""
    limit = RateLimit(tpm=10, guess=600)
    line = Line(limit)
    await line.ask("a", "b")
    assert line.begun == ["a"]
    await clock.forward(60.1)
    limit.note(replied("a", 50))
    assert line.begun == ["a", "b"]
    await line.ask("c")
    await clock.forward(60.1)
    assert line.begun == ["a", "b", "c"]


async def test_who_has_waited_too_long_is_told_so_and_may_ask_another_model(clock: Clock) -> None:
    """A typed failure that no retry repeats."""
    line = Line(RateLimit(rpm=1, longest_wait_s=10))
    await line.ask("a", "b")
    await clock.forward(10.1)
    answer = line.tasks["b"].result()
    assert isinstance(answer, Instead)
    assert isinstance(answer.event, ModelFailed)
    assert (answer.event.error.kind, answer.event.error.retryable, answer.event.model) == ("Throttled", False, "m")


@given(data=st.data(), rpm=st.integers(1, 4), tpm=st.integers(50, 500))
async def test_no_minute_ever_holds_more_than_it_may(data: st.DataObject, rpm: int, tpm: int) -> None:
    """Whatever comes when: requests by their number, tokens by what those that began were put at or took."""
    now = [0.0]
    limit = RateLimit(rpm=rpm, tpm=tpm, guess=10, clock=lambda: now[0])
    begun: list[float] = []
    took: list[tuple[float, int]] = []
    for place in range(data.draw(st.integers(1, 25))):
        now[0] += data.draw(st.floats(0, 40))
        answer = limit(WISH, state(str(place)))
        if inspect.isawaitable(answer):
            cast(Any, answer).close()
            continue
        window = [tokens for at, tokens in took if now[0] - at < WINDOW_S]
        assert not window or sum(window) <= tpm
        begun.append(now[0])
        assert len([at for at in begun if now[0] - at < WINDOW_S]) <= rpm
        took.append((now[0], data.draw(st.integers(1, 100))))
        limit.note(replied(str(place), took[-1][1]))


async def test_runs_of_one_runtime_share_the_limit(clock: Clock) -> None:
    """Attached by one line; other models pass, and what waits is not in the log yet."""
    async with house() as tested:
        tested.runtime.subscribe(RateLimit("limited", rpm=1))
        model = Scripted([reply("1", usage=Usage(5, 5)), "2"], model="limited")
        first, second = [await tested.start(Agent(model)) for _ in range(2)]
        await turns()
        assert (first.status, second.status) == ("completed", None)
        assert type(second.log[-1]).__name__ == "TurnStarted"
        assert (await tested.outcome(Agent(Scripted(["free"])))).output == "free"
        await clock.forward(61)
        assert (await second.result()).output == "2"


async def test_a_run_that_waits_can_be_stopped(clock: Clock) -> None:
    """At once, and the next one gets its place."""
    async with house() as tested:
        tested.runtime.subscribe(RateLimit("limited", rpm=1))
        model = Scripted(["1", "2"], model="limited")
        await tested.outcome(Agent(model))
        waiting, next_one = [await tested.start(Agent(model)) for _ in range(2)]
        await turns()
        await waiting.cancel()
        assert waiting.status == "cancelled"
        await clock.forward(61)
        assert (await next_one.result()).output == "2"


@pytest.mark.parametrize("wrong", [{"rpm": 0}, {"tpm": -1}, {"guess": 0}, {"longest_wait_s": "long"}])
def test_options_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    """By name."""
    (name,) = wrong
    with pytest.raises(BadOption, match=name):
        RateLimit(**wrong)


def test_a_limit_of_nothing_is_refused() -> None:
    """Whoever attaches one means to limit something."""
    with pytest.raises(BadOption, match="without rpm or tpm limits nothing; give one"):
        RateLimit("openai:*")
