"""Checks what a caller gave, by a table of what it must be, before anything is done with it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from typing import Any, NamedTuple, cast

from ..backends.contract import Backend
from ..bus.options import takes
from .errors import BadInput

_HALF = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair, which can be neither stored nor sent."""


_LONGEST_NAME = 1_000
"""Bytes of a session's name or a key; what a runtime makes of them is a little longer, and has room in every store."""


class Rule(NamedTuple):
    """What an argument must be, and how to say so."""

    holds: Callable[[Any], bool]
    wanted: str


def of(kind: Any, wanted: str) -> Rule:
    """The rule that an argument is an instance of ``kind``."""

    def holds(value: object) -> bool:
        # To a protocol, the class of an object that fits looks as if it fitted too.
        return isinstance(value, kind) and not isinstance(value, type)

    return Rule(holds, wanted)


def check(rules: Mapping[str, Rule], **given: object) -> None:
    """Check each argument by the rule of its name.

    :raises BadInput: one does not keep its rule; says which, what it is, and what to give.
    """
    for name, value in given.items():
        rule = rules[name]
        if not rule.holds(value):
            raise BadInput(f"{name}={_advice(value, rule)}")


def _advice(value: object, rule: Rule) -> str:
    if isinstance(value, type):
        return f"{value.__name__} is a class; give an object: {value.__name__}(...)"
    return f"{value!r:.80}: give {rule.wanted}"


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value < inf


def _is_pause(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and 0 < value < inf)


def _is_length(value: object) -> bool:
    return isinstance(value, int | float) and 0 < value < inf


def _is_size(value: object) -> bool:
    return isinstance(value, int) and value >= 0


def _is_count(value: object) -> bool:
    return isinstance(value, int) and value > 0


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not _HALF.search(value)


def _is_label(value: object) -> bool:
    # An empty one is mostly a header that was not sent, and would be shared by everybody who did not send it.
    return value is None or _is_name(value)


def _is_name(value: object) -> bool:
    return value != "" and _is_text(value) and len(cast(str, value).encode()) <= _LONGEST_NAME


def _is_text_or_function(value: object) -> bool:
    return _is_text(value) or (callable(value) and (takes(value, 1) or takes(value, 0)))


def _is_function_or_none(value: object) -> bool:
    return value is None or callable(value)


def _is_models(value: object) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(each, str | Backend) and not isinstance(each, type) for each in cast("Sequence[object]", value)
    )


def _is_collection(value: object) -> bool:
    return isinstance(value, list | tuple) or (isinstance(value, Iterable) and not isinstance(value, str))


TIME = Rule(_is_time, "a number of seconds, 0 or more")
PAUSE = Rule(_is_pause, "a number of seconds above 0, or None for never")
LENGTH = Rule(_is_length, "a number of seconds above 0")
SIZE = Rule(_is_size, "a number of bytes, 0 or more")
TIMES = Rule(_is_size, "a whole number, 0 or more")
COUNT = Rule(_is_count, "a whole number, 1 or more")
_NAME = f"a text that is not empty, has no half characters and at most {_LONGEST_NAME:,} bytes"
ID = of(str, "a run's id, such as run.id")
NAME = Rule(_is_name, _NAME)
LABEL = Rule(_is_label, f"{_NAME}, or None")
TEXT = Rule(_is_text, "a text without half characters")
INSTRUCTIONS = Rule(_is_text_or_function, "a text, or a function of the run's deps, or of nothing, that gives one")
FUNCTION = Rule(_is_function_or_none, "a function, or None")
MODELS = Rule(_is_models, "a list of names or Backend objects, as in fallback=['openai:gpt-5.2']")
TOOLS = Rule(_is_collection, "a list, as in tools=[add]")
AGENTS = Rule(_is_collection, "a list, as in agents=[clerk]")
SUBSCRIBERS = Rule(_is_collection, "a list, as in subscribers=[LogLines()]")
MESSAGES = Rule(_is_collection, "a list of messages, such as an earlier result.messages")
