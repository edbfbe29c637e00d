"""The bus: takes an event to everyone who hears its class."""

import logging
import time
from typing import TypeVar

from . import nesting
from .errors import BadEvent, Deadlock, NotInterceptable
from .event import Event
from .house import SubscriberFailed
from .interception import Judge, Policy, Verdict, wants_state
from .observer import Observer, OnError, Watcher, name_of
from .outbox import Outbox
from .queue import Overflow
from .routes import Derive, Deriver, Routes, Sink
from .selector import Heard, selector
from .stream import Stream
from .tasks import Spawn
from .traces import loggable

E = TypeVar("E", bound=Event)

_log = logging.getLogger("loopbus.bus")


class Bus:
    """Subscriptions, and the way from an event to those who hear it.

    ``spawn`` starts the task of an observer, or of what is left of a policy that would not end; whoever gives it owns
    those tasks. The bus starts nothing else. Everything here runs in one event loop; another thread uses
    ``loop.call_soon_threadsafe(bus.publish, event)``.
    """

    def __init__(self, spawn: Spawn) -> None:
        self._spawn = spawn
        self._sinks: list[Sink] = []
        self._policies: list[Policy] = []
        self._derivers: list[Deriver] = []
        self._blocking: tuple[Sink, ...] = ()
        self.outbox = Outbox(lambda: tuple(self._sinks))
        self._failed: set[str] = set()
        self.table: dict[type[Event], Routes] = {}
        """What was looked up so far; ``routes`` fills it, and every change of the subscriptions empties it."""
        self.may_block = False
        """Whether any subscriber uses the ``block`` overflow, so that publishers have to look for congestion."""
        self.has_policies = False
        """Whether there is any policy at all, so that publishers have to ask."""
        self.may_hold = False
        """Whether either is so."""

    # --- subscribing ---

    def observe(
        self,
        heard: Heard[E],
        handler: Watcher,
        *,
        name: str | None = None,
        capacity: int = 4096,
        overflow: Overflow = "drop_oldest",
        on_error: OnError = "detach",
    ) -> Observer:
        """Call ``handler`` with every event that is heard, in a task and a queue of its own.

        :raises BadSelector: ``heard`` is no event class, tuple of them, or selector.
        :raises BadOption: an option has a value that it cannot have.
        :raises CannotSpawn: no event loop runs, or the owner of the tasks is closed.
        """
        return self.begin(
            self.observer(heard, handler, name=name, capacity=capacity, overflow=overflow, on_error=on_error)
        )

    def observer(
        self,
        heard: Heard[E],
        handler: Watcher,
        *,
        name: str | None = None,
        capacity: int = 4096,
        overflow: Overflow = "drop_oldest",
        on_error: OnError = "detach",
    ) -> Observer:
        """The subscription that ``observe`` would make, checked; it hears nothing until it is handed to ``begin``.

        :raises BadSelector: ``heard`` is no event class, tuple of them, or selector.
        :raises BadOption: an option has a value that it cannot have.
        """
        return Observer(
            handler,
            selector(heard, Event),
            self.detach,
            self.publish,
            name=name or name_of(handler),
            capacity=capacity,
            overflow=overflow,
            on_error=on_error,
        )

    def begin(self, observer: Observer) -> Observer:
        """Have an observer hear what happens from now on, in a task of its own.

        :raises CannotSpawn: no event loop runs, or the owner of the tasks is closed.
        """
        self.outbox.flush()
        self._spawn(observer.pump(), name=f"observer {observer.name}")
        self._sinks.append(observer)
        self._changed()
        return observer

    def stream(
        self, heard: Heard[E], *, name: str = "stream", capacity: int = 1024, overflow: Overflow = "drop_oldest"
    ) -> Stream[E]:
        """The events that are heard from now on, as an async iterator of one consumer.

        :raises BadSelector: ``heard`` is no event class, tuple of them, or selector.
        :raises BadOption: an option has a value that it cannot have.
        """
        chosen = selector(heard, Event)
        stream: Stream[E] = Stream(chosen, self.detach, self.publish, name=name, capacity=capacity, overflow=overflow)
        self.outbox.flush()
        self._sinks.append(stream)
        self._changed()
        return stream

    def intercept(
        self,
        heard: Heard[E],
        judge: Judge,
        *,
        name: str | None = None,
        order: int = 0,
        deadline_s: float = 5.0,
        on_error: Verdict = "deny",
    ) -> Policy:
        """Ask ``judge`` before an event becomes a fact; smaller ``order`` is asked first.

        :raises NotInterceptable: nobody may change or refuse such an event.
        :raises BadSelector: ``heard`` is no event class, tuple of them, or selector.
        :raises BadOption: an option has a value that it cannot have.
        """
        chosen = selector(heard, Event)
        for event_class in chosen.classes:
            if not event_class.may_change and event_class.vetoed is Event.vetoed:
                raise NotInterceptable(
                    f"{event_class.__name__} states what has happened, so no policy may change or refuse it; observe it"
                )
        wants = wants_state(judge)
        policy = Policy(judge, chosen, name or name_of(judge), order, deadline_s, on_error, wants, self._spawn)
        self._policies.append(policy)
        self._policies.sort(key=lambda each: each.order)
        self._changed()
        return policy

    def derive(self, heard: Heard[E], derive: Derive, *, name: str | None = None) -> Deriver:
        """Append what ``derive`` makes of an event right behind it, caused by it.

        It is called in line, so it must be quick and pure: the same event gives the same answer.
        """
        deriver = Deriver(derive, selector(heard, Event), name or name_of(derive))
        self._derivers.append(deriver)
        self._changed()
        return deriver

    def detach(self, subscription: Sink | Policy | Deriver) -> None:
        """End a subscription, during a delivery too: it hears nothing more. Twice is harmless.

        A policy is still asked about the event that is being judged just now.
        """
        self.outbox.flush()
        for kept in (self._sinks, self._policies, self._derivers):
            if subscription in kept:
                kept.remove(subscription)  # pyright: ignore[reportArgumentType]  # it is in there
                self._changed()
        if isinstance(subscription, Observer | Stream):
            subscription.end()

    def close(self) -> None:
        """End every observer and stream; what waits for an observer is forgotten.

        Do this before the owner of the tasks is closed: a handler that swallows a cancellation then ends all the same.
        """
        for sink in tuple(self._sinks):
            self.detach(sink)

    # --- publishing ---

    def routes(self, event_class: type[Event]) -> Routes:
        """Everyone who hears this very class.

        :raises BadEvent: it is no class of events.
        """
        routes = self.table.get(event_class)
        return routes if routes is not None else self._resolve(event_class)

    def publish(self, event: Event) -> None:
        """Hand an event to its observers and streams; it never waits and never raises on their account.

        :raises PublishCycle: handlers publish each other's triggers without end.
        :raises BadEvent: it is no event.
        """
        routes = self.table.get(type(event)) or self._resolve(type(event))
        if routes.sinks:
            if not event.at:
                vars(event)["at"] = time.time()
            self.deliver(routes, event, nesting.chain_of(event))

    def deliver(self, routes: Routes, event: Event, chain: nesting.Chain) -> None:
        """Hand an event to the observers and streams that were looked up for it; ``chain`` led to it (``chain_of``)."""
        if not chain:
            self.outbox.put(event, routes)
            return
        self.outbox.flush()
        for sink in routes.sinks:
            if isinstance(sink, Observer):
                sink.offer_nested(event, chain)
            else:
                sink.offer(event)

    async def wait_room(self) -> None:
        """Wait until no subscriber with the ``block`` overflow is behind."""
        self.outbox.flush()
        for sink in self._blocking:
            if sink.queue.congested:
                await sink.queue.wait_room()

    async def drain(self) -> None:
        """Wait until every observer has handled what was published so far.

        :raises Deadlock: called from a handler, which would wait for itself.
        """
        if nesting.handler_is_running():
            raise Deadlock("drain() was called from inside a handler, so it would wait for itself")
        self.outbox.flush()
        for sink in tuple(self._sinks):
            if isinstance(sink, Observer):
                await sink.wait_idle()

    def failed(
        self, subscriber: str, event: Event, fault: str, error: BaseException | None = None, run_id: str = ""
    ) -> None:
        """Publish and log, once for each subscriber, that it failed. It stays subscribed.

        ``run_id`` is the run of an event that is no fact yet, and has no stamp.
        """
        if subscriber in self._failed:
            return
        self._failed.add(subscriber)
        run_id = run_id or event.run_id
        _log.error(
            "%s failed on %s (run %s): %s",
            subscriber,
            type(event).__name__,
            run_id,
            fault,
            exc_info=error and loggable(error),
        )
        self.publish(
            SubscriberFailed(
                run_id=run_id, seq=event.seq, subscriber=subscriber, heard=event.event_name, error=fault,
                detached=False,
            )
        )  # fmt: skip

    def policy_failed(self, policy: Policy, event: Event, fault: str, error: BaseException | None = None) -> None:
        """Publish and log, once, that a policy failed."""
        self.failed(policy.name, event, fault, error)

    # --- looking up ---

    def _changed(self) -> None:
        self.table.clear()
        self._blocking = tuple(sink for sink in self._sinks if sink.queue.overflow == "block")
        self.may_block = bool(self._blocking)
        self.has_policies = bool(self._policies)
        self.may_hold = self.may_block or self.has_policies

    def _resolve(self, event_class: type[Event]) -> Routes:
        if not issubclass(event_class, Event):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
            raise BadEvent(f"only events can be published, and a {event_class.__name__} is none")
        routes = self.table[event_class] = Routes(event_class, self._sinks, self._policies, self._derivers)
        return routes
