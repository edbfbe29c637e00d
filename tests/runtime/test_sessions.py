"""Named conversations: each belongs to one run at a time, and goes on whatever became of the last one."""

import pytest

from loopbus.backends import Broken, Scripted, call, fail, text
from loopbus.events import user
from loopbus.runtime import Agent, BadInput, Limits, SessionBusy
from loopbus.runtime.sessions import Sessions

from ..faults.house import CANARY, add, agent, house
from ..faults.invariants import check_balanced
from ..faults.misbehaving import Gate, waiting


async def test_a_session_goes_on_where_it_was() -> None:
    """The next run of the same name begins with the whole conversation; another name has its own."""
    model = Scripted([text("Hello Ada."), text("You are Ada."), text("Who are you?")])
    one = Agent(model)
    async with house() as tested:
        await tested.outcome(one, "I am Ada.", session="ada")
        await tested.outcome(one, "Who am I?", session="ada")
        await tested.outcome(one, "Who am I?", session="bob")
        assert len(tested.runtime.sessions) == 2
        assert [message.text for message in tested.runtime.sessions.messages("ada")] == [
            *("I am Ada.", "Hello Ada.", "Who am I?", "You are Ada."),
        ]
    assert [len(request.messages) for request in model.requests] == [1, 3, 1]


async def test_two_runs_on_one_session_are_refused_and_the_second_leaves_no_trace() -> None:
    """``SessionBusy`` names the run that has it; when that is over, the session is free."""
    gate = Gate()
    async with house() as tested:
        run = await tested.start(agent(call("wait"), text("done"), tools=[waiting(gate)]), session="s")
        with pytest.raises(SessionBusy, match=f"in use by run {run.id}"):
            await tested.start(CANARY, "me too", session="s")
        assert tested.runtime.runs == (run,)
        gate.open.set()
        await run.result()
        assert (await tested.outcome(CANARY, "now me", session="s")).output == "42"


HELLO = user("hello")
ENDS = {
    "failed": fail(Broken("reset"), "half a"),
    "stage failed": fail(KeyError("choices"), "half a"),
    "limit": call("add", a=1, b=2),
}


@pytest.mark.parametrize("end", ENDS)
async def test_a_run_that_did_not_complete_leaves_a_balanced_conversation(end: str) -> None:
    """What was done stays known, half a reply stays said, and the next prompt is taken."""
    model = Scripted([text("going on")])
    script = [call("add", a=17, b=25), ENDS[end], ENDS[end]]
    async with house() as tested:
        result = await tested.outcome(agent(*script, tools=[add], limits=Limits(turns=2 if end == "limit" else 9)), session="s")
        assert result.status == ("limit" if end == "limit" else "failed")
        assert (await tested.outcome(Agent(model), "and now?", session="s")).output == "going on"
    check_balanced(model.requests[0].messages)
    assert [message.text for message in model.requests[0].messages if message.role != "tool"][-1] == "and now?"
    assert model.requests[0].messages[: len(result.messages)] == result.messages


async def test_a_request_that_is_refused_does_not_take_the_session() -> None:
    """Whatever was wrong with it, the session stays free."""
    async with house() as tested:
        for wrong in ({"messages": ["hello"]}, {"messages": [None]}, {"key": 7}):
            with pytest.raises(BadInput, match=r"messages\[0\]|key"):
                await tested.start(CANARY, session="s", **wrong)
        assert (await tested.outcome(CANARY, session="s")).output == "42"


async def test_messages_and_a_session_are_one_conversation() -> None:
    """What is given with the prompt comes behind what the session keeps."""
    model = Scripted([text("a"), text("b")])
    async with house() as tested:
        first = await tested.outcome(Agent(model), "one")
        await tested.outcome(CANARY, "kept", session="s")
        await tested.outcome(Agent(model), "two", session="s", messages=first.messages)
    assert [message.text for message in model.requests[1].messages if message.role == "user"] == ["kept", "one", "two"]


def test_a_session_can_be_forgotten() -> None:
    """Also while a run has it: what that run makes of it is not kept."""
    sessions = Sessions()
    sessions.take("s", "run-1")
    sessions.give_back("s", [HELLO])
    assert sessions.messages("s") == (HELLO,)
    sessions.take("s", "run-2")
    sessions.forget("s")
    sessions.give_back("s", [HELLO] * 3)
    assert (sessions.messages("s"), len(sessions)) == ((), 0)
    sessions.forget("never used")

