"""A session is a conversation by name: one run at a time has it, and the next one goes on where that ended."""

import pytest

from loopbus.backends import Broken, Scripted, call, fail, text
from loopbus.events import RunStarted, user
from loopbus.runtime import Agent, RunFailed, SessionBusy
from loopbus.runtime.sessions import Sessions

from ..faults.house import add, agent, house
from ..faults.invariants import check_balanced
from ..faults.misbehaving import Gate, waiting


async def test_the_next_run_goes_on_where_the_last_one_ended() -> None:
    """It is shown the whole conversation, and its log says what that was."""
    model = Scripted(["I am one.", "I am two."])
    async with house() as tested:
        await tested.outcome(Agent(model), "who are you?", session="alice")
        run = await tested.start(Agent(model), "and now?", session="alice")
        await run.result()
        assert [message.text for message in model.requests[1].messages] == ["who are you?", "I am one.", "and now?"]
        first = run.log[0]
        assert isinstance(first, RunStarted)
        assert (first.session, len(first.history)) == ("alice", 2)
        assert len(tested.runtime.sessions.messages("alice")) == 4


async def test_sessions_know_nothing_of_each_other() -> None:
    """Nor does a run without one."""
    model = Scripted(["yes"] * 3)
    async with house() as tested:
        for session in ("alice", "bob", None):
            await tested.outcome(Agent(model), f"I am {session}", session=session)
        assert [len(request.messages) for request in model.requests] == [1, 1, 1]
        assert len(tested.runtime.sessions) == 2


async def test_two_runs_never_have_one_session_at_once() -> None:
    """The second is refused with a word on what to do, nothing of it is started, and the first goes on unhurt."""
    gate = Gate()
    async with house() as tested:
        first = await tested.start(agent(call("wait"), text("done"), tools=[waiting(gate)]), session="alice")
        await gate.reached.wait()
        with pytest.raises(SessionBusy, match=rf"'alice' is in use by run {first.id}; wait for its result, send to it"):
            await tested.start(agent(text("no")), session="alice")
        assert tested.runtime.runs == (first,)
        await tested.outcome(agent(text("other")), session="bob")
        gate.open.set()
        assert (await first.result()).output == "done"
        assert (await tested.outcome(agent(text("next")), session="alice")).output == "next"


@pytest.mark.parametrize("ending", ["cancelled", "failed"])
async def test_a_session_is_given_back_however_its_run_ends(ending: str) -> None:
    """With a conversation that a provider accepts: every call in it is answered."""
    gate = Gate()
    script = [call("wait")] if ending == "cancelled" else [call("add", a=1, b=1), fail(Broken("dead"), "It is")]
    async with house() as tested:
        run = await tested.start(agent(*script, tools=[waiting(gate), add]), session="alice")
        if ending == "cancelled":
            await gate.reached.wait()
            await run.cancel()
        else:
            with pytest.raises(RunFailed):
                await run.result()
        kept = tested.runtime.sessions.messages("alice")
        check_balanced(kept)
        assert len(kept) == len((await run.outcome()).messages) > 2
        assert (await tested.outcome(agent(text("on")), session="alice")).messages[: len(kept)] == kept


async def test_a_conversation_that_is_given_stands_behind_the_sessions_own() -> None:
    """Both are shown, in that order."""
    model = Scripted(["one", "two"])
    async with house() as tested:
        await tested.outcome(Agent(model), "first", session="alice")
        await tested.outcome(Agent(model), "third", session="alice", messages=[user("second")])
    assert [message.text for message in model.requests[1].messages] == ["first", "one", "second", "third"]


def test_a_session_that_is_forgotten_is_gone_and_free() -> None:
    """Also what the run that has it would give back: whoever asked to forget it meant that too."""
    sessions = Sessions()
    assert sessions.take("alice", "run-1") == ()
    sessions.give_back("alice", [user("secret")])
    assert sessions.take("alice", "run-2") == (user("secret"),)
    sessions.forget("alice")
    sessions.forget("never used")
    sessions.give_back("alice", [user("secret"), user("more")])
    assert (sessions.messages("alice"), len(sessions)) == ((), 0)
    assert sessions.take("alice", "run-3") == ()
