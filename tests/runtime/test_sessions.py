"""A session is a conversation by name: one run at a time has it, and the next one goes on where that ended."""

from typing import Any

import pytest

from loopbus.backends import Broken, Scripted, call, fail, text
from loopbus.events import RunStarted, user
from loopbus.runtime import Agent, BadInput, Limits, RunFailed, Runtime, SessionBusy
from loopbus.runtime.sessions import Sessions

from ..faults.house import CANARY, add, agent, house
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


ENDS = {
    "failed": fail(Broken("reset"), "half a"),
    "stage failed": fail(KeyError("choices"), "half a"),
    "limit": call("add", a=1, b=2),
}


@pytest.mark.parametrize("end", ENDS)
async def test_a_run_that_did_not_complete_leaves_a_balanced_conversation(end: str) -> None:
    """What was done stays known, half a reply stays said, and the next prompt is taken."""
    model = Scripted([text("going on")])
    limits = Limits(turns=2 if end == "limit" else 9)
    async with house() as tested:
        result = await tested.outcome(
            agent(call("add", a=17, b=25), ENDS[end], tools=[add], limits=limits), session="s"
        )
        assert result.status == ("limit" if end == "limit" else "failed")
        assert (await tested.outcome(Agent(model), "and now?", session="s")).output == "going on"
    shown = model.requests[0].messages
    check_balanced(shown)
    assert shown[: len(result.messages)] == result.messages
    assert [message.text for message in shown[len(result.messages) :]] == ["and now?"]


async def test_a_request_that_is_refused_does_not_take_the_session() -> None:
    """Whatever was wrong with it, the session stays free."""
    async with house() as tested:
        mistakes: list[dict[str, Any]] = [{"messages": ["hello"]}, {"messages": [None]}, {"key": 7}]
        for wrong in mistakes:
            with pytest.raises(BadInput, match=r"messages\[0\]|key"):
                await tested.start(CANARY, "go", session="s", **wrong)
        assert (await tested.outcome(CANARY, session="s")).output == "42"


async def test_a_conversation_that_is_given_stands_behind_the_sessions_own() -> None:
    """Both are shown, in that order."""
    model = Scripted(["one", "two"])
    async with house() as tested:
        await tested.outcome(Agent(model), "first", session="alice")
        await tested.outcome(Agent(model), "third", session="alice", messages=[user("second")])
    assert [message.text for message in model.requests[1].messages] == ["first", "one", "second", "third"]


async def test_a_conversation_may_be_given_as_any_collection() -> None:
    """One that can be read only once too: it is checked and kept all the same."""
    model = Scripted(["two"])
    async with house() as tested:
        await tested.outcome(Agent(model), "second", messages=(user(words) for words in ["first"]))
    assert [message.text for message in model.requests[0].messages] == ["first", "second"]


def test_a_session_that_is_forgotten_is_gone_and_free() -> None:
    """Also what the run that has it would give back: whoever asked to forget it meant that too."""
    sessions = Sessions()
    assert sessions.take("alice", "run-1") == ()
    sessions.give_back("alice", "run-1", [user("secret")])
    assert sessions.take("alice", "run-2") == (user("secret"),)
    sessions.forget("alice")
    sessions.forget("never used")
    sessions.give_back("alice", "run-2", [user("secret"), user("more")])
    assert (sessions.messages("alice"), len(sessions)) == ((), 0)
    assert sessions.take("alice", "run-3") == ()


def test_what_a_run_has_said_can_be_taken_back_while_it_is_the_last() -> None:
    """Of a run that has the session the conversation before is known; of one that is over its caller says it."""
    sessions = Sessions()
    sessions.take("alice", "run-1")
    sessions.give_back("alice", "run-1", [user("one")])
    sessions.take("alice", "run-2")
    sessions.take_back("alice", "run-1", None)
    sessions.take_back("alice", "run-2", None)
    sessions.give_back("alice", "run-2", [user("one"), user("two")])
    assert (sessions.holder("alice"), sessions.messages("alice")) == (None, (user("one"),))
    sessions.take("alice", "run-3")
    sessions.give_back("alice", "run-3", [user("one"), user("three")])
    sessions.take_back("alice", "run-2", None)
    assert len(sessions.messages("alice")) == 2
    sessions.take_back("alice", "run-3", ("run-1", [user("one")]))
    sessions.take_back("alice", "run-1", None)
    assert (sessions.messages("alice"), len(sessions)) == ((), 0)
    sessions.take_back("alice", "run-1", None)


def test_a_run_whose_session_another_one_has_by_now_cannot_give_it_back() -> None:
    """It was forgotten meanwhile."""
    sessions = Sessions()
    sessions.take("alice", "run-1")
    sessions.forget("alice")
    sessions.take("alice", "run-2")
    sessions.give_back("alice", "run-1", [user("secret")])
    assert (sessions.holder("alice"), sessions.messages("alice")) == ("run-2", ())


def test_the_sessions_that_are_used_are_kept_and_the_others_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    """Only so many that no run has; the log says so once, and how to keep more."""
    sessions = Sessions(capacity=2)
    sessions.take("busy", "run-1")
    for name in ("alice", "bob", "alice", "carol", "dave"):
        sessions.take(name, "run-2")
        sessions.give_back(name, "run-2", [user(name)])
    assert [name for name in ("alice", "bob", "carol", "dave") if sessions.messages(name)] == ["carol", "dave"]
    with pytest.raises(SessionBusy):
        sessions.take("busy", "run-3")
    assert len(sessions) == 3
    (record,) = caplog.records
    assert "'bob'" in record.message
    assert "Runtime(sessions=...)" in record.message


async def test_a_runtime_is_told_how_many_sessions_it_keeps() -> None:
    """And a session that goes on still shows what it was, also while a run has it."""
    async with Runtime(sessions=1) as runtime:
        for name in ("alice", "bob"):
            await runtime.run(agent(text("hello")), "go", session=name)
        assert (len(runtime.sessions), runtime.sessions.messages("alice")) == (1, ())
        run = await runtime.start(agent(text("on")), "on", session="bob")
        assert [message.text for message in runtime.sessions.messages("bob")] == ["go", "hello"]
        await run.result()
