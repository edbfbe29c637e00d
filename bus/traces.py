"""An exception as it may be logged: with its traceback, and without what looks like a secret."""

from collections.abc import Iterator

from .redaction import redact
from .words import described, members_of, said_by


def loggable(error: BaseException) -> BaseException:
    """The error itself; or, where its traceback would tell a secret, one that looks the same but for that."""
    if all(redact(words) == words for each in _all_of(error) for words in (said_by(each), *_notes(each))):
        return error
    led_to: BaseException | None = None
    for each in reversed(_chain(error)):
        led_to = _masked(each, led_to)
    return led_to or error


def _all_of(error: BaseException) -> Iterator[BaseException]:
    """Every exception that the traceback shows."""
    waiting, seen = [error], list[BaseException]()
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.append(each)
            waiting += [*_chain(each)[1:], *members_of(each)]
            yield each


def _chain(error: BaseException) -> list[BaseException]:
    """The error, what it was raised from or while, and so on."""
    chain = [error]
    while True:
        last = chain[-1]
        before = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
        if before is None or before in chain:
            return chain
        chain.append(before)


def _masked(error: BaseException, before: BaseException | None) -> BaseException:
    """What a traceback shows of an error, as an error; the members of a group are told in its words."""
    kind = type(error)
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    stand_in = type(kind.__name__, (Exception,), names)(described(error)).with_traceback(error.__traceback__)
    if error.__cause__ is not None:
        stand_in.__cause__ = before
    else:
        stand_in.__context__ = before
    for note in _notes(error):
        stand_in.add_note(redact(note))
    return stand_in


def _notes(error: BaseException) -> list[str]:
    return [str(note) for note in getattr(error, "__notes__", ())]
