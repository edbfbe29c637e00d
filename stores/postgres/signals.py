"""Tells other processes which runs were written to, and hears of theirs: one notification for all since the last."""

import asyncio
import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from ...bus.tasks import start
from ..bells import Bells
from .connection import Settings, connect
from .link import Link

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from .connection import Database

_NOTIFY = "SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) AS payload"

# Postgres takes less than 8,000 bytes.
_LONGEST = 7_900
_GATHER_S = 0.005
PAUSE_S = 1.0
"""How long after a failure to listen once more."""


_log = logging.getLogger("loopbus.stores")


class Signals:
    """Speaks and listens on one channel, which has the schema's name. ``name`` tells this sender from others.

    Notifications go out over a link of their own, never in a transaction that writes a run: Postgres lets only one
    transaction with a notification commit at a time. None of it is needed for an answer to be right: one that is lost
    costs whoever follows a run a look at the table.
    """

    def __init__(self, settings: Settings, link: Link, name: str) -> None:
        self._settings = settings
        self._link = link
        self._name = name
        self._channel = f"{settings.schema}.appended"
        self._written: dict[str, None] = {}
        self._sending: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._answered = asyncio.Event()
        self._heard = False

    def tell(self, run_id: str) -> None:
        """Let others know that a run was written to: soon, and together with others."""
        self._written[run_id] = None
        if self._sending is None:
            self._sending = Context().run(start, self._send(), name="loopbus postgres notifier")

    async def hear(self, bells: Bells) -> bool:
        """Ring the bells of runs that others write to, from now on; whether that works."""
        if self._listener is None:
            self._listener = Context().run(start, self._listen(bells), name="loopbus postgres listener")
        await self._answered.wait()
        return self._heard

    async def aclose(self) -> None:
        """Tell what is left to tell, and stop listening."""
        if self._sending is not None:
            await asyncio.wait((self._sending,))
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait((self._listener,))

    async def _send(self) -> None:
        try:
            while self._written:
                written, self._written = self._written, {}
                with suppress(Exception):
                    await self._link.do(partial(self._notify, list(_payloads(self._name, written))))
                # What is written in the meantime goes together: a busy process would say little else.
                await anyio.sleep(_GATHER_S)
        finally:
            self._sending = None

    async def _notify(self, payloads: list[str], db: "Database") -> None:
        await db.execute(_NOTIFY, self._channel, payloads)

    async def _listen(self, bells: Bells) -> None:
        while True:
            try:
                await self._listen_once(bells)
            except Exception as error:
                _log.info("%s: other processes are not heard of for now: %s", self._settings.name, error)
            finally:
                self._answer(heard=False)
            await anyio.sleep(PAUSE_S)

    async def _listen_once(self, bells: Bells) -> None:
        from psycopg.sql import SQL, Identifier

        connection = await connect(self._settings)
        try:
            await connection.execute(SQL("LISTEN {}").format(Identifier(self._channel)))
            # What came before, or while nobody listened, was not heard.
            bells.ring_all()
            self._answer(heard=True)
            await self._ring(bells, connection)
        finally:
            await connection.close()

    async def _ring(self, bells: Bells, connection: "AsyncConnection[Any]") -> None:
        async for notification in connection.notifies():
            sender, *run_ids = words_of(notification.payload)
            if sender == self._name:
                continue
            for run_id in run_ids:
                bells.ring(run_id)

    def _answer(self, *, heard: bool) -> None:
        self._heard = heard
        self._answered.set()


def _payloads(sender: str, run_ids: Iterable[str]) -> Iterator[str]:
    """Texts that are short enough, each with the sender and some of the runs."""
    words, size = [sender], len(sender)
    for run_id in run_ids:
        length = len(json.dumps(run_id)) + 2
        if size + length > _LONGEST and len(words) > 1:
            yield json.dumps(words)
            words, size = [sender], len(sender)
        words.append(run_id)
        size += length
    yield json.dumps(words)


def words_of(payload: str) -> list[str]:
    """What somebody said; nothing, if it is nothing of ours."""
    with suppress(ValueError):
        words = json.loads(payload)
        if isinstance(words, list) and words:
            return [str(word) for word in words]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return [""]
