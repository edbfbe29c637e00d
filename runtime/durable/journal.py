"""One run's log where a store keeps it: nobody sees an event that the store does not have."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from ...bus.bus import Bus
from ...bus.event import Event, already_published
from ...bus.nesting import Chain, chain_of
from ...bus.nesting import current as _handler_here
from ...events.custom import Custom
from ...events.state import FOLDS
from ...stores.codec import encode
from ..errors import RunInterrupted
from ..journal import Journal, let_go
from ..turn import ORDER, OVER, after

_LEADS_TO = {event_class: phase for row in ORDER.values() for event_class, phase in row.items()}
"""The phase behind each kind of event, which is the same wherever it is allowed."""

Follow = Callable[["DurableJournal"], asyncio.Task[None]]
Tell = Callable[["DurableJournal"], None]


class DurableJournal(Journal):
    """A journal in front of a store.

    ``append`` folds an event at once, so that stages go on, and ``record`` is told that there is something to write.
    ``recorded`` then shows it to readers and observers. While the run is driven elsewhere, or by nobody, ``adopt``
    takes what the store has; ``follow`` starts the task that does so, for as long as somebody waits. ``on_left`` is
    told when the run is driven here no more, though it is not over.
    """

    __slots__ = (
        "_barrier",
        "_chains",
        "_follow",
        "_follower",
        "_on_left",
        "_pending",
        "_record",
        "_watchers",
        "driven",
        "failure",
        "token",
    )

    def __init__(
        self,
        run_id: str,
        bus: Bus,
        clock: Callable[[], float],
        on_over: Callable[[], None],
        *,
        record: Tell,
        follow: Follow,
        on_left: Tell,
    ) -> None:
        super().__init__(run_id, bus, clock, on_over)
        self.token = 0
        """That of the lease under which the run is driven here."""
        self.driven = False
        """Whether the run is driven here."""
        self.failure: RunInterrupted | None = None
        """Why nobody here can tell how the run goes on."""
        self._record = record
        self._follow = follow
        self._on_left = on_left
        self._pending: list[Event] = []
        self._chains: dict[int, Chain] = {}
        """Which handlers stand behind a pending event, where any do."""
        self._barrier: list[asyncio.Future[None]] = []
        self._watchers = 0
        self._follower: asyncio.Task[None] | None = None

    @property
    def shown(self) -> int:
        return len(self.events.fields) - len(self._pending)

    @property
    def ended(self) -> bool:
        return self.phase is OVER and not self._pending

    @property
    def writable(self) -> bool:
        return self.failure is None

    @property
    def unrecorded(self) -> bool:
        return bool(self._pending)

    # --- driven here ---

    def append(self, event: Event, cause: int) -> Event:
        """See ``Journal``.

        :raises BadEvent: an application's own event holds what cannot be recorded; nothing was appended.
        """
        # As in ``Journal``, written out.
        event_class, events, state = type(event), self.events, self.state
        chain = chain_of(event) if _handler_here() is not None else ()
        phase = self.phase.following.get(event_class) or after(self.phase, event_class)
        fold = FOLDS.get(event_class)
        if fold is None and isinstance(event, Custom):
            encode(event)
        fields: dict[str, Any] = event.__dict__  # pyright: ignore[reportAssignmentType]  # taken for the class's own
        if fields["seq"]:
            raise already_published(event)
        fields["run_id"] = self.run_id
        fields["seq"] = state.seq = state.seq + 1
        fields["at"] = self._clock()
        fields["cause"] = cause
        self.phase = phase
        events.classes.append(event_class)
        events.fields.append(fields)
        if fold is not None:
            fold(state, event)
        if not self._pending:
            self._record(self)
        self._pending.append(event)
        if chain:
            self._chains[state.seq] = chain
        routes = self._bus.table.get(event_class) or self._bus.routes(event_class)
        if routes.derivers:
            self.derive(event)
        return event

    def pending(self) -> list[Event]:
        """What the store does not have yet."""
        return self._pending[:]

    def recorded(self, count: int) -> None:
        """Show the first ``count`` events that were pending: the store has them."""
        shown, self._pending = self._pending[:count], self._pending[count:]
        if self._waiting:
            self.wake()
        bus, chains = self._bus, self._chains
        for event in shown:
            chain = chains.pop(event.seq, ()) if chains else ()
            routes = bus.table.get(type(event)) or bus.routes(type(event))
            if routes.sinks:
                bus.deliver(routes, event, chain)
        if self.ended:
            self.driven = False
            self._end()
        elif self.state.suspended and not self._pending:
            self.leave()
        self._let_barrier_go()

    async def wait_recorded(self) -> None:
        """Wait until the store has everything that the run has by now. Cancelling the wait leaves the rest alone.

        :raises RunInterrupted: the store will never have it.
        """
        last = len(self.events)
        while self.shown < last:
            if self.failure is not None:
                raise self.failure
            await self._next_record()

    async def _next_record(self) -> None:
        """Wait until the store has some more, or will have nothing more."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._barrier.append(waiter)
        await waiter

    # --- driven elsewhere, or by nobody ---

    def adopt(self, event: Event) -> None:
        """Take an event that the store has; one that is in already changes nothing."""
        if event.seq != self.state.seq + 1:
            return
        # The order was checked when it was written; and here an event may be missing that this program does not know.
        self.phase = _LEADS_TO.get(type(event), self.phase)
        self.events.add(event)
        self.state.add(event)
        self.wake()
        if self.ended:
            self._end()

    def drive(self, token: int) -> None:
        """Note that the run is driven here from now on."""
        self.token, self.driven, self.failure = token, True, None
        self._follow_or_not()

    def fail(self, failure: RunInterrupted) -> None:
        """Give up: everybody who waits hears why. What is pending is lost, and was never shown."""
        self.failure = failure
        if self.driven:
            self.leave()
        self.wake()
        let_go(self._ends)
        self._let_barrier_go()
        self._follow_or_not()

    def _let_barrier_go(self) -> None:
        barrier, self._barrier = self._barrier, []
        let_go(barrier)

    def leave(self) -> None:
        """Note that the run is driven here no more; whoever waits goes on waiting for what others make of it."""
        self.driven = False
        self._on_left(self)
        self._let_barrier_go()
        self._follow_or_not()

    async def wait_left(self) -> None:
        """Wait until the run is over, or driven here no more."""
        while self.driven:
            await self._next_record()

    async def wait_more(self, seen: int) -> None:
        """See ``Journal``.

        :raises RunInterrupted: nobody here can tell how the run goes on.
        """
        self._check()
        with self._watching():
            await super().wait_more(seen)
        self._check()

    async def wait_over(self) -> None:
        """See ``Journal``.

        :raises RunInterrupted: nobody here can tell how the run goes on.
        """
        self._check()
        with self._watching():
            await super().wait_over()
        self._check()

    def _check(self) -> None:
        if self.failure is not None and not self.ended:
            raise self.failure

    @contextmanager
    def _watching(self) -> Generator[None]:
        self._watchers += 1
        self._follow_or_not()
        try:
            yield
        finally:
            self._watchers -= 1
            self._follow_or_not()

    def _follow_or_not(self) -> None:
        wanted = self._watchers > 0 and not (self.driven or self.ended or self.failure)
        if wanted and self._follower is None:
            self._follower = self._follow(self)
        elif not wanted and self._follower is not None:
            follower, self._follower = self._follower, None
            follower.cancel()
