"""An agent's models by name: its own, those that stand in for it, and any other that can be found."""

import pytest

from loopbus.backends import Capabilities, NotConfigured, Request, Scripted
from loopbus.backends.contract import Backend
from loopbus.handlers.errors import NameTwice
from loopbus.handlers.models import Models

from ..faults.misbehaving import Fake


def nowhere(name: str) -> Backend:
    """Find nothing."""
    raise NotConfigured(f"there is no model {name!r}")


def test_a_model_is_found_by_its_name() -> None:
    """The agent's own ones as they are, others where the runtime finds them."""
    first, second, found = (Scripted([], model=name) for name in ("first", "second", "found"))
    models = Models(first, (second,), lambda name: found)
    assert (models["first"], models["second"], models["elsewhere"]) == (first, second, found)
    assert (models.first, models.others) == (first, ("second",))
    with pytest.raises(NotConfigured):
        Models(first, (), nowhere)["elsewhere"]


def test_one_model_named_twice_is_one_and_two_of_one_name_are_refused() -> None:
    """A log knows them by their names alone."""
    first, second = Scripted([], model="same"), Scripted([], model="same")
    assert Models(first, (first,), nowhere).others == ()
    with pytest.raises(NameTwice, match="'same'"):
        Models(first, (second,), nowhere)


def test_an_answer_is_asked_for_in_a_way_that_all_of_them_know() -> None:
    """What else the first can do is for the first to say."""

    def stream(_: Request) -> None: ...

    able, plain = Fake(stream), Fake(stream)  # pyright: ignore[reportArgumentType]
    able.capabilities = Capabilities(output=True, images=True)
    plain.model, plain.capabilities = "plain", Capabilities(tools=False)
    assert Models(able, (), nowhere).capabilities == able.capabilities
    assert Models(able, (plain,), nowhere).capabilities == Capabilities(output=False, tools=False, images=True)
