"""An application's own events are facts like any other."""

import pytest

from loopbus.bus import known_events
from loopbus.events import Custom


def test_an_event_of_ones_own_that_is_not_durable_is_refused_where_it_is_written() -> None:
    """A store has no place for it, so a run that it was emitted into would have a gap; and no such class is known."""
    with pytest.raises(TypeError, match=r"Fleeting must stay durable.*progress"):

        class Fleeting(Custom, name="tests.fleeting"):  # pyright: ignore[reportUnusedClass]  # it is refused
            durable = False

    assert "tests.fleeting" not in {each.event_name for each in known_events()}
