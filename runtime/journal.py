"""One run's log in memory: appends, folds, and tells everyone who listens."""

import asyncio
from collections.abc import Callable

from ..backends.fold import ReplyFold
from ..bus.bus import Bus
from ..bus.event import Event, stamp
from ..events.content import Text, Thinking
from ..events.model import TextDelta, ThinkingDelta
from ..events.state import RunState
from .memory import EventList
from .turn import ORDER, OVER, Phase, after


class Journal:
    """The events of one run, in order, and the state that they fold to.

    ``append`` is the only way in: it checks the turn order, stamps, folds, wakes readers and hands the event to the
    bus, without waiting in between, so whoever looks sees all of that or nothing.
    """

    __slots__ = ("_bus", "_clock", "_listeners", "_on_over", "_waiting", "events", "phase", "reply", "run_id", "state")

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

    def append(self, event: Event, cause: int) -> Event:
        """Make an event a fact.

        :raises OutOfOrder: it may not follow the events before it.
        """
        event_class, events, state = type(event), self.events, self.state
        phase = self.phase = ORDER[self.phase].get(event_class) or after(self.phase, event_class)
        stamp(event, self.run_id, state.seq + 1, self._clock(), cause)
        events.keep_class(event_class)
        events.keep_fields(event.__dict__)
        state.add(event)
        if self._waiting:
            self.wake()
        bus = self._bus
        routes = bus.table.get(event_class) or bus.routes(event_class)
        if routes.sinks:
            bus.deliver(routes, event)
        if routes.derivers:
            self._derive(event)
        if phase is OVER:
            self._on_over()
        return event

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

    async def wait_more(self, seen: int) -> None:
        """Wait until there are more than ``seen`` events, or something was told."""
        if len(self.events) > seen:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        await waiter

    def wake(self) -> None:
        """Let everyone who waits for more look again."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def listen(self, listener: Callable[[Event], None]) -> list[Event]:
        """Hear what is told from now on; the answer is what a message in the middle has said so far."""
        self._listeners.append(listener)
        asking = self.state.asking
        return _snapshot(self.reply, asking.seq, self.run_id) if self.reply is not None and asking is not None else []

    def unlisten(self, listener: Callable[[Event], None]) -> None:
        """Hear no more. Twice is harmless."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _derive(self, event: Event) -> None:
        for deriver in self._bus.routes(type(event)).derivers:
            if not deriver.selector.matches(event):
                continue
            try:
                derived = deriver.derive(event)
                if derived is not None:
                    self.append(derived, event.seq)
            except Exception as error:
                self._bus.failed(deriver.name, event, f"{type(error).__name__}: {error}")


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
