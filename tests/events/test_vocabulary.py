"""The vocabulary as a whole: every event is explained, frozen, and survives the way through a log."""

import importlib.util
import inspect
import json
import re
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import loopbus.events
from loopbus.bus import Event, dump, known_events, load

from .strategies import VOCABULARY, events

DURABLE = {
    "RunStarted", "RunFinished", "TurnStarted", "TurnFinished", "ModelRequested", "ModelReplied", "ModelFailed",
    "ToolRequested", "ToolStarted", "ToolFinished", "LateToolResult", "ApprovalRequested", "ApprovalDecided",
    "CancelRequested", "MessageInjected", "CostCounted", "LoopDetected",
}  # fmt: skip
EPHEMERAL = {"TextDelta", "ThinkingDelta", "ToolCallDelta", "ToolProgress"}
HOUSE = {"SubscriberFailed", "EventsDropped", "LoopBlocked"}

each_event = pytest.mark.parametrize("event_class", VOCABULARY, ids=lambda each: each.event_name)


def test_the_vocabulary_is_the_designs() -> None:
    """What has a publisher now has an event, stored or not as the design says."""
    assert {each.event_name for each in VOCABULARY if each.durable} >= DURABLE
    assert {each.event_name for each in VOCABULARY if not each.durable} >= EPHEMERAL | HOUSE


def test_every_event_can_be_imported_from_one_place() -> None:
    """``loopbus.events`` re-exports all of them."""
    assert {each.__name__ for each in VOCABULARY} <= set(loopbus.events.__all__)


@each_event
def test_every_event_says_who_publishes_it_and_how_often(event_class: type[Event]) -> None:
    """Its own docstring: what it means, then ``Published ...``."""
    words = inspect.cleandoc(event_class.__dict__["__doc__"])
    assert re.search(r"^Published ", words, re.MULTILINE), f"{event_class.__name__} does not say who publishes it"
    assert not words.startswith("Published")


@each_event
def test_the_publishers_that_are_named_exist(event_class: type[Event]) -> None:
    """A docstring that names a module names one that is there."""
    for module in re.findall(r"``((?:handlers|runtime|tools|bus)\.[a-z_.]+)``", event_class.__doc__ or ""):
        assert importlib.util.find_spec(f"loopbus.{module}"), f"{event_class.__name__} names {module}"


@each_event
@settings(max_examples=15)
@given(data=st.data())
def test_every_event_survives_the_way_through_json(event_class: type[Event], data: st.DataObject) -> None:
    """F128: with any JSON and any Unicode in it, what is loaded equals what was dumped, in every type."""
    event = data.draw(events(event_class))
    text = json.dumps(dump(event), allow_nan=False, ensure_ascii=False)
    again = load(json.loads(text.encode()))
    assert type(again) is event_class
    assert again == event
    assert repr(again) == repr(event)


@each_event
@settings(max_examples=2)
@given(data=st.data())
def test_every_event_is_frozen(event_class: type[Event], data: st.DataObject) -> None:
    """F13: no field of any event can be given another value."""
    event = data.draw(events(event_class))
    for name in event_class.model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(event, name, None)


def attempts(value: Any) -> int:
    """Try to empty everything inside a value, and count how often that worked."""
    match value:
        case dict() | list():
            try:
                cast("list[object]", value).clear()
            except TypeError:
                return 0
            return 1
        case tuple():
            return sum(attempts(item) for item in cast("tuple[object, ...]", value))
        case _:
            fields = getattr(value, "__dataclass_fields__", ())
            return sum(attempts(getattr(value, name)) for name in fields)


@each_event
@settings(max_examples=8)
@given(data=st.data())
def test_nothing_inside_an_event_can_be_changed(event_class: type[Event], data: st.DataObject) -> None:
    """Arguments, data and content too: they are shown to everybody, and stand in the log and in the conversation."""
    event = data.draw(events(event_class))
    before = repr(event)
    for name in event_class.model_fields:
        assert attempts(getattr(event, name)) == 0
    assert repr(event) == before


@each_event
def test_what_a_policy_may_change_are_fields(event_class: type[Event]) -> None:
    """``may_change`` names fields of the class, and none of those that the run stamps."""
    assert event_class.may_change <= set(event_class.model_fields) - set(Event.model_fields)


@each_event
@settings(max_examples=2)
@given(data=st.data())
def test_a_wish_that_is_refused_has_a_result(event_class: type[Event], data: st.DataObject) -> None:
    """A veto always yields a well-formed event that says why, so nothing can hang."""
    event = data.draw(events(event_class))
    result = event.vetoed("the reason")
    if event_class.wish:
        assert result is not None
    if result is not None:
        assert not result.wish
        assert "the reason" in repr(result)
        assert load(dump(result)) == result


def test_an_applications_own_events_join_the_vocabulary() -> None:
    """A subclass of ``Custom`` is durable, registered, and loaded like the others."""

    class OrderShipped(loopbus.events.Custom, name="shop.order_shipped", version=2):
        """An order left the house. Published by tests."""

        order_id: int

    assert OrderShipped in known_events()
    assert OrderShipped.durable
    assert load(dump(OrderShipped(order_id=7))) == OrderShipped(order_id=7)
