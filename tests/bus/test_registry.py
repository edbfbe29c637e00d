"""The closed registry: which names and versions exist."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from loopbus.bus import Event, NameTaken, UnknownEvent, event_class, known_events

from .shop import Ordered, Paid


class Measured(Event, name="shop.measured_again", version=2):
    """A parcel was measured. Published by tests."""

    grams: float


def test_classes_are_known_by_name_and_version() -> None:
    """Defining a class is registering it."""
    assert event_class("Ordered") is Ordered
    assert event_class("shop.measured_again", 2) is Measured
    assert {Ordered, Paid, Measured} <= set(known_events())


def test_an_abstract_class_is_not_registered() -> None:
    """It is there to be subscribed to, not to be loaded."""

    class Parcel(Event, abstract=True):
        """Something about a parcel."""

    assert Parcel not in known_events()
    with pytest.raises(UnknownEvent):
        event_class("Parcel")


def test_a_name_belongs_to_one_class() -> None:
    """A second one is refused where it is defined, naming both; another version is another name."""
    with pytest.raises(NameTaken) as caught:

        class Impostor(Event, name="Ordered"):  # pyright: ignore[reportUnusedClass]
            """Published by nobody."""

    assert "Impostor cannot be event 'Ordered' version 1" in str(caught.value)
    assert f"{Ordered.__module__}.Ordered is; give the new one its own name= or version=" in str(caught.value)
    assert event_class("Ordered") is Ordered

    class Reordered(Event, name="Ordered", version=2):
        """Published by nobody."""

    assert event_class("Ordered", 2) is Reordered


def test_a_module_may_be_reloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defining the very same class again replaces it: notebooks and development servers do."""
    (tmp_path / "reloaded_shop.py").write_text(
        "from loopbus.bus import Event\nclass Reloaded(Event):\n    '''Published by tests.'''\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    module: ModuleType = importlib.import_module("reloaded_shop")
    first = event_class("Reloaded")
    importlib.reload(module)
    second = event_class("Reloaded")
    assert second is not first
    assert second is module.Reloaded
    assert len([each for each in known_events() if each.event_name == "Reloaded"]) == 1
    monkeypatch.delitem(sys.modules, "reloaded_shop")


def test_an_unknown_version_is_answered_with_the_known_ones() -> None:
    """An old program that reads a new log says what is missing."""
    with pytest.raises(UnknownEvent, match=r"event 'shop\.measured_again' has no version 7, only \[2\]"):
        event_class("shop.measured_again", 7)
