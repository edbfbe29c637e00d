"""The one event log there is, over any store of rows: codec, hash chain, paging and following."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import NamedTuple, Self

import anyio

from ..bus.event import Event
from ..bus.tasks import start
from ..events.run import RunFinished, Status
from .artifacts import LARGE, fill, holes, intact, is_whole
from .bells import Bells
from .chain import flaw
from .codec import batch_of, decode
from .contract import Lease, Proof, RunInfo, SessionInfo, Survives
from .errors import NoSuchRun, StoreDamaged, StoreMisused
from .naming import check_length, check_name, check_text, check_wanted
from .rows import Batch, Fork, Gathering, Hearing, Row, RowStore, RunQuery

PAGE = 256
"""Rows that a reader takes from the store at a time: no reader keeps the store, or much memory, for long."""
HEARD_S = 5.0
"""How often ``tail`` looks where it is told what others write: a word of theirs may have been lost."""


class Append(NamedTuple):
    """The events of one run that ``Log.append_all`` is to append, and the token of its lease."""

    events: Sequence[Event]
    token: int


class Log:
    """An ``EventLog`` over a ``RowStore``, which it closes with itself.

    Texts of ``large_bytes`` and more are kept apart from their events, once however many events have them. ``poll_s``
    is how often ``tail`` looks for what other processes have written, where the store does not hear of that by itself;
    this process's own appends wake it at once.

    :raises StoreMisused: ``large_bytes`` is below 1, or ``poll_s`` not above 0.
    """

    def __init__(self, rows: RowStore, *, large_bytes: int = LARGE, poll_s: float = 0.25) -> None:
        _require(large_bytes >= 1, f"large_bytes={large_bytes}: a text of no bytes cannot be kept apart")
        _require(poll_s > 0, f"poll_s={poll_s}: a pause is longer than nothing")
        self._rows = rows
        self._large = large_bytes
        self._poll_s = poll_s
        self._bells = Bells()

    @property
    def survives(self) -> Survives:
        """What an acknowledged append outlives."""
        return self._rows.survives

    async def append(self, events: Sequence[Event], *, token: int = 0) -> None:
        """See ``EventLog``."""
        if not events:
            return
        batch = self._batch(events, token)
        await self._rows.append(batch)
        self._bells.ring(batch.run_id)

    async def append_all(self, appends: Sequence[Append]) -> list[Exception | None]:
        """Append the events of many runs, each as ``append`` does: one that is refused takes none of the others along.

        The answers are what ``append`` would have raised, None for what is written.
        """
        answers: list[Exception | None] = [None] * len(appends)
        batches: dict[int, Batch] = {}
        for place, (events, token) in enumerate(appends):
            try:
                batches[place] = self._batch(events, token)
            except Exception as error:
                answers[place] = error
        for (place, batch), answer in zip(batches.items(), await self._write([*batches.values()]), strict=True):
            answers[place] = answer
            if answer is None:
                self._bells.ring(batch.run_id)
        return answers

    async def read(self, run_id: str, *, after: int = 0) -> AsyncGenerator[Event, None]:
        """See ``EventLog``."""
        _check_after(after)
        check_wanted(run_id)
        while True:
            page = await self._rows.page(run_id, after, PAGE)
            wrong = flaw(run_id, after, page, PAGE)
            for row in page.rows:
                yield decode(run_id, row.seq, row.name, row.version, await self._body(run_id, row))
            if wrong is not None:
                raise wrong
            after += len(page.rows)
            if after >= page.head.seq:
                return

    async def tail(self, run_id: str, *, after: int = 0) -> AsyncGenerator[Event, None]:
        """See ``EventLog``."""
        check_wanted(run_id)
        if after and await self._is_over(run_id, after):
            return
        while True:
            heard = isinstance(self._rows, Hearing) and await self._rows.hear(self._bells)
            # The bell comes before the look, or what is written in between would be heard too late.
            bell = self._bells.of(run_id)
            async with aclosing(self.read(run_id, after=after)) as events:
                async for event in events:
                    yield event
                    after = event.seq
                    if isinstance(event, RunFinished):
                        return
            with anyio.move_on_after(max(self._poll_s, HEARD_S) if heard else self._poll_s):
                await bell.wait()

    async def _is_over(self, run_id: str, after: int) -> bool:
        """Whether whoever has the events up to ``after`` has the end, which is not read again to tell them so."""
        _check_after(after)
        info = await self._rows.info(run_id)
        return info.status is not None and info.seq <= after

    async def info(self, run_id: str) -> RunInfo:
        """See ``EventLog``."""
        check_wanted(run_id)
        return await self._rows.info(run_id)

    async def runs(
        self,
        *,
        session: str | None = None,
        key: str | None = None,
        agent: str | None = None,
        status: Status | None = None,
        unfinished: bool = False,
        before: int | None = None,
        limit: int = 100,
    ) -> list[RunInfo]:
        """See ``EventLog``."""
        _require(limit >= 1, f"limit={limit}: a page has at least one run")
        for text, what in ((session, "a session's name"), (key, "a key"), (agent, "an agent's name")):
            check_text(text, what)
        return await self._rows.runs(RunQuery(session, key, agent, status, unfinished, before, limit))

    async def sessions(self) -> list[SessionInfo]:
        """See ``EventLog``."""
        return await self._rows.sessions()

    async def fork(
        self, source: str, run_id: str, *, at: int, agent: str = "", session: str | None = None, token: int = 0
    ) -> None:
        """See ``EventLog``."""
        check_wanted(source)
        check_name(run_id, "a run's id")
        check_length(session, "a session's name")
        await self._rows.fork(Fork(source, run_id, at, session, token, agent))

    async def verify(self, run_id: str) -> Proof:
        """See ``EventLog``."""
        check_wanted(run_id)
        after = 0
        while True:
            page = await self._rows.page(run_id, after, PAGE)
            wrong = flaw(run_id, after, page, PAGE)
            for row in page.rows:
                await self._body(run_id, row)
            if wrong is not None:
                raise wrong
            after += len(page.rows)
            if after >= page.head.seq:
                return Proof(run_id, after, page.head.digest.hex())

    async def delete(self, run_id: str) -> bool:
        """See ``EventLog``."""
        try:
            check_wanted(run_id)
        except NoSuchRun:
            return False
        deleted = await self._rows.delete(run_id)
        self._bells.ring(run_id)
        return bool(deleted)

    async def delete_session(self, name: str) -> int:
        """See ``EventLog``."""
        check_name(name, "a session's name")
        return await self._rows.delete_session(name)

    async def expire(self, *, ended_before: float, limit: int = 1_000) -> int:
        """See ``EventLog``."""
        _require(limit >= 1, f"limit={limit}: nothing would ever expire")
        return await self._rows.expire(ended_before, limit)

    async def claim(self, run_id: str, holder: str, *, ttl_s: float = 30.0) -> Lease:
        """See ``EventLog``."""
        _check_ttl(ttl_s)
        check_name(run_id, "a run's id")
        check_name(holder, "a lease's holder")
        return await self._rows.claim(run_id, holder, ttl_s)

    async def renew(self, holder: str, *, ttl_s: float = 30.0) -> frozenset[str]:
        """See ``EventLog``."""
        _check_ttl(ttl_s)
        return await self._rows.renew(holder, ttl_s)

    async def release(self, lease: Lease) -> None:
        """See ``EventLog``."""
        await self._rows.release(lease)

    async def aclose(self) -> None:
        """See ``EventLog``."""
        await self._rows.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _batch(self, events: Sequence[Event], token: int) -> Batch:
        batch = batch_of(events, token, self._large)
        if batch.opening is not None:
            check_name(batch.run_id, "a run's id")
            check_length(batch.opening.session, "a session's name")
            check_length(batch.opening.key, "a key")
        return batch

    async def _write(self, batches: Sequence[Batch]) -> list[Exception | None]:
        if not batches:
            return []
        if isinstance(self._rows, Gathering):
            return await self._rows.append_all(batches)
        tasks = [start(_attempt(self._rows, batch), name=f"append to run {batch.run_id}") for batch in batches]
        try:
            await asyncio.wait(tasks)
        finally:
            for task in tasks:
                task.cancel()
        return [task.result() for task in tasks]

    async def _body(self, run_id: str, row: Row) -> bytes:
        """A row's JSON, whole again where parts of it are kept apart."""
        if is_whole(row.body):
            return row.body
        missing = holes(row.body)
        found = await self._rows.artifacts([hole.digest for hole in missing])
        for hole in missing:
            if not intact(hole, found):
                raise StoreDamaged(
                    f"event {row.seq} of run {run_id} has a value of {hole.size} bytes that is missing or changed: "
                    f"artifact {hole.digest.hex()}",
                    run_id=run_id, seq=row.seq,
                )  # fmt: skip
        return fill(row.body, missing, found)


async def _attempt(rows: RowStore, batch: Batch) -> Exception | None:
    try:
        await rows.append(batch)
    except Exception as error:
        return error
    return None


def _check_after(after: int) -> None:
    _require(after >= 0, f"after={after}: events are numbered from 1, and after=0 reads all of them")


def _check_ttl(ttl_s: float) -> None:
    _require(ttl_s > 0, f"ttl_s={ttl_s}: a lease lasts longer than nothing")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise StoreMisused(message)
