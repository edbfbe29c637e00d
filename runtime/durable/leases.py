"""The leases of the runs that this runtime drives: taken, kept, and given back together."""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Callable
from math import ceil
from time import monotonic, time

import anyio

from ...stores.contract import EventLog, Lease
from ...stores.errors import LeaseHeld, StoreError
from ..errors import RunElsewhere

_log = logging.getLogger("loopbus.runtime")
_LOOK_S = 0.1
"""How often a lease is asked for that somebody else has just now."""


class Leases:
    """Claims runs for one holder, and keeps the claims alive while ``renew_for_ever`` runs.

    A lease lasts ``ttl_s`` seconds and is renewed three times in that while. ``on_lost`` is called with each run whose
    lease somebody else has taken meanwhile.
    """

    def __init__(self, log: EventLog, ttl_s: float, on_lost: Callable[[str], None]) -> None:
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._log = log
        self._ttl_s = ttl_s
        self._on_lost = on_lost
        self._held: dict[str, Lease] = {}
        self._aside: set[Lease] = set()
        """What is not kept any more, and not given back yet."""

    def __len__(self) -> int:
        return len(self._held)

    async def claim(self, run_id: str, patience_s: float = 0.0) -> Lease:
        """Take the right to drive a run, waiting for so long at most if somebody else has it.

        :raises RunElsewhere: somebody else has it still.
        """
        deadline = monotonic() + patience_s
        while True:
            try:
                lease = await self._log.claim(run_id, self.holder, ttl_s=self._ttl_s)
            except LeaseHeld as held:
                if monotonic() >= deadline:
                    raise _elsewhere(run_id, held) from held
                await anyio.sleep(_LOOK_S)
            except asyncio.CancelledError:
                await self._give_back_unseen(run_id)
                raise
            else:
                self._held[run_id] = lease
                return lease

    async def _give_back_unseen(self, run_id: str) -> None:
        """Give back what was perhaps taken while nobody waited for it any more: it would be renewed for ever."""
        with anyio.move_on_after(self._ttl_s, shield=True):
            try:
                lease = await self._log.claim(run_id, self.holder, ttl_s=self._ttl_s)
            except StoreError:
                return
            await self.give_back(lease)

    def forget(self, run_id: str) -> None:
        """Stop keeping the lease of a run that is over, or was taken."""
        self._held.pop(run_id, None)

    def set_aside(self, run_id: str) -> Lease | None:
        """Stop keeping a lease that is to be given back, and is by ``release_all`` at the latest."""
        lease = self._held.pop(run_id, None)
        if lease is not None:
            self._aside.add(lease)
        return lease

    async def release(self, run_id: str) -> None:
        """Give a lease back, so that nobody has to wait for its end."""
        await self.give_back(self.set_aside(run_id))

    async def give_back(self, lease: Lease | None) -> None:
        """Give back one that is not kept any more."""
        if lease is None:
            return
        self._aside.add(lease)
        try:
            await self._log.release(lease)
            self._aside.discard(lease)
        except StoreError as error:
            _log.warning("the lease of run %s was not given back, and ends by itself: %s", lease.run_id, error)

    async def release_all(self) -> None:
        """Give back all that is left."""
        for run_id in list(self._held):
            self.set_aside(run_id)
        for lease in list(self._aside):
            await self.give_back(lease)

    async def renew_for_ever(self) -> None:
        """Keep all leases alive until this is cancelled."""
        while True:
            await anyio.sleep(self._ttl_s / 3)
            if self._held:
                await self._renew()

    async def _renew(self) -> None:
        asked = dict(self._held)
        try:
            kept = await self._log.renew(self.holder, ttl_s=self._ttl_s)
        except StoreError as error:
            _log.warning("%d leases could not be renewed: %s", len(asked), error)
            return
        for run_id, lease in asked.items():
            if run_id not in kept and self._held.get(run_id) is lease:
                self.forget(run_id)
                self._on_lost(run_id)


def _elsewhere(run_id: str, held: LeaseHeld) -> RunElsewhere:
    """Nobody can tell a process that works from one that was killed, until its lease ends."""
    left_s = max(1, ceil(held.until - time()))
    return RunElsewhere(
        f"run {run_id} is driven by {held.holder} just now: do this there; "
        f"or, if that process has died, try again in {left_s} s, when its lease has ended",
        run_id,
    )
