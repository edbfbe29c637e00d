"""A key belongs to one request: the same agent, words, conversation and session."""

from typing import Any

import pytest

from loopbus.backends import Scripted
from loopbus.events import RunStarted, user
from loopbus.handlers.models import Models
from loopbus.runtime import Agent, KeyReused, Limits
from loopbus.runtime.prepared import Ready
from loopbus.runtime.wish import Wish, branch

from ..stores.story import placed

MODEL = Scripted(["hi"])
AGENT = Agent(MODEL, name="clerk")
READY = Ready(Models(MODEL, (), lambda name: MODEL), {}, "setup")


def wish(**other: Any) -> Wish:
    """A request, and what is other about it."""
    fields: dict[str, Any] = {
        "agent": AGENT,
        "prompt": user("hi"),
        "messages": (user("before"),),
        "session": "alice",
        "if_busy": "reject",
        "key": "k",
        "deps": None,
        "limits": Limits(),
    }
    return Wish(**{**fields, **other})


def first(asked: Wish, session: str | None = "alice", said: tuple[str, ...] = ()) -> RunStarted:
    """What the run of a request begins with, in a session with a conversation."""
    event = asked.first(READY, session, list(map(user, said)))
    placed("r1", 1, event)
    return event


def test_a_run_begins_with_all_that_was_asked() -> None:
    """The session's conversation stands before the one that was given."""
    event = first(wish(), said=("earlier",))
    assert (event.agent, event.model, event.prompt, event.session, event.key, event.setup) == (
        "clerk",
        "scripted",
        user("hi"),
        "alice",
        "k",
        "setup",
    )
    assert event.history == (user("earlier"), user("before"))


@pytest.mark.parametrize("same", [{}, {"deps": 7}, {"limits": Limits(turns=1)}, {"if_busy": "queue"}])
def test_the_same_request_is_recognised_whatever_its_session_had_come_to(same: dict[str, Any]) -> None:
    """What is not recorded is no part of it."""
    for said in ((), ("earlier",), ("earlier", "before")):
        wish(**same).check_same(first(wish(), said=said))


@pytest.mark.parametrize(
    "other",
    [
        {"agent": Agent(MODEL, name="other")},
        {"prompt": user("bye")},
        {"session": "bob"},
        {"session": None},
        {"messages": (user("behind"),)},
        {"messages": (user("far"), user("away"), user("earlier"), user("before"))},
    ],
)
def test_another_request_under_the_key_is_refused(other: dict[str, Any]) -> None:
    """Its answer would be one to another question."""
    with pytest.raises(KeyReused, match="key 'k' belongs to run r1, which was started with another request"):
        wish(**other).check_same(first(wish(), said=("earlier",)))


def test_without_a_session_the_conversation_is_all_of_it() -> None:
    """One that only ends like it is another one."""
    alone = wish(session=None)
    alone.check_same(first(alone, None))
    with pytest.raises(KeyReused):
        wish(session=None, messages=()).check_same(first(alone, None))


def test_a_request_that_was_given_a_branch_is_the_same_one() -> None:
    """Of this very run: neither another branch of the session nor one that is only called like it."""
    forks = wish(if_busy="fork")
    forks.check_same(first(forks, branch("alice", "r1")))
    for session in (branch("alice", "r2"), "bob", None):
        with pytest.raises(KeyReused):
            forks.check_same(first(forks, session))
    with pytest.raises(KeyReused):
        wish(if_busy="fork", session=None).check_same(first(forks, branch("None", "r1")))
