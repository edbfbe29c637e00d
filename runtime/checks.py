"""Checks what a caller gave, by a table of what it must be, before anything is done with it."""

from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Any, NamedTuple

from .errors import BadInput


class Rule(NamedTuple):
    """What an argument must be, and how to say so."""

    holds: Callable[[Any], bool]
    wanted: str


def of(kind: Any, wanted: str) -> Rule:
    """The rule that an argument is an instance of ``kind``."""

    def holds(value: object) -> bool:
        return isinstance(value, kind)

    return Rule(holds, wanted)


def check(rules: Mapping[str, Rule], **given: object) -> None:
    """Check each argument by the rule of its name.

    :raises BadInput: one does not keep its rule; says which, what it is, and what to give.
    """
    for name, value in given.items():
        rule = rules[name]
        if not rule.holds(value):
            raise BadInput(f"{name}={value!r:.80}: give {rule.wanted}")


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value < inf


def _is_size(value: object) -> bool:
    return isinstance(value, int) and value >= 0


def _is_text_or_function(value: object) -> bool:
    return isinstance(value, str) or callable(value)


def _is_collection(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str)


TIME = Rule(_is_time, "a number of seconds, 0 or more")
SIZE = Rule(_is_size, "a number of bytes, 0 or more")
INSTRUCTIONS = Rule(_is_text_or_function, "a text, or a function of the run's deps that gives one")
TOOLS = Rule(_is_collection, "a list of functions")
