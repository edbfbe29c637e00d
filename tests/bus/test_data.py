"""Events as data, and back."""

import json
import pickle
import sys
from typing import Any

import pytest
from pydantic import BaseModel, JsonValue

from loopbus.bus import BadEvent, Event, UnknownEvent, dump, load

from .shop import Ordered, Paid


class Weighed(Event, name="shop.weighed", version=2):
    """A parcel was weighed. Published by tests."""

    grams: float


class Carried(Event):
    """A parcel with anything in it. Published by tests."""

    data: JsonValue


def test_data_say_what_they_are() -> None:
    """Name and version come first, then the fields, all of it ready for JSON."""
    data = dump(Weighed(run_id="run", seq=4, at=2.5, cause=3, grams=1.5))
    assert data == {
        "event": "shop.weighed", "version": 2, "run_id": "run", "seq": 4, "at": 2.5, "cause": 3, "grams": 1.5
    }  # fmt: skip
    assert list(data)[:2] == ["event", "version"]
    assert load(json.loads(json.dumps(data))) == Weighed(run_id="run", seq=4, at=2.5, cause=3, grams=1.5)


def test_loading_leaves_the_data_alone() -> None:
    """The same record can be read twice; a version that is not said is the first."""
    data = {"event": "Paid", "cents": 5}
    assert load(data) == load(data) == Paid(cents=5)


class Trap:
    """Says so when somebody unpickles it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("somebody unpickled a log",)


@pytest.mark.parametrize(
    "data",
    [
        {"event": "os.system", "command": "true"},
        {"event": "tests.bus.shop.Ordered"},
        {"event": "tests.bus.shop:Ordered"},
        {"event": "loopbus.bus.house.SubscriberFailed", "subscriber": "x", "error": "y"},
        {"event": "!!python/object/apply:os.system", "args": ["true"]},
        {"event": "__import__('os').system('true')"},
        {"event": "Event"},
        {"event": "ordered"},
        {"event": ""},
        {"event": None},
        {"event": ["Ordered"]},
        {"event": {"py/object": "tests.bus.shop.Ordered"}},
        {"event": pickle.dumps(Trap())},
        {"event": "Ordered", "version": "1"},
        {"event": "Ordered", "version": 99},
        {"event": "Ordered", "version": [1]},
        {"py/object": "tests.bus.shop.Ordered", "pieces": 1},
        {"__class__": "Ordered", "pieces": 1},
        {"lc": 1, "type": "constructor", "id": ["tests", "bus", "shop", "Ordered"], "kwargs": {"pieces": 1}},
        {},
        pickle.dumps(Trap()),
        pickle.dumps(Ordered()),
        "Ordered",
        [["event", "Ordered"]],
        None,
    ],
    ids=repr,
)
def test_loading_only_ever_looks_names_up(data: Any) -> None:
    """F122: class paths, pickles and constructor forms are data without a meaning; nothing is imported or called."""
    before = set(sys.modules)
    with pytest.raises(UnknownEvent):
        load(data)
    assert set(sys.modules) == before


def test_an_attack_is_not_repeated_at_length() -> None:
    """The message quotes a little of what it does not know."""
    with pytest.raises(UnknownEvent) as caught:
        load({"event": "x" * 1_000_000})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"event": "Weighed", "version": 2, "grams": 1}, "not in the registry"),
        ({"event": "shop.weighed", "version": 2}, "grams: Field required"),
        ({"event": "shop.weighed", "version": 2, "grams": "heavy"}, "grams: Input should be a valid number"),
        ({"event": "shop.weighed", "version": 2, "grams": 1, "colour": "red"}, "colour: Extra inputs"),
        ({"event": "Paid", "cents": {"$gt": 0}}, "cents: Input should be a valid integer"),
    ],
)
def test_a_wrong_field_is_named(data: dict[str, Any], words: str) -> None:
    """Law 11: the error is ours, and says which event and which field."""
    with pytest.raises((BadEvent, UnknownEvent), match=words):
        load(data)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), -0.0, 1e308, 5e-324])
def test_every_float_comes_back(value: float) -> None:
    """Also those that JSON has no number for."""
    text = json.dumps(dump(Weighed(grams=value)), allow_nan=False)
    loaded = load(json.loads(text))
    assert isinstance(loaded, Weighed)
    assert repr(loaded.grams) == repr(value)


@pytest.mark.parametrize("value", ["\ud800", ["a\udc00"], {"\ud800": 1}], ids=ascii)
def test_half_a_surrogate_pair_is_refused_before_anything_is_stored(value: Any) -> None:
    """F128: it could not be written as UTF-8, so it is no data; the error names the event."""
    with pytest.raises(BadEvent, match="Carried of run 'run' cannot be written as JSON"):
        dump(Carried(run_id="run", data=value))


def test_what_was_put_in_unchecked_is_refused_too() -> None:
    """A copy is made without checks: what does not fit its field is noticed here at the latest."""
    with pytest.raises(BadEvent, match="Ordered of run '' cannot be written"):
        dump(Ordered().model_copy(update={"pieces": object()}))
    with pytest.raises(BadEvent, match="Ordered of run '' cannot be written"):
        dump(Ordered().model_copy(update={"pieces": "many"}))


def test_a_registered_class_stays_a_model() -> None:
    """Nothing special: pydantic's own ways work too."""
    assert issubclass(Ordered, BaseModel)
    assert Ordered.model_validate_json(Ordered(pieces=3).model_dump_json()).pieces == 3
