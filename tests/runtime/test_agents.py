"""The agent of a run is found by its name."""

import gc
from typing import Any

import pytest

from loopbus.backends import Settings, text
from loopbus.runtime import Agent, BadInput, UnknownAgent
from loopbus.runtime.agents import Agents
from loopbus.runtime.setup import setup_of

from ..faults.house import agent


def named(name: str, **options: Any) -> Agent:
    """An agent with a name."""
    return agent(text("done"), name=name, **options)


def test_an_agent_that_was_declared_is_found() -> None:
    """Before any that was met, whatever setup the run had: the code has changed since then."""
    clerk = named("clerk")
    agents = Agents([named("other"), clerk])
    agents.meet(named("clerk"))
    assert agents.find("clerk", "another setup") is clerk


def test_an_agent_that_was_met_is_found() -> None:
    """For as long as anybody has it."""
    agents, clerk = Agents([]), named("clerk")
    agents.meet(clerk)
    assert agents.find("clerk", "another setup") is clerk
    del clerk
    gc.collect()
    with pytest.raises(UnknownAgent):
        agents.find("clerk", "")


def test_the_agent_of_a_run_that_was_left_is_kept() -> None:
    """Though nobody else has it; of those the last 64."""
    agents = Agents([])
    agents.keep(named("clerk"))
    agents.keep(named("first"))
    for _ in range(63):
        agents.keep(agents.find("clerk", ""))
        agents.keep(named("other"))
    gc.collect()
    assert agents.find("clerk", "").name == "clerk"
    with pytest.raises(UnknownAgent):
        agents.find("first", "")


def test_of_several_of_one_name_the_one_that_asks_the_same_way_is_found() -> None:
    """None of them, if none does: it would be another conversation."""
    agents = Agents([])
    clerks = [named("clerk", settings=Settings(temperature=warmth)) for warmth in (0.0, 0.5, 1.0)]
    for clerk in clerks:
        agents.meet(clerk)
    assert agents.find("clerk", setup_of(clerks[1])) is clerks[1]
    with pytest.raises(UnknownAgent):
        agents.find("clerk", "another setup")


def test_an_agent_that_is_not_known_is_said_to_be() -> None:
    """With those that are, and what to do."""
    agents, met = Agents([named("b")]), named("a")
    with pytest.raises(UnknownAgent, match=r"no agent called 'clerk' is known here \(known: b\)"):
        agents.find("clerk", "")
    agents.meet(met)
    with pytest.raises(UnknownAgent, match=r"\(known: a, b\); give it, as in resume\(run_id, agent=agent\)"):
        agents.find("clerk", "")
    with pytest.raises(UnknownAgent, match=r"\(known: none\)"):
        Agents([]).find("clerk", "")


def test_what_is_declared_is_an_agent() -> None:
    """Each with a name of its own; the same one twice is one."""
    clerk = named("clerk")
    assert Agents([clerk, clerk]).find("clerk", "") is clerk
    with pytest.raises(BadInput, match="two are called 'clerk'"):
        Agents([clerk, named("clerk")])
    with pytest.raises(BadInput, match=r"agents=\['clerk'\]: give agents"):
        Agents(["clerk"])  # pyright: ignore[reportArgumentType]
