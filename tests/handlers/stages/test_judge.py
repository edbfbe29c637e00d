"""An answer of the right type ends the run; another one is sent back, and too many of them end it too."""

from typing import Any

import pytest

from loopbus.events import (
    ApprovalDecided,
    ApprovalRequested,
    Event,
    MessageInjected,
    ModelReplied,
    ModelRequested,
    Outcome,
    OutputRejected,
    Refusal,
    RunFinished,
    Text,
    ToolFinished,
    ToolRequested,
    TurnFinished,
    TurnStarted,
    user,
)
from loopbus.events.content import Block
from loopbus.events.model import Stop
from loopbus.handlers.stages.judge import Judge
from loopbus.tools import OutputType

from ...tools.kinds import Point
from ..fake_run import FakeRun, asked, batch, one, prompted

RIGHT = '{"x": 1}'


async def go_on(_: TurnFinished, run: Any) -> Event:
    """Stands for the stage behind."""
    return TurnStarted(turn=2)


def judge(retries: int = 2, kind: Any = Point) -> Judge:
    """A judge of points."""
    return Judge(OutputType(kind), retries, "Again.", go_on)


async def judged(run: FakeRun, *, final: bool, by: Judge | None = None) -> Any:
    """What a judge makes of the turn that is over."""
    return await (by or judge())(run.take(TurnFinished(turn=run.state.turn, final=final)), run)


def answered(*content: Block, stop: Stop = "end") -> FakeRun:
    """A run whose model has answered in words."""
    run = asked()
    run.take(ModelReplied(turn=1, content=content, stop=stop))
    return run


async def test_a_right_answer_ends_the_run_with_its_json() -> None:
    """As the model wrote it; the caller's object is made of it when it is asked for."""
    run = answered(Text(f"```json\n{RIGHT}\n```"))
    end = await judged(run, final=True)
    assert isinstance(end, RunFinished)
    assert (end.status, end.output) == ("completed", {"x": 1})
    assert run.names()[-1] == "TurnFinished"


async def test_a_wrong_answer_is_sent_back_with_what_is_wrong() -> None:
    """In the log it is rejected, and the model is told; then the turn order goes on."""
    run = answered(Text('{"x": "far"}'))
    assert isinstance(await judged(run, final=True), TurnStarted)
    assert run.names()[-3:] == ["TurnFinished", "OutputRejected", "MessageInjected"]
    rejected, told = run.log[-2:]
    assert isinstance(rejected, OutputRejected)
    assert isinstance(told, MessageInjected)
    assert (rejected.turn, rejected.call_id, rejected.cause) == (1, "", len(run.log) - 2)
    assert 'got "far"' in rejected.reason
    assert told.message.text == f"{rejected.reason}\n\nAgain."
    assert (told.author, run.state.rejected) == ("loopbus", 1)


@pytest.mark.parametrize(("retries", "words"), [(0, "1 answer was not what"), (2, "3 answers were not what")])
async def test_after_so_many_the_run_fails(retries: int, words: str) -> None:
    """The fault says how many and what was wrong with the last; its words are the partial output."""
    run = answered(Text("Nowhere."))
    for _ in range(retries):
        run.take(OutputRejected(turn=1, reason="wrong"))
    end = await judged(run, final=True, by=judge(retries))
    assert isinstance(end, RunFinished)
    assert end.error is not None
    assert (end.status, end.error.kind, end.error.where, end.output) == ("failed", "InvalidOutput", "model", "Nowhere.")
    assert end.reason.startswith(words)
    assert run.names()[-1] == "OutputRejected"


@pytest.mark.parametrize("stop", ["length", "content_filter"])
async def test_a_cut_answer_is_not_even_looked_at(stop: Stop) -> None:
    """Law 7: though what there is of it would be valid, it goes the way of every cut answer."""
    run = answered(Text(RIGHT), stop=stop)
    assert isinstance(await judged(run, final=True), TurnStarted)
    assert run.names()[-1] == "TurnFinished"


@pytest.mark.parametrize(
    ("content", "stop", "words"),
    [
        ((Refusal("I must not."),), "end", "I must not."),
        ((Text("No."),), "refusal", "No."),
        ((), "refusal", "the model refused to answer"),
    ],
)
async def test_a_refusal_is_no_wrong_answer(content: tuple[Block, ...], stop: Stop, words: str) -> None:
    """Asking again would not help: the run fails with the model's words."""
    run = answered(*content, stop=stop)
    end = await judged(run, final=True)
    assert isinstance(end, RunFinished)
    assert end.error is not None
    assert (end.status, end.error.kind, end.reason) == ("failed", "ModelRefused", words)


