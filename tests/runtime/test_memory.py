"""A run's log in memory keeps what events are made of, and gives back events that equal those it was given."""

import gc
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbus.bus import AlreadyPublished, Event, dump, load
from loopbus.bus.event import stamp
from loopbus.events import ToolFinished, TurnStarted
from loopbus.runtime.memory import EventList

from ..handlers.story import an_addition

LOG = an_addition()


def kept(log: list[Event]) -> EventList:
    """The log, in memory."""
    events = EventList()
    for event in log:
        events.classes.append(type(event))
        events.fields.append(event.__dict__)  # pyright: ignore[reportArgumentType] - taken for the class's own
    return events


def test_what_comes_back_equals_what_was_put_in() -> None:
    """In every way in which an event is looked at: as a value, as its fields, as JSON, as text."""
    for event, again in zip(LOG, kept(LOG), strict=True):
        assert type(again) is type(event)
        assert again == event
        assert dump(again) == dump(event)
        assert repr(again) == repr(event)
        assert again.model_dump() == event.model_dump()
        assert load(json.loads(json.dumps(dump(again)))) == event


def test_what_comes_back_is_as_frozen_as_an_event() -> None:
    """It can be neither changed nor published again, but a copy of it can be changed."""
    (again,) = [event for event in kept(LOG) if isinstance(event, ToolFinished)]
    with pytest.raises(ValueError, match="frozen"):
        again.output = "43"
    with pytest.raises(AlreadyPublished):
        stamp(again, "other", 1, 0.0, 0)
    assert again.model_copy(update={"output": "43"}).output == "43"
    assert again.output == "42"


@given(st.integers(-20, 20), st.slices(len(LOG)))
def test_it_is_a_sequence_like_the_list_of_its_events(place: int, part: slice) -> None:
    """From both ends, in slices, and with an ``IndexError`` outside."""
    events = kept(LOG)
    assert len(events) == len(LOG)
    assert events[part] == LOG[part]
    assert list(reversed(events)) == LOG[::-1]
    if -len(LOG) <= place < len(LOG):
        assert events[place] == LOG[place]
    else:
        with pytest.raises(IndexError):
            events[place]


def test_it_grows_while_somebody_reads_it() -> None:
    """Who iterates sees what comes meanwhile, as with a list."""
    events, reading = kept(LOG[:1]), list[Event]()
    for event in events:
        reading.append(event)
        if len(events) < 3:
            events.classes.append(TurnStarted)
            events.fields.append(LOG[1].__dict__)  # pyright: ignore[reportArgumentType] - taken for the class's own
    assert reading == [LOG[0], LOG[1], LOG[1]]


def test_the_garbage_collector_does_not_follow_an_event_of_plain_values() -> None:
    """It would follow the event itself; of what is kept it sees the two lists and nothing behind them."""
    event = TurnStarted(turn=1)
    stamp(event, "run-1", 1, 0.0, 0)
    events = kept([event])
    assert gc.is_tracked(event)
    assert not any(map(gc.is_tracked, events.fields))
