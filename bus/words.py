"""Words for what went wrong in somebody else's code, fit to be stored and sent."""

import reprlib
from collections.abc import Iterator
from itertools import islice
from typing import cast

from .redaction import redact

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
    name, message = type(error).__name__, described(error)
    return f"{name}: {message}" if message else name


def described(error: BaseException) -> str:
    """The message alone; behind that of a group, the exceptions that are in it."""
    told = list(map(describe, islice(members_of(error), _MEMBERS)))
    return f"{message_of(error)}: {'; '.join(told)}"[:_LONGEST] if told else message_of(error)


def members_of(error: BaseException) -> Iterator[BaseException]:
    """The exceptions in a group and in the groups within, however deep; none of what is no group."""
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseExceptionGroup):
            waiting += reversed(cast("BaseExceptionGroup[BaseException]", each).exceptions)
        elif each is not error:
            yield each


def message_of(error: BaseException) -> str:
    """What an exception says: never too long, without what looks like a secret, and whatever its ``__str__`` does."""
    return encodable(redact(said_by(error)[:_LONGEST]))


def said_by(error: BaseException) -> str:
    """What an exception says, all of it; or that this cannot be read."""
    try:
        return str(error)
    except Exception as broken:
        return f"its message cannot be read: {type(broken).__name__}"


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
