"""An agent with an output type: its runs end with a value of that type, however the model was asked for it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from pydantic import BaseModel, field_validator
from typing_extensions import TypedDict

from loopbus import Agent, LimitReached, Limits, Run, RunCancelled, RunFailed, Runtime, Veto
from loopbus.backends import Capabilities, Scripted, call, reply, text
from loopbus.backends.script import Line
from loopbus.events import Event, ModelReplied, OutputRejected, Refusal, RunFinished, TextDelta, ToolRequested
from loopbus.handlers.answering import OutputMode
from loopbus.runtime import BadInput, RunResult
from loopbus.tools import BadOutputType, DuplicateTool, tool

from ..faults.house import add
from ..faults.invariants import check_run


class City(BaseModel):
    """A city and how many live there."""

    name: str
    people: int


@dataclass
class Sum:
    total: int


class Pair(TypedDict):
    left: int
    right: int


PARIS = City(name="Paris", people=2)
RIGHT = '{"name": "Paris", "people": 2}'
WRONG = '{"name": "Paris"}'
MODES: tuple[OutputMode, ...] = ("native", "tool", "prompt")


class Can(Scripted):
    """A script behind a backend that can do this."""

    def __init__(self, script: Sequence[Line], **can: bool) -> None:
        super().__init__(script, stream=4)
        self._can = Capabilities(**can)

    @property
    def capabilities(self) -> Capabilities:
        return self._can


async def whole(run: Run[Any]) -> RunResult[Any]:
    """The result of a run, which kept every law."""
    await run.outcome()
    return await check_run(run)


def lines(mode: OutputMode, *answers: str) -> list[Line]:
    """Replies that give these answers, as a model would that was asked in this mode."""
    if mode != "tool":
        return [text(answer) for answer in answers]
    return [reply(call("final_answer", **City.model_validate_json(answer).model_dump())) for answer in answers]


@pytest.mark.parametrize("mode", MODES)
async def test_the_output_is_a_value_of_the_type(mode: OutputMode) -> None:
    """In every mode, the log has its JSON, the result the value, and the conversation can go on."""
    agent = Agent(Scripted([*lines(mode, RIGHT), text("4")]), output=City, output_mode=mode)
    async with Runtime() as runtime:
        run = await runtime.start(agent, "Which city?")
        result = await whole(run)
        assert result.output == PARIS
        assert isinstance(run.log[-1], RunFinished)
        assert run.log[-1].output == {"name": "Paris", "people": 2}
        more = Agent(Scripted([text("ok")]))
        assert (await runtime.run(more, "Go on.", messages=result.messages)).output == "ok"


@pytest.mark.parametrize(
    ("can", "seen"),
    [
        ({"output": True}, ("City", (), None, "")),
        ({}, (None, ("final_answer",), "required", "")),
        ({"tools": False}, (None, (), None, "When you give the final answer")),
    ],
)
async def test_a_model_is_asked_in_the_way_that_its_backend_can(can: dict[str, bool], seen: tuple[Any, ...]) -> None:
    """Natively if it can, else by a tool, else in words; and always once."""
    model = Can([text(RIGHT)], **can)
    assert (await Agent(model, output=City).run("Which city?")).output == PARIS
    (request,) = model.requests
    name = request.output.name if request.output else None
    tools = tuple(tool.name for tool in request.tools)
    assert (name, tools, request.settings.tool_choice, request.instructions[:30]) == seen


@pytest.mark.parametrize(
    ("kind", "answer", "output"),
    [
        (Sum, '{"total": "3"}', Sum(3)),
        (Pair, '{"left": 1, "right": 2}', {"left": 1, "right": 2}),
        (list[int], "[1, 2]", [1, 2]),
        (int, "3", 3),
        (bool, "false", False),
        (City | Sum, '{"total": 3}', Sum(3)),
        (City | None, "null", None),
        (Literal["yes", "no"], "no", "no"),
    ],
)
async def test_any_type_is_an_output(kind: Any, answer: str, output: object) -> None:
    """Models, dataclasses, typed dicts, unions, lists and plain types; a value that is false is one too."""
    assert (await Agent(Scripted([text(answer)]), output=kind).run("Go.")).output == output


async def test_a_text_stays_a_text() -> None:
    """Without an output type nothing is asked, and nothing parsed."""
    model = Scripted([text(RIGHT)])
    assert (await Agent(model, output=str).run("Which city?")).output == RIGHT
    assert (model.requests[0].output, model.requests[0].tools) == (None, ())


@pytest.mark.parametrize("mode", MODES)
async def test_a_wrong_answer_is_repaired(mode: OutputMode) -> None:
    """The model sees what is wrong with it, and answers again."""
    wrong = reply(call("final_answer", name="Paris")) if mode == "tool" else text(WRONG)
    model = Scripted([wrong, *lines(mode, RIGHT)])
    async with Runtime() as runtime:
        run = await runtime.start(Agent(model, output=City, output_mode=mode), "Which city?")
        result = await whole(run)
    assert (result.output, result.turns) == (PARIS, 2)
    (rejected,) = [event for event in run.log if isinstance(event, OutputRejected)]
    told = model.requests[1].messages[-1]
    assert "- people: missing (integer)" in rejected.reason
    assert rejected.reason in (told.text or told.tool_results[0].output)


@pytest.mark.parametrize(("retries", "asked"), [(0, 1), (2, 3)])
async def test_the_budget_is_kept_and_the_failure_has_what_there_is(retries: int, asked: int) -> None:
    """``output_retries`` more answers, then the run fails, typed, with the last words and a whole conversation."""
    model = Scripted(lambda _: text("Paris, I think."))
    with pytest.raises(RunFailed, match="not what the output must be; last: The answer is no JSON") as caught:
        await Agent(model, output=City, output_retries=retries).run("Which city?")
    result = caught.value.result
    assert (model.asked, result.output) == (asked, "Paris, I think.")
    assert result.error is not None
    assert result.error.kind == "InvalidOutput"
    assert result.messages[-1].text == "Paris, I think."


async def test_tools_are_used_before_the_answer_is_given() -> None:
    """And a call beside the answer runs too, so that every call has a result."""
    model = Scripted([call("add", a=1, b=2), reply(call("final_answer", total=3), call("add", a=2, b=2))])
    async with Runtime() as runtime:
        run = await runtime.start(Agent(model, tools=[add], output=Sum), "Add.")
        result = await whole(run)
    assert result.output == Sum(3)
    assert [one.output for message in result.messages for one in message.tool_results] == [
        "3",
        "The answer is accepted.",
        "4",
    ]


@pytest.mark.parametrize("mode", MODES)
async def test_a_cut_answer_is_never_a_whole_one(mode: OutputMode) -> None:
    """Law 7: though its JSON would be valid, an answer that was cut by the provider's limit is not accepted."""
    answer = call("final_answer", name="Paris", people=2) if mode == "tool" else text(RIGHT)
    model = Scripted([reply(answer, stop="length")] * 5)
    async with Runtime() as runtime:
        run = await runtime.start(Agent(model, output=City, output_mode=mode), "Which city?")
        result = await whole(run)
    assert result.status != "completed"
    assert not isinstance(result.output, City)


