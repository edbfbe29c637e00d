"""Errors as data."""

import pytest

from loopbus.events import Fault


class Busy(Exception):
    """Worth another try."""

    retryable = True


class Mute(Exception):
    """Cannot be printed."""

    def __str__(self) -> str:
        raise SystemError


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ValueError("no"), Fault("ValueError", "no", "here")),
        (ValueError(), Fault("ValueError", "ValueError", "here")),
        (Busy("later"), Fault("Busy", "later", "here", retryable=True)),
        (ValueError("a\ud800"), Fault("ValueError", "a\ufffd", "here")),
        (Mute(), Fault("Mute", "its message cannot be read: SystemError", "here")),
    ],
)
def test_an_exception_becomes_data(error: Exception, fault: Fault) -> None:
    """Its type, what it says, where it came from, and whether it says of itself that trying again could help."""
    assert Fault.of(error, "here") == fault
