"""Opens the log that a URL names."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import parse_qsl, unquote, urlencode

from .errors import StoreMisused
from .log import Log
from .memory import MemoryRows
from .postgres import PostgresRows
from .rows import RowStore
from .sqlite import SqliteRows


def open_log(url: str) -> Log:
    """The log at ``sqlite:///runs.db`` (beside the program), ``sqlite:////var/lib/runs.db``, a database, or ``memory://``.

    A database is ``postgresql://user@host:5432/name``, with what else libpq knows behind a question mark, and
    ``schema=...`` where the log is not to be in the schema ``loopbus``.

    Nothing is opened before the log is used. What a URL cannot say, ``Log(SqliteRows(...))`` can.

    :raises StoreMisused: the URL is none of these.
    :raises NotInstalled: the store needs an extra.
    """
    scheme, separator, rest = url.partition("://")
    made = _STORES.get(scheme) if separator else None
    if made is None:
        raise StoreMisused(f"{_shown(url)} names no store: use one of {', '.join(_LIKE)}")
    return Log(made(rest))


def _shown(url: str) -> str:
    """A URL that is wrong, as far as it can be shown: nobody knows what its parts were meant to be."""
    if _PLAIN.fullmatch(url):
        return repr(url)
    scheme, separator, _ = url.partition("://")
    return f"'{scheme}://...'" if separator and scheme.isalnum() else "that"


def _sqlite(rest: str) -> RowStore:
    host, _, path = unquote(rest).partition("/")
    if host or not path or "?" in path:
        where = _shown(f"sqlite://{rest}")
        raise StoreMisused(f"{where} names no file: write sqlite:///runs.db, or sqlite:////var/lib/runs.db")
    return SqliteRows(path)


def _memory(rest: str) -> RowStore:
    if rest:
        raise StoreMisused(f"{_shown(f'memory://{rest}')} names something, and memory has no names: write memory://")
    return MemoryRows()


def _postgres(scheme: str, rest: str) -> RowStore:
    address, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    schema = options.pop("schema", "loopbus")
    more = f"?{urlencode(options)}" if options else ""
    return PostgresRows(f"{scheme}://{address}{more}", schema=schema)


_STORES: Mapping[str, Callable[[str], RowStore]] = {
    "sqlite": _sqlite,
    "postgresql": partial(_postgres, "postgresql"),
    "postgres": partial(_postgres, "postgres"),
    "memory": _memory,
}
_LIKE = ("sqlite:///runs.db", "postgresql://user@host/database", "memory://")
_PLAIN = re.compile(r"[\w./\\: -]*")
"""What can be no secret: a password stands before an ``@`` or behind a ``=``, or with ``%`` in it."""
