"""Opens the log that a URL names."""

from collections.abc import Callable, Mapping
from urllib.parse import unquote

from .errors import StoreMisused
from .log import Log
from .memory import MemoryRows
from .rows import RowStore
from .sqlite import SqliteRows


def open_log(url: str) -> Log:
    """The log at ``sqlite:///runs.db`` (beside the program), ``sqlite:////var/lib/runs.db``, or ``memory://``.

    Nothing is opened before the log is used. What a URL cannot say, ``Log(SqliteRows(...))`` can.

    :raises StoreMisused: the URL is none of these.
    """
    scheme, separator, rest = url.partition("://")
    made = _STORES.get(scheme) if separator else None
    if made is None:
        raise StoreMisused(f"{url!r} names no store: use one of {', '.join(_LIKE)}")
    return Log(made(rest))


def _sqlite(rest: str) -> RowStore:
    host, _, path = unquote(rest).partition("/")
    if host or not path or "?" in path:
        raise StoreMisused(f"'sqlite://{rest}' names no file: write sqlite:///runs.db, or sqlite:////var/lib/runs.db")
    return SqliteRows(path)


def _memory(rest: str) -> RowStore:
    if rest:
        raise StoreMisused(f"'memory://{rest}' names {rest!r}, and memory has no names: write memory://")
    return MemoryRows()


_STORES: Mapping[str, Callable[[str], RowStore]] = {"sqlite": _sqlite, "memory": _memory}
_LIKE = ("sqlite:///runs.db", "memory://")
