"""The log in a Postgres database keeps to the contract."""

import logging
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopbus.stores import (
    EventLog,
    Log,
    MemoryRows,
    NoSuchRun,
    NotInstalled,
    PostgresRows,
    SqliteRows,
    StoreMisused,
    open_log,
)
from loopbus.stores.rows import Batch, Entry, Opening

from ..contract import Clock, EveryLog
from ..story import started
from .places import plain, rows, values
from .server import fresh_url, server_url

ANY_NAME = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.fixture
def clock() -> Clock:
    """The time, for leases."""
    return Clock()


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[str, Callable[[], object]]]:
    """Where the logs of this file go, and what empties it: to make new tables takes longer than most tests."""
    url = fresh_url()
    conninfo, _, schema = url.partition("&schema=")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        tables = ", ".join(f"{schema}.{table}" for table in ("runs", "events", "kinds", "artifacts", "uses"))
        yield url, lambda: connection.execute(f"TRUNCATE {tables}".encode())


@pytest.fixture
async def log(clock: Clock, place: tuple[str, Callable[[], object]]) -> AsyncGenerator[EventLog, None]:
    """An empty log."""
    url, empty = place
    log = Log(rows(url, clock=clock), poll_s=3600)
    await log.runs()
    empty()
    yield log
    await log.aclose()


class TestPostgres(EveryLog):
    async def test_it_says_what_it_survives(self, log: EventLog) -> None:
        """By name; the default is the strongest."""
        assert log.survives == "power-loss"


@pytest.mark.parametrize(
    ("survives", "server_options", "synchronous"),
    [
        ("power-loss", "", "on"),
        ("power-loss", "-c synchronous_commit=off", "on"),
        ("power-loss", "-c synchronous_commit=remote_apply", "remote_apply"),
        ("process-crash", "", "off"),
    ],
)
async def test_what_a_log_survives_is_what_the_server_is_told(
    survives: str, server_options: str, synchronous: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not less than was promised, and not less than the server was set to; a server that syncs nothing is named."""
    url = fresh_url()
    store = rows(url, survives=survives, server_options=server_options)
    with caplog.at_level(logging.WARNING):
        await store.sessions()
    async with plain(url) as looking:
        await looking.execute("CREATE TABLE heard (word text)")
        await looking.execute(
            "CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN INSERT INTO heard VALUES (current_setting('synchronous_commit')); RETURN NULL; END$$"
        )
        await looking.execute("CREATE TRIGGER hearing AFTER INSERT ON events EXECUTE FUNCTION hear()")
        await Log(store).append(started("run"))
        assert await values(looking, "SELECT word FROM heard") == [(synchronous,)]
    await store.aclose()
    assert ("fsync=off" in caplog.text) == (survives == "power-loss")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"survives": "nothing"}, "survives one of power-loss, process-crash"),
        ({"patience_s": 0}, "after some time"),
        ({"schema": "pg_own"}, "no digit or pg_ in front"),
        ({"schema": "Robert'); DROP"}, "use up to 48 of a-z, 0-9 and _"),
        ({"conninfo": "postgresql://me:hunter2@host/db?colour=blue"}, "is no connection string"),
        ({"conninfo": "dbname=runs colour=blue"}, "is no connection string"),
    ],
)
def test_an_argument_that_cannot_be_is_refused(options: dict[str, Any], words: str) -> None:
    """Where the store is made; what may hold a password is not repeated."""
    options = dict(options)
    with pytest.raises(StoreMisused, match=words) as caught:
        PostgresRows(options.pop("conninfo", "postgresql://host/db"), **options)
    assert "hunter2" not in str(caught.value)


def test_a_driver_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that brings it; where the log is opened, not where it is first used."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "psycopg"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(NotInstalled, match=r'pip install "loopbus\[postgres\]"'):
        open_log("postgresql://host/db")


async def test_the_log_has_a_schema_of_its_own() -> None:
    """``loopbus``, unless the URL says otherwise: a database may have many, and one does not see the other's runs."""
    one, other = fresh_url(), fresh_url()
    async with open_log(one) as first, open_log(other) as second:
        await first.append(started("run"))
        assert await second.runs() == []
    async with open_log(one) as again:
        assert len(await again.runs()) == 1
    assert "schema" not in server_url()


@settings(max_examples=10)
@given(
    names=st.tuples(ANY_NAME, ANY_NAME, st.none() | ANY_NAME, st.none() | ANY_NAME),
    kind=st.tuples(ANY_NAME, st.integers(0, 2**40)),
    body=st.binary(max_size=200).map(lambda data: b"{" + data),
    at=st.floats(allow_nan=False),
)
async def test_stores_agree_on_whatever_they_are_given(
    place: tuple[str, object],
    names: tuple[str, str, str | None, str | None],
    kind: tuple[str, int],
    body: bytes,
    at: float,
) -> None:
    """F128: any name, any bytes, any number come back from each store as they went in."""
    run_id, agent, session, key = names
    batch = Batch(run_id, [Entry(1, *kind, body)], opening=Opening(agent, session, key, at))
    stores = MemoryRows(), SqliteRows(":memory:"), rows(place[0])
    found: list[object] = []
    for store in stores:
        await store.append(batch)
        page, info = await store.page(run_id, 0, 10), await store.info(run_id)
        found.append((page, info.agent, info.session, info.key, info.started_at))
        assert await store.delete(run_id) == 1
        with pytest.raises(NoSuchRun):
            await store.info(run_id)
        await store.aclose()
    assert found[0] == found[1] == found[2]
