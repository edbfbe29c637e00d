"""Subscriptions that are declared where the handler is written."""

from typing import Any, ClassVar

import pytest

import loopbus
from loopbus.bus import BadOption, BadSelector, Bus, Event, NotInterceptable, Recorder
from loopbus.bus.declare import Declared, attach, intercept, observe

from .clock import turns
from .shop import Ordered, Paid, Rushed


class Ledger:
    """An observer as an object."""

    hears: ClassVar[tuple[type[Event], ...]] = (Ordered, Paid)

    def __init__(self) -> None:
        self.seen: list[Event] = []

    async def __call__(self, event: Event) -> None:
        self.seen.append(event)


class Whole:
    """One that subscribes itself, as it likes."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def attach(self, bus: Bus) -> None:
        bus.observe(Ordered, lambda _: self.told.append("ordered"))
        bus.observe(Paid, lambda _: self.told.append("paid"))


async def test_a_declared_observer_can_be_attached_and_called(bus: Bus) -> None:
    """The declaration is still the function, with its name and its words."""
    seen: list[Event] = []

    @observe(Ordered, name="till", on_error="keep")
    async def count(event: Ordered) -> int:
        """Count the pieces."""
        seen.append(event)
        return event.pieces

    assert await count(Ordered(pieces=3)) == 3
    assert (count.__name__, count.__doc__) == ("count", "Count the pieces.")
    assert repr(count) == "<subscription of count>"
    attach(bus, count)
    bus.publish(Ordered())
    await turns()
    assert len(seen) == 2


async def test_a_declared_policy_can_be_attached_to_several_buses(bus: Bus) -> None:
    """A declaration holds no bus; its options go to each."""

    @intercept(Ordered, name="clerk", order=3, deadline_s=1, on_error="allow")
    def judge(event: Ordered) -> Ordered:
        return event

    other = Bus(bus._spawn)  # pyright: ignore[reportPrivateUsage]  # the same owner
    for each in (bus, other):
        attach(each, judge)
        (policy,) = each.routes(Ordered).policies
        assert (policy.name, policy.order, policy.deadline_s, policy.on_error) == ("clerk", 3, 1, "allow")
    assert judge(Ordered(pieces=2)).pieces == 2


async def test_an_object_that_says_what_it_hears_is_an_observer(bus: Bus) -> None:
    """``hears``, and a call for each such event."""
    ledger = Ledger()
    attach(bus, ledger)
    for event in (Ordered(), Paid(), Rushed()):
        bus.publish(event)
    await turns()
    assert [type(event) for event in ledger.seen] == [Ordered, Paid, Rushed]


async def test_an_object_may_subscribe_itself(bus: Bus) -> None:
    """``attach(bus)`` comes before everything else."""
    whole = Whole()
    attach(bus, whole)
    bus.publish(Paid())
    await turns()
    assert whole.told == ["paid"]
    assert len(bus.routes(Ordered).sinks) == 1


@pytest.mark.parametrize("what", [print, 5, None, "ledger", object()])
def test_what_does_not_say_what_it_hears_is_refused(bus: Bus, what: object) -> None:
    """With the ways to say it."""
    with pytest.raises(BadSelector, match="does not say what it hears: decorate it with @observe"):
        attach(bus, what)


@pytest.mark.parametrize("what", [Ledger, Whole, Recorder])
def test_a_class_in_the_place_of_its_object_is_noticed(bus: Bus, what: type[Any]) -> None:
    """Forgotten parentheses are a slip of everyday."""
    with pytest.raises(BadSelector, match=rf"{what.__name__} is a class; subscribe an object of it: {what.__name__}\("):
        attach(bus, what)


@pytest.mark.parametrize("declare", [observe, intercept])
def test_a_wrong_declaration_is_found_where_it_is_written(declare: Any) -> None:
    """Not only when it is attached."""
    with pytest.raises(BadSelector):
        declare("Ordered")


def test_what_only_the_bus_can_know_is_found_when_attaching(bus: Bus) -> None:
    """Options and interceptable classes are checked by the subscription itself."""
    unheard: list[Declared[..., Any]] = [intercept(Paid)(print), observe(Ordered, capacity=0)(print)]
    with pytest.raises(NotInterceptable):
        attach(bus, unheard[0])
    with pytest.raises(BadOption):
        attach(bus, unheard[1])


def test_the_decorators_are_part_of_the_public_face() -> None:
    """As ``loopbus.observe`` and ``loopbus.intercept``."""
    assert loopbus.observe is observe
    assert loopbus.intercept is intercept
