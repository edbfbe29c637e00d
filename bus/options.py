"""Checks the options of a subscription where it is made, so that a slip does not wait for the first event."""

import difflib
import inspect
from collections.abc import Callable, Collection
from math import isnan
from typing import Any

from .errors import BadOption


def one_of(option: str, value: Any, allowed: Collection[str]) -> None:
    """Refuse a word that means nothing.

    :raises BadOption: with the words that do, the nearest first.
    """
    if value not in allowed:
        near = difflib.get_close_matches(str(value), allowed, 1)
        others = [word for word in allowed if word not in near]
        raise BadOption(f"{option}={value!r} is none of {', '.join((*near, *others))}")


def positive(option: str, value: Any) -> None:
    """Refuse what is no number above zero.

    :raises BadOption: naming the option.
    """
    if not isinstance(value, int | float) or not value > 0:
        raise BadOption(f"{option}={value!r} must be a number above 0")


def text(option: str, value: Any) -> None:
    """Refuse what is no text.

    :raises BadOption: naming the option.
    """
    if not isinstance(value, str):
        raise BadOption(f"{option}={value!r:.80} must be a text")


def number(option: str, value: Any) -> None:
    """Refuse what has no place in an order.

    :raises BadOption: naming the option.
    """
    if not isinstance(value, int | float) or isnan(value):
        raise BadOption(f"{option}={value!r:.80} must be a number")


def handles(handler: Any, wanted: str = "one event", arguments: int = 1) -> None:
    """Refuse what cannot be called with an event, or with so many ``arguments``; ``wanted`` says with what instead.

    :raises BadOption: it is not callable, or not with those.
    """
    if not callable(handler):
        raise BadOption(f"{handler!r} cannot be called, so it cannot handle events; give a function of {wanted}")
    if not takes(handler, arguments):
        raise BadOption(f"{handler!r} cannot be called with {wanted}, and will be; give it such parameters")


def takes(function: Callable[..., Any], arguments: int) -> bool:
    """Whether a function can be called with so many arguments by place; one whose signature is not known, can."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*range(arguments))
    except TypeError:
        return False
    return True
