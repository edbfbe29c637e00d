"""Checks what a caller gave, by a table of what it must be, before anything is done with it."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any, NamedTuple

from .errors import BadInput


class Rule(NamedTuple):
    """What an argument must be, and how to say so."""

    holds: Callable[[Any], bool]
    wanted: str


def of(kind: Any, wanted: str) -> Rule:
    """The rule that an argument is an instance of this."""
    return Rule(lambda value: isinstance(value, kind), wanted)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value < inf


TIME = Rule(_is_time, "a number of seconds, 0 or more")


def check(rules: Mapping[str, Rule], **given: object) -> None:
    """Check each argument by the rule of its name.

    :raises BadInput: one does not keep its rule; says which, what it is, and what to give.
    """
    for name, value in given.items():
        rule = rules[name]
        if not rule.holds(value):
            raise BadInput(f"{name}={value!r:.80}: give {rule.wanted}")
