"""What runs, sessions, keys and holders may be called, whichever store keeps them."""

from ..events.errors import BadContent
from ..events.frozen import whole
from .errors import NoSuchRun, StoreMisused

LONGEST = 1_024
"""Bytes of UTF-8: what the index of any store takes, and more than anybody means."""


def check_text(text: str | None, what: str) -> None:
    """Refuse what no name can be that is looked for; there may be none.

    :raises BadContent: it is no text, or holds half of a surrogate pair.
    """
    if text is None:
        return
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
        raise BadContent(f"{what} is {type(text).__name__}, not text")
    whole(text, what)


def check_length(text: str | None, what: str) -> None:
    """Refuse what no index takes.

    :raises BadContent: it is no text, or holds half of a surrogate pair.
    :raises StoreMisused: it is too long.
    """
    check_text(text, what)
    if text is not None and len(text) * 4 > LONGEST and len(text.encode()) > LONGEST:
        raise StoreMisused(f"{what} has more than {LONGEST:,} bytes: {text[:40]!r}...")


def check_name(name: str, what: str) -> None:
    """The same, of a name that there has to be.

    :raises StoreMisused: it is empty, or too long.
    """
    check_length(name, what)
    if not name:
        raise StoreMisused(f"{what} is {name!r}: that names nothing")


def check_wanted(run_id: str) -> None:
    """Refuse to look for a run that no store can have: its id may have come from anywhere.

    :raises NoSuchRun: no run can be called so.
    """
    try:
        check_name(run_id, "a run's id")
    except (BadContent, StoreMisused) as error:
        raise NoSuchRun(f"no store has a run {run_id!r:.80}: {error}") from None