async def test_a_refusal_fails_the_run() -> None:
    """It is neither the output nor worth another try."""
    model = Scripted([reply(Refusal("I must not."), stop="refusal")])
    with pytest.raises(RunFailed, match="I must not") as caught:
        await Agent(model, output=City).run("Which city?")
    assert (model.asked, caught.value.result.output) == (1, "I must not.")


async def test_limits_bound_the_repairs() -> None:
    """A run that may not have another turn ends at its limit."""
    with pytest.raises(LimitReached, match="1 turn"):
        await Agent(Scripted([text(WRONG)]), output=City, limits=Limits(turns=1)).run("Which city?")


async def test_a_policy_may_change_or_refuse_the_answer() -> None:
    """``final_answer`` is a call like any other to those who intercept calls."""
    model = Scripted([call("final_answer", name="Rome", people=0), call("final_answer", name="Paris", people=0)])
    async with Runtime() as runtime:

        @runtime.intercept(ToolRequested.where(name="final_answer"))
        def census(event: ToolRequested) -> ToolRequested | Veto:
            if event.arguments["name"] == "Rome":
                return Veto("Rome is not known here")
            return event.model_copy(update={"arguments": {**event.arguments, "people": 2}})

        assert (await runtime.run(Agent(model, output=City), "Which city?")).output == PARIS


async def test_what_is_said_meanwhile_is_answered_first() -> None:
    """A message that comes in before the run ends goes to the model, and the next answer counts."""
    model = Scripted([text(RIGHT), text('{"name": "Rome", "people": 3}')])
    async with Runtime() as runtime:
        run = await runtime.start(Agent(model, output=City), "Which city?")
        async for event in run.events():
            if isinstance(event, ModelReplied) and event.turn == 1:
                break
        if run.status is None:
            await run.send("Another one.")
        assert (await run.result()).output in (City(name="Rome", people=3), PARIS)


