"""Several processes on one store, within one test: each has its own line to the rows, which can be held up or cut."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from loopbus.bus import Event
from loopbus.runtime import KeepOptions, Runtime
from loopbus.stores import Lease, Log, MemoryRows, StoreClosed

from ...faults.house import PATIENCE_S

AT = 1_790_000_000.0


class Clock:
    """The time that a store sees, in seconds since the epoch; it passes only when it is told to."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> float:
        return self.now


class Line(Log):
    """One process's way to rows that it shares with others.

    An append takes so many ``turns`` of the loop, and while the line is not ``clear``, it waits. ``refusals`` are
    raised by the next appends, one each, and nothing is written. Once it is ``cut``, nothing of this process reaches
    the store any more, as if it had been killed; ``cut_at`` cuts it at the append of that number.
    """

    def __init__(self, rows: MemoryRows) -> None:
        super().__init__(rows, poll_s=0.001)
        self.clear = asyncio.Event()
        self.clear.set()
        self.turns = 0
        self.refusals: list[Exception] = []
        self.cut = False
        self.cut_at = 0
        self.tried = 0
        self.arrived: list[str] = []
        """The names of the events that have reached the store, in order."""

    async def append(self, events: Sequence[Event], *, token: int = 0) -> None:
        self.tried += 1
        self.cut = self.cut or self.tried == self.cut_at
        await self.clear.wait()
        for _ in range(self.turns):
            await asyncio.sleep(0)
        self._check()
        if self.refusals:
            raise self.refusals.pop(0)
        await super().append(events, token=token)
        self.arrived += [type(event).__name__ for event in events]

    async def claim(self, run_id: str, holder: str, *, ttl_s: float = 30.0) -> Lease:
        self._check()
        return await super().claim(run_id, holder, ttl_s=ttl_s)

    async def renew(self, holder: str, *, ttl_s: float = 30.0) -> frozenset[str]:
        self._check()
        return await super().renew(holder, ttl_s=ttl_s)

    async def release(self, lease: Lease) -> None:
        self._check()
        await super().release(lease)

    def _check(self) -> None:
        if self.cut:
            raise StoreClosed("the line to the store is cut")


class Process:
    """A runtime with a line of its own."""

    def __init__(self, rows: MemoryRows, **options: Any) -> None:
        self.line = Line(rows)
        # Nobody waits for a store that refuses, unless the test is about that.
        options.setdefault("keeping", KeepOptions(patience_s=0.0))
        self.runtime = Runtime(store=self.line, blocked_s=PATIENCE_S, **options)

    async def crash(self) -> None:
        """End without a word: nothing more reaches the store, and leases stay until their time is over."""
        self.line.cut = True
        self.line.clear.set()
        await self.runtime.aclose()


@asynccontextmanager
async def process(rows: MemoryRows, **options: Any) -> AsyncGenerator[Process]:
    """A process that lives as long as the block; one that hangs fails."""
    async with asyncio.timeout(PATIENCE_S):
        made = Process(rows, **options)
        async with made.runtime:
            yield made


async def logged(rows: MemoryRows, run_id: str) -> list[Event]:
    """What the store has of a run."""
    return [event async for event in Log(rows).read(run_id)]


async def only_run(rows: MemoryRows) -> str:
    """The id of the one run that the store has."""
    (info,) = await Log(rows).runs()
    return info.run_id


def names(events: Sequence[Event]) -> list[str]:
    """The kinds of events."""
    return [type(event).__name__ for event in events]
