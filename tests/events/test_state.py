"""What a run's events say about the run."""

import copy

from hypothesis import given, settings

from loopbus.events import (
    ApprovalDecided,
    ApprovalEscalated,
    ApprovalRequested,
    CostCounted,
    Event,
    Fault,
    ModelFailed,
    ModelReplied,
    ModelRequested,
    RunFinished,
    RunStarted,
    RunState,
    ToolCall,
    ToolFinished,
    ToolStarted,
    TurnStarted,
    Usage,
    fold,
    user,
)
from loopbus.events.state import replay

from .logs import logs

PROMPT = RunStarted(run_id="run", agent="agent", model="m", prompt=user("prompt"))


def batch(number: int, *, a: int = 1, output: str = "3", blame: bool = False, name: str = "add") -> list[Event]:
    """A reply with one call, and its result."""
    call = ToolCall(f"{number}.0", name, {"a": a})
    return [
        ModelReplied(turn=number, content=(call,), stop="tool_calls"),
        ToolStarted(call_id=call.call_id, name=name),
        ToolFinished(
            call_id=call.call_id, name=name, outcome="error" if blame else "ok", output=output,
            blame="model" if blame else None,
        ),
    ]  # fmt: skip


@settings(max_examples=40)
@given(logs())
def test_the_state_of_a_log_is_the_state_of_the_run_at_every_event(log: list[Event]) -> None:
    """Law 3: the state rebuilt from the first events equals the one that was folded while they came."""
    live = RunState()
    for place, event in enumerate(log):
        live.add(event)
        assert replay(log[: place + 1]) == live


@settings(max_examples=40)
@given(logs())
def test_a_state_goes_on_from_anywhere(log: list[Event]) -> None:
    """A copy of the state in the middle, with the rest of the log, is the state at the end."""
    middle = len(log) // 2
    state = copy.deepcopy(replay(log[:middle]))
    for event in log[middle:]:
        state.add(event)
    assert state == replay(log)


@settings(max_examples=40)
@given(logs())
def test_the_state_holds_the_conversation(log: list[Event]) -> None:
    """The same as the fold for it alone."""
    assert replay(log).transcript == fold(log)
    assert replay(log).messages == fold(log).messages


@settings(max_examples=40)
@given(logs())
def test_what_is_known_of_a_run_is_what_its_log_says(log: list[Event]) -> None:
    """Each count by another way than the fold's own."""
    state = replay(log)
    assert (state.run_id, state.seq) == ("run", len(log))
    answers = [event for event in log if isinstance(event, ModelReplied | ModelFailed)]
    assert state.usage == sum((event.usage for event in answers), Usage())
    assert state.tool_calls == sum(isinstance(event, ToolStarted) for event in log)
    prices = [event.cost_usd for event in log if isinstance(event, CostCounted)]
    known = [price for price in prices if price is not None]
    assert state.cost_usd == (sum(known) if known else None)
    assert state.unpriced == len(prices) - len(known)
    assert state.status == (log[-1].status if isinstance(log[-1], RunFinished) else None)
    asked = [event for event in log if isinstance(event, ModelRequested)]
    assert (state.asking is not None) == (len(asked) > len(answers))
    open_calls = {call.call_id for call in state.transcript.open_calls()}
    for of_calls in (state.started, state.waiting, state.approved):
        assert set(of_calls) <= open_calls


def test_a_new_run_is_known_by_nothing() -> None:
    """Before the first event."""
    state = RunState()
    assert (state.run_id, state.seq, state.turn, state.status, state.cost_usd) == ("", 0, 0, None, None)
    assert state.messages == []


def test_the_request_that_has_no_reply_is_known() -> None:
    """From the request to the reply, or to the failure, which ends it too."""
    request = ModelRequested(turn=1, model="m", messages=1, instructions="do")
    for answer in (
        ModelReplied(turn=1, content=(), stop="length", usage=Usage(3)),
        ModelFailed(turn=1, error=Fault("Cut", "cut"), usage=Usage(3)),
    ):
        state = replay([PROMPT, TurnStarted(turn=1), request])
        assert (state.asking, state.turn, state.instructions) == (request, 1, "do")
        state.add(answer)
        assert (state.asking, state.usage) == (None, Usage(3))
    assert replay([PROMPT, ModelReplied(turn=1, content=(), stop="length")]).stop == "length"


