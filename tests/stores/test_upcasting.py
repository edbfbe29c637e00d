"""Events of older versions are brought up to date, step by step."""

from typing import Any

import pytest

from loopbus.events import Custom
from loopbus.stores import Log, MemoryRows, OpaqueEvent, StoreMisused, UpcastFailed, upcasting, upcasts
from loopbus.stores.codec import decode, encode

from .contract import read
from .story import started


class Shipped(Custom, name="test.shipped", version=3):
    """An order left the house. Published by tests."""

    order: int
    carrier: str


@pytest.fixture(autouse=True)
def no_steps_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test registers its own steps."""
    monkeypatch.setattr(upcasting, "_steps", {})


def register() -> None:
    """Three steps: an event that was renamed, one that got a field, one whose field changed its type."""

    @upcasts("test.sent", 1, to=("test.shipped", 1))
    def _(fields: dict[str, Any]) -> dict[str, Any]:
        return {**fields, "renamed": True}

    @upcasts("test.shipped", 1)
    def _(fields: dict[str, Any]) -> dict[str, Any]:
        fields.pop("renamed", None)
        return {**fields, "carrier": "unknown"}

    @upcasts("test.shipped", 2)
    def _(fields: dict[str, Any]) -> dict[str, Any]:
        return {**fields, "order": int(fields["order"])}


@pytest.mark.parametrize(("name", "version"), [("test.sent", 1), ("test.shipped", 1)])
def test_steps_follow_each_other_to_the_newest_version(name: str, version: int) -> None:
    """F125: an event of two versions ago loads as if it were of today, also under another name."""
    register()
    event = decode("run", 2, name, version, b'{"at":1.5,"cause":1,"order":"7"}')
    assert event == Shipped(run_id="run", seq=2, at=1.5, cause=1, order=7, carrier="unknown")
    assert encode(event)[:2] == ("test.shipped", 3)


async def test_what_is_stored_stays_as_it_was_written() -> None:
    """F125: reading never writes back, and what is written is of the newest version: nothing is downgraded."""
    register()
    rows = MemoryRows()
    log = Log(rows)
    old = OpaqueEvent(run_id="run", seq=2, name="test.sent", version=1, body=b'{"at":1.5,"cause":1,"order":"7"}')
    await log.append([*started("run"), old])
    (event,) = await read(log, "run", 1)
    assert isinstance(event, Shipped)
    assert (await rows.page("run", 1, 1)).rows[0][1:4] == ("test.sent", 1, old.body)
    await log.verify("run")


def test_a_way_that_ends_at_an_unknown_version_leaves_the_event_as_it_was() -> None:
    """Half of the way is no use to anyone."""

    @upcasts("test.lost", 1)
    def _(fields: dict[str, Any]) -> dict[str, Any]:
        return fields

    event = decode("run", 2, "test.lost", 1, b"{}")
    assert isinstance(event, OpaqueEvent)
    assert (event.name, event.version, event.body) == ("test.lost", 1, b"{}")


def test_a_step_that_fails_is_named() -> None:
    """With the event that it failed on."""
    register()
    with pytest.raises(
        UpcastFailed, match=r"event 2 of run run: .*register.*'test.shipped' version 2, KeyError: 'order'"
    ):
        decode("run", 2, "test.shipped", 2, b"{}")


def test_a_step_answers_with_fields() -> None:
    """Anything else is a mistake of its author's."""

    @upcasts("test.shipped", 2)
    def _(_: dict[str, Any]) -> Any:
        return None

    with pytest.raises(UpcastFailed, match="answered with NoneType, not with fields"):
        decode("run", 2, "test.shipped", 2, b"{}")


def test_a_step_belongs_to_one_function() -> None:
    """A second one is refused; the same one again, as when a module is reloaded, replaces it."""
    register()
    register()
    with pytest.raises(StoreMisused, match=r"cannot upcast 'test.shipped' version 1: .*register.* does"):

        @upcasts("test.shipped", 1)
        def other(fields: dict[str, Any]) -> dict[str, Any]:
            return fields


def test_steps_do_not_lead_in_a_circle() -> None:
    """A downgrade would never come to an end."""
    register()
    with pytest.raises(StoreMisused, match="back to itself"):

        @upcasts("test.shipped", 3, to=("test.sent", 1))
        def back(fields: dict[str, Any]) -> dict[str, Any]:
            return fields