async def test_who_says_something_meanwhile_is_heard_first() -> None:
    """The answer was to another conversation; the run goes on, as it does without an output type."""
    run = answered(Text("wrong anyway"))
    run.take(MessageInjected(message=user("also check order 8")))
    assert isinstance(await judged(run, final=True), TurnStarted)
    assert run.names()[-1] == "TurnFinished"


async def test_a_call_of_final_answer_is_the_answer() -> None:
    """Also among other calls; of two, the first that is right."""
    run = prompted()
    batch(run, 1, one("add", "c1"), one("final_answer", "c2", x=1, y=2), one("final_answer", "c3", x=3))
    end = await judged(run, final=False)
    assert isinstance(end, RunFinished)
    assert (end.status, end.output) == ("completed", {"x": 1, "y": 2})


async def test_what_policies_and_people_made_of_the_answer_counts() -> None:
    """The request in the log has a policy's arguments, the decision a person's."""
    for decision, output in ((None, {"x": 5}), ({"x": 6}, {"x": 6})):
        run = prompted()
        run.take(ModelRequested(turn=1, model="fake", messages=1))
        run.take(ModelReplied(turn=1, content=(one("final_answer", x=1),), stop="tool_calls"))
        run.take(ToolRequested(call_id="c1", name="final_answer", arguments={"x": 5}))
        run.take(ApprovalDecided(call_id="c1", approve=True, arguments=decision))
        run.take(ToolFinished(call_id="c1", name="final_answer", outcome="ok", output="accepted"))
        assert (await judged(run, final=False)).output == output


async def test_of_an_answer_that_was_asked_about_twice_the_last_question_counts() -> None:
    """What was agreed to at last is what the run ends with, and not what somebody made of it before."""
    run = prompted()
    run.take(ModelRequested(turn=1, model="fake", messages=1))
    run.take(ModelReplied(turn=1, content=(one("final_answer", x=1),), stop="tool_calls"))
    run.take(ToolRequested(call_id="c1", name="final_answer", arguments={"x": 1}))
    for shown, edited in ({"x": 1}, {"x": 6}), ({"x": 7}, None):
        run.take(ApprovalRequested(call_id="c1", name="final_answer", arguments=shown, approver="kim"))
        run.take(ApprovalDecided(call_id="c1", approve=True, arguments=edited))
    run.take(ToolFinished(call_id="c1", name="final_answer", outcome="ok", output="accepted"))
    assert (await judged(run, final=False)).output == {"x": 7}


async def test_a_wrong_call_is_rejected_without_more_words() -> None:
    """Its result has told the model already; a call that a policy denied is nobody's mistake."""
    outcomes: list[tuple[Outcome, list[str]]] = [
        ("error", ["TurnFinished", "OutputRejected"]),
        ("denied", ["ToolFinished", "TurnFinished"]),
    ]
    for outcome, names in outcomes:
        run = prompted()
        batch(run, 1, one("final_answer", x="far"), output="x is no integer", outcome=outcome, blame="model")
        assert isinstance(await judged(run, final=False), TurnStarted)
        assert run.names()[-2:] == names


async def test_after_too_many_wrong_calls_the_last_arguments_are_what_there_is() -> None:
    """The partial output of a run that was asked by a tool."""
    run = prompted()
    batch(run, 1, one("final_answer", x="far"), output="x is no integer", outcome="error", blame="model")
    end = await judged(run, final=False, by=judge(0))
    assert isinstance(end, RunFinished)
    assert (end.status, end.output) == ("failed", {"x": "far"})
    assert end.reason == "1 answer was not what the output must be; last: x is no integer"


async def test_other_calls_are_none_of_its_business() -> None:
    """A turn of tools goes on as ever."""
    run = prompted()
    batch(run, 1, one("add"))
    assert isinstance(await judged(run, final=False), TurnStarted)
    assert run.names()[-1] == "TurnFinished"


async def test_an_answer_that_is_no_object_is_logged_without_its_wrapper() -> None:
    """What is asked for as ``{"value": [1, 2]}`` is a list in the log."""
    run = prompted()
    batch(run, 1, one("final_answer", value=[1, 2]))
    end = await judged(run, final=False, by=judge(kind=list[int]))
    assert end.output == [1, 2]
