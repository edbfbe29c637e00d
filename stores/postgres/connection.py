"""One connection to the database of a log: opened with the settings that make an acknowledgement true."""

import logging
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from ..contract import Survives
from ..errors import StoreMisused
from .faults import not_installed
from .schema import migrate

if TYPE_CHECKING:
    from psycopg import AsyncConnection, AsyncCursor

SYNCHRONOUS: dict[Survives, str] = {"power-loss": "on", "process-crash": "off"}
"""With ``on``, a commit is answered when the server's disk has it, and its synchronous standbys' disks."""

_WEAKER = ("off", "local")
_PORTS = re.compile(r"[\d,]*")
_SETTINGS = """
SELECT set_config('search_path', %(path)s, false), set_config('client_encoding', 'UTF8', false),
    set_config('lock_timeout', %(patience)s, false),
    set_config('idle_in_transaction_session_timeout', %(patience)s, false),
    current_setting('synchronous_commit'), current_setting('fsync')"""
_SYNCHRONOUS = "SELECT set_config('synchronous_commit', %s, false)"
_CLOCK = "SELECT extract(epoch FROM clock_timestamp())::float8"

_log = logging.getLogger("loopbus.stores")


class Settings(NamedTuple):
    """How to reach a database, and what it is called where others may read it: without a password."""

    conninfo: str
    name: str
    schema: str
    survives: Survives
    patience_s: float

    def __repr__(self) -> str:
        return f"<Settings for {self.name}>"


class Database:
    """A connection, and the numbers that this database has for the kinds of events."""

    def __init__(self, connection: "AsyncConnection[Any]") -> None:
        self.connection = connection
        self.numbers: dict[tuple[str, int], int] = {}
        self.kinds: dict[int, tuple[str, int]] = {}

    async def execute(self, query: LiteralString, *values: Any) -> "AsyncCursor[Any]":
        """Send a statement; in a pipeline, what it answers is waited for where it is fetched."""
        return await self.connection.execute(query, values, binary=True)

    async def fetch(self, query: LiteralString, *values: Any) -> list[Any]:
        """Send a statement, and wait for its rows."""
        return await (await self.execute(query, *values)).fetchall()

    async def now(self) -> float:
        """The server's clock, in seconds since the epoch."""
        return (await self.fetch(_CLOCK))[0][0]

    def forget(self) -> None:
        """Forget numbers that a transaction gave which was taken back."""
        self.numbers.clear()
        self.kinds.clear()

    @property
    def usable(self) -> bool:
        """Whether the connection stands, and nothing is left over on it from before."""
        from psycopg.pq import TransactionStatus

        return not self.connection.closed and self.connection.info.transaction_status == TransactionStatus.IDLE

    async def close(self) -> None:
        """Let go of the server."""
        await self.connection.close()


def settings_of(conninfo: str, schema: str, survives: Survives, patience_s: float) -> Settings:
    """What a connection string says, with what we add to it.

    :raises NotInstalled: psycopg is not there.
    :raises StoreMisused: it is no connection string.
    """
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict, make_conninfo
    except ImportError as error:
        raise not_installed(error) from error
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    except ProgrammingError:
        parts = {"port": "none"}
    if not _PORTS.fullmatch(parts.get("port", "")):
        # What libpq says of a string that it cannot read may repeat all of it, with the password; and in one that has
        # a slash in its password, libpq takes that for the host and the port.
        raise StoreMisused(
            "that is no connection string: write postgresql://user@host:5432/database, with %-escapes in names"
        )
    # After a failover, the first of several hosts is a standby; a server that is gone is noticed by TCP at last.
    added = {
        "target_session_attrs": "read-write",
        "application_name": "loopbus",
        "connect_timeout": str(max(2, round(patience_s))),
        "tcp_user_timeout": str(max(1_000, round(patience_s * 1_000))),
    }
    return Settings(make_conninfo(**(added | parts)), _name(parts), schema, survives, patience_s)


async def connect(settings: Settings) -> "AsyncConnection[Any]":
    """Open a connection outside of any transaction.

    :raises psycopg.Error: it cannot be opened.
    """
    from psycopg import AsyncConnection

    return await AsyncConnection.connect(settings.conninfo, autocommit=True)


async def open_database(settings: Settings) -> Database:
    """Connect, make the tables if need be, and bring them up to date.

    :raises psycopg.Error: the server cannot be reached, or does not let us in.
    :raises SchemaTooNew: a newer loopbus was here.
    :raises NotOurs: the schema is another program's.
    """
    connection = await connect(settings)
    try:
        await _configure(connection, settings)
        await migrate(connection, settings.schema, settings.name)
    except BaseException:
        await connection.close()
        raise
    return Database(connection)


async def _configure(connection: "AsyncConnection[Any]", settings: Settings) -> None:
    from psycopg.sql import Identifier

    path = Identifier(settings.schema).as_string(connection)
    patience = str(max(1, round(settings.patience_s * 1_000)))
    answer = await connection.execute(_SETTINGS, {"path": path, "patience": patience})
    synchronous, fsync = ((await answer.fetchone()) or ("on", "on"))[-2:]
    if settings.survives != "power-loss" or synchronous in _WEAKER:
        await connection.execute(_SYNCHRONOUS, (SYNCHRONOUS[settings.survives],))
    if settings.survives == "power-loss" and fsync != "on":
        _log.warning("%s runs with fsync=off: a cut of its power may take what was acknowledged", settings.name)


def _name(parts: dict[str, str]) -> str:
    where = _joined(parts.get(name) for name in ("host", "hostaddr"))
    return f"postgresql://{where}{':' if 'port' in parts else ''}{parts.get('port', '')}/{parts.get('dbname', '')}"


def _joined(parts: Iterable[str | None]) -> str:
    return next((part for part in parts if part), "")