def test_instructions_stay_until_there_are_others() -> None:
    """None says: as before; no text says: none any more."""
    requests = [ModelRequested(turn=1, model="m", messages=1, instructions=told) for told in ("do", None, "")]
    assert [replay(requests[: place + 1]).instructions for place in range(3)] == ["do", "do", ""]


def test_a_call_waits_for_a_person_until_it_is_decided() -> None:
    """Approved calls are known as such until they have a result; rejected ones are not."""
    reply = ModelReplied(turn=1, content=(ToolCall("1.0", "pay"), ToolCall("1.1", "pay")), stop="tool_calls")
    asks = [ApprovalRequested(call_id=f"1.{slot}", name="pay", arguments={}, approver="finance") for slot in range(2)]
    state = replay([PROMPT, reply, *asks])
    assert list(state.waiting) == ["1.0", "1.1"]
    state.add(ApprovalDecided(call_id="1.0", approve=True))
    state.add(ApprovalDecided(call_id="1.1", approve=False))
    assert (list(state.waiting), list(state.approved)) == ([], ["1.0"])
    state.add(ToolFinished(call_id="1.0", name="pay", outcome="ok", output="paid"))
    assert state.approved == {}


def test_a_call_that_is_stopped_while_it_waits_waits_no_more() -> None:
    """Its result ends the waiting, whoever wrote it."""
    reply = ModelReplied(turn=1, content=(ToolCall("1.0", "pay"),), stop="tool_calls")
    asks = ApprovalRequested(call_id="1.0", name="pay", arguments={}, approver="finance")
    state = replay([PROMPT, reply, asks, ToolFinished(call_id="1.0", name="pay", outcome="cancelled", output="")])
    assert state.waiting == {}


def test_it_is_known_who_is_asked_by_now_and_what_exactly_was_agreed_to() -> None:
    """Asked again, everything begins anew; what nobody waits for changes nothing."""
    asks = ApprovalRequested(call_id="1.0", name="pay", arguments={"usd": 7}, approver="kim", escalate_to=("ann",))
    state = replay([PROMPT, asks, ApprovalEscalated(call_id="1.0", approver="ann", step=1)])
    assert state.escalated["1.0"].approver == "ann"
    state.add(ApprovalDecided(call_id="1.0", approve=True, arguments={"usd": 5}))
    assert (state.waiting, state.escalated, state.approved) == ({}, {}, {"1.0": (asks, {"usd": 5})})
    state.add(asks)
    assert (list(state.waiting), state.escalated, state.approved) == (["1.0"], {}, {})
    state.add(ApprovalEscalated(call_id="1.0", approver="ann", step=1))
    state.add(ToolFinished(call_id="1.0", name="pay", outcome="cancelled", output=""))
    assert (state.waiting, state.escalated) == ({}, {})
    state.add(ApprovalEscalated(call_id="1.0", approver="ann", step=1))
    state.add(ApprovalDecided(call_id="1.0", approve=True))
    assert (state.escalated, state.approved) == ({}, {})


def test_mistakes_of_the_model_are_counted_in_a_row() -> None:
    """A reply with one counts, however many it has; a reply without ends the row."""
    log = [PROMPT, *batch(1, blame=True), *batch(2, blame=True)]
    assert replay(log).faults == 2
    assert replay([*log, *batch(3)]).faults == 0
    stray = ToolFinished(call_id="stray", name="add", outcome="error", output="x", blame="model")
    assert replay([*log, *batch(3), stray, *batch(4)]).faults == 0


def test_the_same_calls_with_the_same_results_are_counted_in_a_row() -> None:
    """Ids aside, which always differ: name, arguments and result must be the same."""
    same = [PROMPT, *batch(1), *batch(2), *batch(3)]
    assert replay(same).repeats == 3
    for other in (batch(4, a=2), batch(4, output="4"), batch(4, name="sub"), batch(4, output="3", blame=True)):
        state = replay([*same, *other])
        assert state.repeats == 1
        assert state.batch is not None
        assert state.batch[0][0].call_id == "4.0"


def test_more_calls_than_before_are_not_the_same() -> None:
    """A batch is compared as a whole."""
    calls = (ToolCall("2.0", "add", {"a": 1}), ToolCall("2.1", "add", {"a": 1}))
    two = [
        ModelReplied(turn=2, content=calls, stop="tool_calls"),
        *[ToolFinished(call_id=call.call_id, name="add", outcome="ok", output="3") for call in calls],
    ]
    assert replay([PROMPT, *batch(1), *two]).repeats == 1
    assert replay([PROMPT, *two, *batch(3)]).repeats == 1
