"""The agent of a command line: one's own, or one put together from options."""

import pytest

from loopbus.cli.agents import ChosenAgent, with_limits
from loopbus.cli.errors import BadReference
from loopbus.handlers.limits import Limits

from .conftest import Command


def test_an_agent_of_ones_own_is_run(loopbus: Command) -> None:
    """With its model, its tools and its limits."""
    assert loopbus("run", "17 + 25?", "--agent", "shop:clerk", "-q") == (0, "It is 42 €.\n", "")


def test_what_is_given_besides_stands_in_place_of_what_it_has(shop: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything else stays; the environment's model is for agents that have none."""
    monkeypatch.setenv("LOOPBUS_MODEL", "shop:echoes")
    agent = ChosenAgent("shop:clerk").make()
    changed = ChosenAgent("shop:clerk", "shop:whole", ["shop:plain"], "Be brief.").make()
    assert (agent.name, agent.toolset.names) == ("clerk", ("add",))
    assert (changed.name, changed.toolset.names, changed.instructions) == ("clerk", ("plain",), "Be brief.")
    assert agent.model is not changed.model
    assert ChosenAgent().make().model is not agent.model


def test_an_agent_can_be_named_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the options that name it here and now, as a shell reads them."""
    typed = ChosenAgent("shop:clerk", None, ["shop:add", "shop:plain"], "Be brief.").as_typed()
    assert typed == "--agent shop:clerk --tools shop:add --tools shop:plain --instructions 'Be brief.'"
    monkeypatch.setenv("LOOPBUS_MODEL", "shop:echoes")
    assert ChosenAgent().as_typed() == "--model shop:echoes"
    monkeypatch.delenv("LOOPBUS_MODEL")
    assert ChosenAgent().as_typed() == "--model local"


def test_limits_are_the_agents_unless_others_are_given() -> None:
    """Each by itself."""
    limits = Limits(turns=7, tokens=9)
    assert with_limits(limits, None, None) == limits
    assert with_limits(limits, 3, 1.5) == Limits(turns=3, tokens=9, seconds=1.5)


def test_what_is_no_agent_is_said_to_be_none(shop: object) -> None:
    """With what it is."""
    with pytest.raises(BadReference, match="'shop:adds' is Scripted, no Agent"):
        ChosenAgent("shop:adds").make()
