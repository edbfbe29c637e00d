"""Words for what went wrong in somebody else's code, fit to be stored and sent."""

import reprlib
from collections.abc import Iterator
from itertools import islice
from typing import cast

_LONGEST = 2_000
"""Characters of an exception's message that are kept."""
_MEMBERS = 5
"""Exceptions of a group that are told."""

_reprs = reprlib.Repr()
_reprs.maxstring, _reprs.maxother = 80, 200


def shown(value: object) -> str:
    """A value as ``repr`` shows it, cut where it is long: whatever its own ``__repr__`` does."""
    return encodable(_reprs.repr(value))


def describe(error: BaseException) -> str:
    """An exception as ``TypeName: message``, or by its type alone if it has none; of a group, those that are in it."""
    name, message = type(error).__name__, message_of(error)
    words = f"{name}: {message}" if message else name
    if not isinstance(error, BaseExceptionGroup):
        return words
    told = map(describe, islice(_members(cast("BaseExceptionGroup[BaseException]", error)), _MEMBERS))
    return f"{words}: {'; '.join(told)}"[:_LONGEST]


def _members(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The exceptions in a group and in the groups within, however deep."""
    waiting = list[BaseException](reversed(group.exceptions))
    while waiting:
        error = waiting.pop()
        if isinstance(error, BaseExceptionGroup):
            waiting += reversed(cast("BaseExceptionGroup[BaseException]", error).exceptions)
        else:
            yield error


def message_of(error: BaseException) -> str:
    """What an exception says: never too long, and whatever its own ``__str__`` does."""
    try:
        message = str(error)
    except Exception as broken:
        message = f"its message cannot be read: {type(broken).__name__}"
    return encodable(message[:_LONGEST])


def encodable(text: str) -> str:
    """The text with U+FFFD in place of each half of a surrogate pair: those cannot be written as UTF-8."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        # Two halves that had been torn apart find each other on the way through UTF-16.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