class Fickle(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def known(cls, name: str) -> str:
        if name in FORGOTTEN:
            raise ValueError("forgotten since")
        return name


FORGOTTEN: set[str] = set()


async def test_a_type_that_judges_otherwise_later_is_a_failed_result() -> None:
    """The value is made anew from the log for each who asks; nobody gets a foreign error."""
    async with Runtime() as runtime:
        run = await runtime.start(Agent(Scripted([text('{"name": "Troy"}')]), output=Fickle), "Which city?")
        assert (await run.outcome()).output == Fickle(name="Troy")
        FORGOTTEN.add("Troy")
        try:
            result = await run.outcome()
            with pytest.raises(RunFailed, match="forgotten since"):
                await run.result()
        finally:
            FORGOTTEN.clear()
    assert (result.status, result.output) == ("failed", {"name": "Troy"})
    assert result.error is not None
    assert result.error.kind == "InvalidOutput"


def test_a_type_checker_knows_the_output() -> None:
    """The agent's output type is that of the result."""
    result = Agent(Scripted([text(RIGHT)]), output=City).run_sync("Which city?")
    checked: RunResult[City] = result
    assert checked.output.people == 2


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"output": "City"}, BadOutputType, "it is a str"),
        ({"output": 3}, BadOutputType, "output=3 is no type"),
        ({"output_mode": "json"}, BadInput, "output_mode='json': give one of 'auto', 'native', 'tool', 'prompt'"),
        ({"output_retries": -1}, BadInput, "output_retries=-1: give a whole number, 0 or more"),
    ],
)
def test_what_cannot_be_an_output_is_refused_where_it_is_written(
    given: dict[str, Any], error: type[Exception], words: str
) -> None:
    """Before any run."""
    with pytest.raises(error, match=words):
        Agent(Scripted([]), **given)


async def test_a_tool_of_that_name_is_in_the_way() -> None:
    """The run does not start, and the error says what to rename."""

    @tool(name="final_answer")
    async def mine() -> str:
        """Something else."""
        return ""

    async with Runtime() as runtime:
        with pytest.raises(DuplicateTool, match="two tools are named 'final_answer'; rename one"):
            await runtime.start(Agent(Scripted([]), tools=[mine], output=City), "go")


async def test_a_session_goes_on_after_an_output() -> None:
    """Whether the answer was words or a call, the next run of the session has a conversation that providers take."""
    for mode in MODES:
        async with Runtime() as runtime:
            agent = Agent(Scripted(lines(mode, RIGHT, RIGHT)), output=City, output_mode=mode)
            for _ in range(2):
                run = await runtime.start(agent, "Which city?", session="ada")
                assert (await whole(run)).output == PARIS
            assert [message.role for message in runtime.sessions.messages("ada")].count("user") == 2


async def test_cancelling_while_it_is_asked_again_leaves_no_half_output() -> None:
    """Law 5: the run is cancelled, and its output is what the model had said."""
    model = Scripted(lambda _: text(WRONG), delay_s=0.001)
    async with Runtime() as runtime:
        run = await runtime.start(Agent(model, output=City, output_retries=10_000, limits=Limits(turns=None)), "go")
        async for event in run.events():
            if isinstance(event, OutputRejected):
                break
        await run.cancel("enough")
        with pytest.raises(RunCancelled):
            await run.result()
        assert not isinstance((await whole(run)).output, City)


async def test_every_way_to_run_gives_the_same_output() -> None:
    """Law 9: awaited, detached, and sync."""
    wrong_then_right = [text(WRONG), text(RIGHT)]
    awaited = await Agent(Scripted(wrong_then_right), output=City).run("go")
    sync = await asyncio.to_thread(Agent(Scripted(wrong_then_right), output=City).run_sync, "go")
    async with Runtime() as runtime:
        run = await runtime.start(Agent(Scripted(wrong_then_right), output=City), "go")
        detached = await run.result()
    assert awaited.output == sync.output == detached.output == PARIS
    assert awaited.messages == sync.messages == detached.messages
    names = [type(event).__name__ for event in run.log]
    assert names[5:8] == ["OutputRejected", "MessageInjected", "TurnStarted"]


async def test_pieces_of_the_answer_are_told_as_ever() -> None:
    """A view of the run shows the JSON as it is written."""
    seen: list[Event] = []
    async with Runtime() as runtime:
        run = await runtime.start(Agent(Can([text(RIGHT)], output=True), output=City), "go")
        seen = [event async for event in run.events(ephemeral=True)]
    assert "".join(event.text for event in seen if isinstance(event, TextDelta)) == RIGHT
