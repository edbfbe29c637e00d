"""One run's log in memory: appends, folds, and tells everyone who listens."""

import asyncio
from collections.abc import Callable
from typing import Any

from ..backends.fold import ReplyFold
from ..bus.bus import Bus
from ..bus.errors import PublishCycle
from ..bus.event import Event, already_published, stamp
from ..bus.nesting import LIMIT, chain_of
from ..bus.nesting import current as _handler_here
from ..bus.routes import Deriver
from ..bus.words import describe
from ..events.content import Text, Thinking
from ..events.model import TextDelta, ThinkingDelta
from ..events.state import FOLDS, RunState
from .memory import EventList
from .turn import OVER, Phase, after


class Journal:
    """The events of one run, in order, and the state that they fold to.

    ``append`` is the only way in: it checks the turn order, stamps, folds, wakes readers and hands the event to the
    bus, without waiting in between, so whoever looks sees all of that or nothing.
    """

    __slots__ = (
        "_bus",
        "_clock",
        "_deriving",
        "_ends",
        "_listeners",
        "_on_over",
        "_waiting",
        "events",
        "phase",
        "reply",
        "run_id",
        "state",
    )

    def __init__(self, run_id: str, bus: Bus, clock: Callable[[], float], on_over: Callable[[], None]) -> None:
        self.run_id = run_id
        self.events = EventList()
        self.state = RunState()
        self.phase = Phase.NEW
        self.reply: ReplyFold | None = None
        """The reply that is being written."""
        self._bus = bus
        self._clock = clock
        self._on_over = on_over
        self._listeners: list[Callable[[Event], None]] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._ends: list[asyncio.Future[None]] = []
        self._deriving: list[type[Event]] = []

    def append(self, event: Event, cause: int) -> Event:
        """Make an event a fact.

        :raises OutOfOrder: it may not follow the events before it.
        """
        # What ``stamp``, ``RunState.add`` and ``Outbox.put`` do, written out: each call would cost a tenth of all this.
        event_class, events, state = type(event), self.events, self.state
        phase = self.phase.following.get(event_class) or after(self.phase, event_class)
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
        fold = FOLDS.get(event_class)
        if fold is not None:
            fold(state, event)
        if self._waiting:
            self.wake()
        bus = self._bus
        routes = bus.table.get(event_class) or bus.routes(event_class)
        if routes.sinks:
            waiting = bus.outbox.events
            if waiting and _handler_here() is None:
                waiting.append(event)
            else:
                bus.deliver(routes, event, chain_of(event))
        if routes.derivers:
            self.derive(event)
        if phase is OVER:
            self._end()
        return event

    def _end(self) -> None:
        # It knows the run and the run knows this: kept, the two would live until the collector finds them.
        on_over, self._on_over = self._on_over, _nothing
        on_over()
        let_go(self._ends)

    def tell(self, event: Event, about: int) -> None:
        """Publish an ephemeral event; ``about`` is the durable one that it belongs to."""
        stamp(event, self.run_id, about, self._clock(), about)
        for listener in self._listeners:
            listener(event)
        self._bus.publish(event)

    def hears(self, event_class: type[Event]) -> bool:
        """Whether telling such an event would reach anyone."""
        return bool(self._listeners) or bool(self._bus.routes(event_class).sinks)

    @property
    def over(self) -> bool:
        """Whether the terminal event is in."""
        return self.phase is OVER

    @property
    def shown(self) -> int:
        """How many events whoever reads may see."""
        return len(self.events)

    @property
    def ended(self) -> bool:
        """Whether whoever reads may see the terminal event."""
        return self.phase is OVER

    @property
    def writable(self) -> bool:
        """Whether anything can be appended at all."""
        return True

    @property
    def unrecorded(self) -> bool:
        """Whether there are events that could be lost with this process, of a run that must not lose any."""
        return False

    async def wait_recorded(self) -> None:
        """Wait until there are none."""

    async def wait_more(self, seen: int) -> None:
        """Wait until more than ``seen`` events may be seen, or something was told."""
        if self.shown > seen:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except BaseException:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            raise

    async def wait_over(self) -> None:
        """Wait until the terminal event may be seen."""
        if not self.ended:
            # Each has a future of its own, so that cancelling one wait leaves the others alone.
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._ends.append(waiter)
            try:
                await waiter
            finally:
                self._ends.remove(waiter)

    def wake(self) -> None:
        """Let everyone who waits for more look again."""
        waiting, self._waiting = self._waiting, []
        let_go(waiting)

    def listen(self, listener: Callable[[Event], None]) -> list[Event]:
        """Hear what is told from now on; the answer is what a message in the middle has said so far."""
        self._listeners.append(listener)
        asking = self.state.asking
        return _snapshot(self.reply, asking.seq, self.run_id) if self.reply is not None and asking is not None else []

    def unlisten(self, listener: Callable[[Event], None]) -> None:
        """Hear no more. Twice is harmless."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def derive(self, event: Event) -> None:
        """Append what derivers make of an event right behind it."""
        self._deriving.append(type(event))
        for deriver in self._bus.routes(type(event)).derivers:
            if deriver.selector.matches(event):
                self._derive_one(deriver, event)
        self._deriving.pop()

    def _derive_one(self, deriver: Deriver, event: Event) -> None:
        try:
            derived = deriver.derive(event)
            if derived is not None:
                self._check_cycle()
                self.append(derived, event.seq)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            self._bus.failed(deriver.name, event, f"raised {describe(error)}", error)

    def _check_cycle(self) -> None:
        if len(self._deriving) > LIMIT:
            names = " -> ".join(each.__name__ for each in self._deriving[-3:])
            raise PublishCycle(f"derivers make events of each other's without end: ... -> {names} -> ...")


def _nothing() -> None:
    pass


def let_go(waiters: list[asyncio.Future[None]]) -> None:
    """Let everyone go on who waits, and has not stopped waiting."""
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)


def _snapshot(reply: ReplyFold, about: int, run_id: str) -> list[Event]:
    """What a reader that joins in the middle of a message has missed: one piece for each kind of writing."""
    blocks = reply.partial()
    thinking = "".join(block.text for block in blocks if isinstance(block, Thinking))
    text = "".join(block.text for block in blocks if isinstance(block, Text))
    pieces: list[Event] = []
    if thinking:
        pieces.append(ThinkingDelta(run_id=run_id, seq=about, cause=about, text=thinking, snapshot=True))
    if text:
        pieces.append(TextDelta(run_id=run_id, seq=about, cause=about, text=text, snapshot=True))
    return pieces
