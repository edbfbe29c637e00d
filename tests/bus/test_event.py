"""Events: frozen, named, stamped once."""

import copy
import pickle
from typing import Any, cast

import pytest
from pydantic import ValidationError

from loopbus.bus import AlreadyPublished, Bus, Event
from loopbus.bus.event import revive, stamp, unchecked

from .clock import turns
from .shop import Ordered, Paid, Rushed


def test_an_event_cannot_be_changed() -> None:
    """Assigning to a field, a new one or its place in the run raises."""
    event = Ordered(pieces=2)
    for name in ("pieces", "seq", "anything"):
        with pytest.raises(ValidationError, match=r"frozen|no field"):
            setattr(event, name, 9)
    assert event.pieces == 2


async def test_a_handler_that_changes_the_event_hurts_only_itself(bus: Bus) -> None:
    """F13: the assignment raises in the subscriber that makes it, and the others see the original."""
    seen: list[int] = []

    def vandal(event: Ordered) -> None:
        cast(Any, event).pieces = 99

    spoiled = bus.observe(Ordered, vandal)
    bus.observe(Ordered, lambda event: seen.append(event.pieces))
    bus.publish(Ordered(pieces=2))
    await turns()
    assert seen == [2]
    assert spoiled.failures == 1


def test_a_class_of_events_cannot_be_thawed() -> None:
    """A subclass that gives up being frozen is refused where it is defined."""
    with pytest.raises(TypeError, match="must stay frozen"):

        class Thawed(Event, frozen=False):  # pyright: ignore[reportUnusedClass]
            """Published by nobody."""


def test_an_event_knows_only_its_own_fields() -> None:
    """A field that the class does not have is refused by name."""
    with pytest.raises(ValidationError, match="colour"):
        Ordered(colour="red")  # pyright: ignore[reportCallIssue]


def test_a_stamp_gives_an_event_its_place() -> None:
    """Run, number, time and cause are written once; everything else stays."""
    event = Ordered(pieces=3)
    stamp(event, "run", 7, 12.5, 6)
    assert (event.run_id, event.seq, event.at, event.cause, event.pieces) == ("run", 7, 12.5, 6, 3)


def test_an_event_is_stamped_once() -> None:
    """A second stamp is refused, says where the event is, and changes nothing."""
    event = Ordered()
    stamp(event, "run", 7, 12.5, 6)
    with pytest.raises(AlreadyPublished, match="event 7 of run run"):
        stamp(event, "other", 1, 0.0, 0)
    assert (event.run_id, event.seq) == ("run", 7)


def test_a_copy_of_a_stamped_event_is_whole() -> None:
    """Copying, with a change too, copying deeply, pickling and dumping work after the stamp as before it."""
    event = Ordered(note="a")
    stamp(event, "run", 1, 1.0, 0)
    assert event.model_copy(update={"note": "b"}).note == "b"
    assert event.note == "a"
    assert copy.deepcopy(event) == event == copy.copy(event)
    assert pickle.loads(pickle.dumps(event)) == event
    assert event.model_dump(exclude_unset=True) == {}


def test_no_event_remembers_which_fields_were_given() -> None:
    """Nobody asks, and it would be half of an event's memory; so a copy and its original share nothing either."""
    event = Ordered(note="a")
    copied = event.model_copy(update={"note": "b"})
    for each in (event, copied, Ordered.model_validate({"note": "c"}), unchecked(Rushed)(pieces=1)):
        assert each.model_fields_set == set()
        each.model_fields_set.add("note")
        assert each.model_fields_set == set()
        assert each.model_extra is None
    assert (event.note, copied.note) == ("a", "b")


def test_a_class_is_named_after_itself_unless_it_says_otherwise() -> None:
    """The stable name and version are the class's own, and so are the defaults."""

    class Measured(Event, name="shop.measured", version=3):
        """A parcel was measured. Published by tests."""

    assert (Measured.event_name, Measured.event_version) == ("shop.measured", 3)
    assert (Paid.event_name, Paid.event_version, Paid.durable) == ("Paid", 1, True)
    assert Event().event_name == "Event"


def test_an_event_is_neither_joined_nor_refused_unless_its_class_says_how() -> None:
    """The defaults: two events stay two, and a fact has no refusal."""
    assert Paid().merged(Paid()) is None
    assert Paid().vetoed("no") is None


def test_the_unchecked_constructor_makes_the_same_event() -> None:
    """Equal, of the same class, frozen, and stamped like one that was checked; defaults are filled in."""
    made = unchecked(Rushed)(pieces=4)
    assert made == Rushed(pieces=4)
    assert type(made) is Rushed
    with pytest.raises(ValidationError, match="frozen"):
        setattr(made, "pieces", 5)  # noqa: B010  # the type checker knows that it cannot be done
    stamp(made, "run", 1, 1.0, 0)
    assert made.model_copy(update={"note": "b"}) == Rushed(run_id="run", seq=1, at=1.0, pieces=4, note="b")


def test_an_event_can_be_revived_from_its_fields() -> None:
    """What a log in memory keeps of an event is enough to have it back, stamped as it was."""
    event = Rushed(pieces=4)
    stamp(event, "run", 7, 12.5, 6)
    again = revive(Rushed, vars(event))
    assert again == event
    assert again is not event
    with pytest.raises(AlreadyPublished):
        stamp(again, "run", 8, 13.0, 7)
    assert again.model_copy(update={"note": "b"}).note == "b"


def test_the_unchecked_constructor_wants_every_field_that_has_no_default() -> None:
    """A field that is missing or unknown is noticed, as a slip of our own."""
    with pytest.raises(TypeError, match="reason"):
        unchecked(Ordered)(reason="x")  # pyright: ignore[reportCallIssue]
