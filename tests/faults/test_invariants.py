"""The checker itself: it passes a run that went well, and goes red on every way in which a log can be broken."""

from collections.abc import Callable, Sequence

import pytest

from loopbus.events import (
    Event,
    Message,
    ModelReplied,
    RunFinished,
    TextDelta,
    ToolCall,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    user,
)
from loopbus.runtime import OutOfOrder

from .house import CANARY, house
from .invariants import (
    check_balanced,
    check_calls,
    check_fold,
    check_order,
    check_run,
    check_sequence,
    check_terminal,
    normal,
)

Log = list[Event]
Broken = Callable[[Log], Sequence[Event]]


async def good_log() -> tuple[str, Log]:
    """The log of a run with a call and an answer."""
    async with house() as tested:
        run = await tested.start(CANARY)
        await run.outcome()
        result = await check_run(run)
        check_balanced(result.messages)
        return run.id, list(run.log)


def without(kind: type[Event]) -> Broken:
    """A log in which something never happened."""
    return lambda log: [event for event in log if not isinstance(event, kind)]


def twice(kind: type[Event]) -> Broken:
    """A log in which something happened twice."""
    return lambda log: [event for each in log for event in ([each, each] if isinstance(each, kind) else [each])]


def altered(kind: type[Event], **fields: object) -> Broken:
    """A log in which something happened otherwise."""
    return lambda log: [each.model_copy(update=fields) if isinstance(each, kind) else each for each in log]


TERMINAL: dict[str, Broken] = {
    "no end": without(RunFinished),
    "two ends": twice(RunFinished),
    "something after the end": lambda log: [*log, log[1]],
    "an end that there is none of": altered(RunFinished, status="suspended"),
}
SEQUENCE: dict[str, Broken] = {
    "a gap": without(ToolStarted),
    "a repetition": twice(ToolStarted),
    "another order": lambda log: [*log[:3], log[4], log[3], *log[5:]],
    "an effect before its cause": altered(ToolStarted, cause=99),
    "another run's event": altered(ToolStarted, run_id="other"),
    "a piece": lambda log: [*log[:-1], TextDelta(run_id=log[0].run_id, seq=len(log), cause=1, text="a")],
}
ORDER: dict[str, Broken] = {
    "no end": without(RunFinished),
    "a reply that nobody asked for": twice(ModelReplied),
    "something after the end": lambda log: [*log, log[1]],
}
CALLS: dict[str, Broken] = {
    "no result": without(ToolFinished),
    "two results": twice(ToolFinished),
    "no request": without(ToolRequested),
    "two requests": twice(ToolRequested),
    "two starts": twice(ToolStarted),
    "another call's result": altered(ToolFinished, call_id="other"),
    "a call of no reply": without(ModelReplied),
}


@pytest.mark.parametrize("way", TERMINAL)
async def test_i1_goes_red(way: str) -> None:
    """Exactly one terminal event, and it is the last."""
    _, log = await good_log()
    check_terminal(log)
    with pytest.raises(AssertionError):
        check_terminal(TERMINAL[way](log))


@pytest.mark.parametrize("way", SEQUENCE)
async def test_i2_goes_red(way: str) -> None:
    """Gapless, ordered, caused by what was before, durable, of one run."""
    run_id, log = await good_log()
    check_sequence(log, run_id)
    with pytest.raises(AssertionError):
        check_sequence(SEQUENCE[way](log), run_id)


@pytest.mark.parametrize("way", ORDER)
async def test_the_order_goes_red(way: str) -> None:
    """Only what the order table allows."""
    _, log = await good_log()
    check_order(log)
    with pytest.raises((AssertionError, OutOfOrder)):
        check_order(ORDER[way](log))


@pytest.mark.parametrize("way", CALLS)
async def test_i3_goes_red_in_the_log(way: str) -> None:
    """Every call has one request, at most one start, and one result."""
    _, log = await good_log()
    check_calls(log)
    with pytest.raises(AssertionError):
        check_calls(CALLS[way](log))


async def test_i3_goes_red_in_the_conversation() -> None:
    """Every call is answered right behind it, in order, and nothing else is."""
    async with house() as tested:
        messages = (await tested.outcome(CANARY)).messages
    check_balanced(messages)
    ask, results, last = messages[1], messages[2], messages[3]
    both = Message("assistant", (*ask.content, ToolCall("other", "add", {})))
    for broken in (
        [ask],
        [ask, last],
        [results],
        [ask, user("and?"), results],
        [both, results],
        [ask, results, results],
    ):
        with pytest.raises(AssertionError):
            check_balanced(broken)


async def test_i5_goes_red() -> None:
    """The state in memory is what the log tells."""
    async with house() as tested:
        run = await tested.start(CANARY)
        await run.outcome()
        check_fold(run.log, run.state)
        for way in (without(ToolFinished), without(RunFinished), altered(ToolFinished, output="43")):
            with pytest.raises(AssertionError):
                check_fold(way(list(run.log)), run.state)


async def test_logs_are_compared_without_what_passes() -> None:
    """Two runs of the same script are the same; one that says something else is not."""
    (_, one), (_, other) = await good_log(), await good_log()
    assert normal(one) == normal(other)
    assert normal(one) != normal(altered(ToolFinished, output="43")(other))
