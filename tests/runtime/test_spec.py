"""What an agent is made of is checked where it is written, and each refusal says what to write."""

from typing import Any, cast

import pytest

from loopbus.backends import Scripted, text
from loopbus.runtime import Agent, BadInput, Limits

from ..faults.house import add

MODEL = Scripted([text("never")])
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no model": ({"model": None}, "model=None: give a name such as 'local' or 'openai:gpt-5.2', or a Backend object"),
    "the class of a model": ({"model": Scripted}, r"model=Scripted is a class; give an object: Scripted\(\.\.\.\)"),
    "one tool": ({"tools": add}, r"tools=.*give a list, as in tools=\[add\]"),
    "limits as a dict": ({"limits": {"turns": 3}}, r"limits=\{'turns': 3\}: give .*Limits\(turns=3\)"),
    "the class of limits": ({"limits": Limits}, r"limits=Limits is a class; give an object: Limits\(\.\.\.\)"),
    "settings as a dict": ({"settings": {"temperature": 1}}, r"settings=.*Settings\(temperature=1\)"),
    "instructions": ({"instructions": 3}, "instructions=3: give a text, or a function of the run's deps"),
    "streaming": ({"streaming": "words"}, "streaming='words': give True or False"),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_each_refusal_says_what_to_write_instead(wrong: str) -> None:
    """Before any run, and nothing is accepted in silence."""
    given, words = REFUSED[wrong]
    with pytest.raises(BadInput, match=words):
        Agent(**cast("dict[str, Any]", {"model": MODEL, **given}))


def test_an_argument_that_does_not_exist_is_the_agents() -> None:
    """The message names the class that was called."""
    wrong: dict[str, Any] = {"system": "x"}
    with pytest.raises(TypeError, match=r"^Agent\.__init__\(\) got an unexpected keyword argument 'system'"):
        Agent(MODEL, **wrong)


def test_an_agent_is_frozen_and_is_itself_alone() -> None:
    """Two of equal parts are two agents, so that each may have runs of its own."""
    one, other = Agent(MODEL), Agent(MODEL)
    assert one != other
    assert len({one, other}) == 2
    with pytest.raises(AttributeError):
        one.name = "another"  # pyright: ignore[reportAttributeAccessIssue] - what the test is about


def test_an_agent_shows_what_it_was_given() -> None:
    """And not its twenty defaults, so that an error or a debugger that shows one can be read."""
    shown = repr(Agent("local", "Be brief.", [add], name="clerk", limits=Limits(turns=3)))
    assert shown.startswith(
        "Agent(model='local', instructions='Be brief.', tools=[Tool('add', async)], name='clerk', limits="
    )
    assert repr(Agent("local")) == "Agent(model='local')"
