"""What is logged of an exception tells no secret."""

import logging
import traceback

import pytest

from loopbus.bus.traces import loggable

SECRET = "sk-proj-abcdefghijklmnop"


def trace(error: BaseException) -> str:
    """What a log shows."""
    return "".join(traceback.format_exception(error))


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    """The error with a traceback."""
    try:
        raise error from cause
    except Exception as caught:
        return caught


def test_an_error_without_a_secret_is_logged_as_it_is() -> None:
    """Tools that group errors by their class and their fields find them."""
    error = raised(ValueError("no"), KeyError("name"))
    assert loggable(error) is error


@pytest.mark.parametrize(
    "error",
    [
        ValueError(f"wrong key {SECRET}"),
        raised(ValueError("no"), ConnectionError(f"https://host/?api_key={SECRET}")),
        ExceptionGroup("both", [ValueError(f"wrong key {SECRET}")]),
    ],
    ids=["itself", "its cause", "in a group"],
)
def test_a_secret_in_an_error_is_masked_and_all_else_stays(error: Exception) -> None:
    """The class, the place in the source and what led to it are what somebody needs who reads the log."""
    shown = trace(loggable(raised(error, error.__cause__)))  # pyright: ignore[reportArgumentType]
    assert SECRET not in shown
    assert "***" in shown
    assert type(error).__name__ in shown
    assert "in raised" in shown
    assert ("ConnectionError" in shown) == (error.__cause__ is not None)


def test_notes_and_what_was_being_handled_are_looked_at_too() -> None:
    """A chain that leads back to itself has an end."""
    first, second = ValueError("no"), KeyError("name")
    first.__context__, second.__context__ = second, first
    second.add_note(f"the header was Bearer {SECRET}")
    shown = trace(loggable(first))
    assert SECRET not in shown
    assert "Bearer ***" in shown
    logging.getLogger("test").error("logged", exc_info=loggable(first))
