"""What a subscription hears."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.bus import BadSelector, Bus, Event
from loopbus.bus.selector import selector

from .clock import turns
from .shop import Ordered, Paid, Rushed, Shipped


class Incomparable:
    """A value whose comparison raises."""

    def __eq__(self, other: object) -> bool:
        raise ArithmeticError("do not compare me")

    __hash__ = object.__hash__


async def heard(bus: Bus, what: Any, *events: Event) -> list[Event]:
    """Which of the events a subscription to ``what`` hears."""
    seen: list[Event] = []
    bus.observe(what, seen.append)
    for event in events:
        bus.publish(event)
    await turns()
    return seen


ORDER, RUSH, PAID, SHIPPED = Ordered(pieces=1), Rushed(pieces=2), Paid(), Shipped()


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (Ordered, [ORDER, RUSH]),
        (Rushed, [RUSH]),
        ((Paid, Shipped), [PAID, SHIPPED]),
        ((Ordered, Rushed), [ORDER, RUSH]),
        (Event, [ORDER, RUSH, PAID, SHIPPED]),
        (Ordered.where(pieces=2), [RUSH]),
        (Ordered.where(pieces=2, note="other"), []),
        (Ordered.where(), [ORDER, RUSH]),
        (Rushed.where(pieces=1), []),
    ],
)
async def test_a_subscription_hears_what_it_names(bus: Bus, what: Any, expected: list[Event]) -> None:
    """A class with its subclasses, each of several classes once, or only those whose fields are so."""
    assert await heard(bus, what, ORDER, RUSH, PAID, SHIPPED) == expected


async def test_a_class_that_is_defined_later_is_heard_through_its_base(bus: Bus) -> None:
    """Who hears a class is looked up when its first event comes."""

    class Repeated(Ordered):
        """Somebody ordered again. Published by tests."""

    seen: list[Event] = []
    bus.observe(Ordered, seen.append)
    bus.publish(ORDER)
    bus.publish(Repeated())
    await turns()
    assert [type(event) for event in seen] == [Ordered, Repeated]


def test_a_wrong_field_is_named_with_the_nearest_right_one() -> None:
    """A slip in ``where`` is found where it is made."""
    with pytest.raises(BadSelector, match="Ordered has no field 'peices'; did you mean 'pieces'"):
        Ordered.where(peices=2)


def test_a_field_that_resembles_none_is_answered_with_all() -> None:
    """Where there is nothing near, the message lists what there is."""
    with pytest.raises(BadSelector, match=r"Paid has no field 'xyz'; it has run_id, seq, at, cause, cents"):
        Paid.where(xyz=2)


@pytest.mark.parametrize("what", ["Ordered", 5, None, object, Ordered(), (), (Ordered, int), [Ordered]])
def test_what_is_no_event_class_is_refused(bus: Bus, what: Any) -> None:
    """Everything else is refused where the subscription is made, and said."""
    subscribing: list[Any] = [bus.observe, bus.intercept, bus.derive]
    for subscribe in subscribing:
        with pytest.raises(BadSelector, match=r"no event class|empty tuple"):
            subscribe(what, print)
    with pytest.raises(BadSelector):
        bus.stream(what)


def test_a_decorator_without_parentheses_is_told_how_it_is_written() -> None:
    """It was given the function in place of the event."""

    def handler(_: Ordered) -> None: ...

    with pytest.raises(
        BadSelector, match=r"handler.* is no event class; write @observe\(ToolFinished\), with the event"
    ):
        selector(cast(Any, handler), Event)


async def test_a_value_that_cannot_be_compared_selects_nothing_and_hurts_nobody(bus: Bus) -> None:
    """A condition is asked in line with the publisher, which its ``__eq__`` must not stop."""
    assert await heard(bus, Ordered.where(note=Incomparable()), ORDER) == []


def test_a_selector_is_shown_as_it_was_written() -> None:
    """Messages name what was selected."""
    assert repr(Ordered.where(pieces=2, note="a")) == "Ordered(pieces=2, note='a')"
    assert repr(selector((Paid, Shipped), Event)) == "Paid | Shipped"
    chosen = Ordered.where(pieces=2)
    assert selector(chosen, Event) is chosen


@given(st.integers(0, 3), st.sampled_from(["", "a"]), st.integers(0, 3), st.sampled_from(["", "a"]))
def test_a_condition_holds_exactly_if_every_field_is_equal(pieces: int, note: str, wanted: int, said: str) -> None:
    """``where`` is a plain conjunction of equalities."""
    chosen = Ordered.where(pieces=wanted, note=said)
    assert chosen.matches(Ordered(pieces=pieces, note=note)) == (pieces == wanted and note == said)
    assert not chosen.matches(cast(Ordered, Paid()))
