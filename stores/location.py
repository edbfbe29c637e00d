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
        raise StoreMisused(f"{_WITH_PASSWORD.sub('//***@', url)!r} names no store: use one of {', '.join(_LIKE)}")
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
_WITH_PASSWORD = re.compile(r"//[^/]*@")
