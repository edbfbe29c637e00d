"""What Postgres and psycopg raise, as errors of ours: one table."""

from collections.abc import Mapping

from ...bus.words import message_of
from ..errors import NotInstalled, StoreBroken, StoreBusy, StoreDamaged, StoreError, StoreFull, StoreMisused

_LOCKED = (StoreBusy, "another process keeps what is to be written locked; nothing was written, try again later")
_MEANS: Mapping[str, tuple[type[StoreError], str]] = {
    "55P03": _LOCKED,
    "57014": (StoreBusy, "the server took too long, and was told to stop; nothing was written, try again later"),
    "40001": (StoreBusy, "other processes write the same all the time; nothing was written, try again later"),
    "40P01": (StoreBusy, "other processes write the same all the time; nothing was written, try again later"),
    "23505": (StoreBusy, "other processes write the same all the time; nothing was written, try again later"),
    "53100": (StoreFull, "there is no space left; nothing was written, make room and try again"),
    "53300": (StoreBusy, "the server has no connection left; nothing was written, try again later"),
    "54000": (StoreMisused, "one value is larger than Postgres can keep"),
    "54001": (StoreMisused, "one value is larger than Postgres can keep"),
    "25006": (StoreBroken, "it may only be read: this is a standby, or a user without the right to write"),
    "42501": (StoreBroken, "this user has no right to do that; grant it, or let another user make the schema first"),
    "XX001": (StoreDamaged, "a page of it is damaged; restore it, or save what `verify` finds whole"),
    "XX002": (StoreDamaged, "an index of it is damaged: REINDEX it"),
}
"""SQLSTATE codes: https://www.postgresql.org/docs/current/errcodes-appendix.html."""
_OTHER = (StoreBroken, "reading or writing it failed; nothing was acknowledged")
_GONE = (StoreBroken, "the server cannot be reached; what was not acknowledged may or may not have been written")

AGAIN = frozenset({"40001", "40P01", "23505"})
"""After these, the same transaction may go through at once: somebody else's came in between."""


_GOING = ("08", "57P")
"""The codes of a server that ends a connection begin so."""


def is_gone(error: BaseException) -> bool:
    """Whether an error, over which there is no connection any more, means that the server is away."""
    code = code_of(error)
    return not code or code.startswith(_GOING)


def code_of(error: BaseException) -> str:
    """The SQLSTATE of an error; empty for what no server has said."""
    return getattr(error, "sqlstate", None) or ""


def translated(error: Exception, place: str, *, gone: bool = False) -> Exception:
    """The error of ours for one of psycopg's, or of Python's on the way to it; what is nobody's fault passes.

    ``gone`` says that the connection was lost over it.
    """
    import psycopg

    if isinstance(error, OverflowError | UnicodeError | psycopg.DataError):
        return StoreMisused(f"{place} cannot keep a value: {_words(error)}")
    if isinstance(error, TimeoutError):
        return StoreBroken(f"{place}: the server did not answer in time; what was under way may have been written")
    if not isinstance(error, psycopg.Error | OSError):
        return error
    kind, meaning = _MEANS.get(code_of(error), _GONE if gone else _OTHER)
    return kind(f"{place}: {meaning} ({_words(error)})")


def not_installed(error: ImportError) -> NotInstalled:
    """What to do about a driver that is not there."""
    return NotInstalled(f'a log in Postgres needs an extra: pip install "loopbus[postgres]" ({message_of(error)})')


def _words(error: Exception) -> str:
    return " ".join(message_of(error).split())
