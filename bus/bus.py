"""The bus: takes an event to everyone who hears its class."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from . import nesting
from .errors import NotInterceptable
from .event import Event
from .house import SubscriberFailed
from .interception import Judge, Policy, Verdict, wants_state
from .observer import Observer, OnError, Watcher, name_of
from .queue import Overflow
from .selector import Heard, Selector, selector
from .stream import Stream

E = TypeVar("E", bound=Event)
Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
Sink = Observer | Stream[Any]
Derive = Callable[[Any], Event | None]
Offer = Callable[[Event], None]

_log = logging.getLogger("loopbus.bus")


class Routes:
    """Everyone who hears one class of event, looked up once."""

    __slots__ = ("derivers", "offers", "policies", "sinks")

    def __init__(self, sinks: tuple[Sink, ...], policies: tuple[Policy, ...], derivers: "tuple[Deriver, ...]") -> None:
        self.sinks = sinks
        self.policies = policies
        self.derivers = derivers
        # Without a condition there is nothing to ask: events go straight into the queue.
        self.offers: tuple[Offer, ...] = tuple(
            sink.offer if sink.selector.conditional else sink.queue.put for sink in sinks
        )


class Deriver:
    """A pure function from one fact to another that belongs beside it in the log."""

    __slots__ = ("derive", "name", "selector")

    def __init__(self, derive: Derive, selector: Selector[Any], name: str) -> None:
        self.derive = derive
        self.selector = selector
        self.name = name


class Bus:
    """Subscriptions, and the way from an event to those who hear it.

    ``spawn`` starts an observer's task; whoever gives it owns that task. The bus starts nothing else. Everything here
    runs in one event loop; another thread uses ``loop.call_soon_threadsafe(bus.publish, event)``.
    """

    def __init__(self, spawn: Spawn) -> None:
        self._spawn = spawn
        self._sinks: list[Sink] = []
        self._policies: list[Policy] = []
        self._derivers: list[Deriver] = []
        self._failed: set[str] = set()
        self.table: dict[type[Event], Routes] = {}
        """What was looked up so far; ``routes`` fills it, and every change of the subscriptions empties it."""
        self.may_block = False
        """Whether any subscriber uses the ``block`` overflow, so that publishers have to look for congestion."""
        self.has_policies = False
        """Whether there is any policy at all, so that publishers have to ask."""

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
        """
        observer = Observer(
            handler,
            selector(heard, Event),
            self.publish,
            name=name or name_of(handler),
            capacity=capacity,
            overflow=overflow,
            on_error=on_error,
        )
        self._add(observer, overflow)
        self._spawn(observer.pump())
        return observer

    def stream(self, heard: Heard[E], *, capacity: int = 1024, overflow: Overflow = "drop_oldest") -> Stream[E]:
        """The events that are heard from now on, as an async iterator of one consumer."""
        stream: Stream[E] = Stream(
            selector(heard, Event), self.detach, self.publish, name="stream", capacity=capacity, overflow=overflow
        )
        self._add(stream, overflow)
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
        """
        chosen = selector(heard, Event)
        for event_class in chosen.classes:
            if not event_class.may_change and event_class.vetoed is Event.vetoed:
                raise NotInterceptable(
                    f"{event_class.__name__} states what has happened, so no policy may change or refuse it; observe it"
                )
        policy = Policy(judge, chosen, name or name_of(judge), order, deadline_s, on_error, wants_state(judge))
        self._policies.append(policy)
        self.has_policies = True
        self._policies.sort(key=lambda each: each.order)
        self.table.clear()
        return policy

    def derive(self, heard: Heard[E], derive: Derive, *, name: str | None = None) -> Deriver:
        """Append what ``derive`` makes of an event right behind it, caused by it.

        It is called in line, so it must be quick and pure: the same event gives the same answer.
        """
        deriver = Deriver(derive, selector(heard, Event), name or name_of(derive))
        self._derivers.append(deriver)
        self.table.clear()
        return deriver

    def detach(self, subscription: Sink | Policy | Deriver) -> None:
        """End a subscription, during a delivery too: it hears nothing more. Twice is harmless."""
        for kept in (self._sinks, self._policies, self._derivers):
            if subscription in kept:
                kept.remove(subscription)  # pyright: ignore[reportArgumentType]  # it is in there
        if isinstance(subscription, Observer):
            subscription.close()
        self.table.clear()

    def routes(self, event_class: type[Event]) -> Routes:
        """Everyone who hears this very class."""
        routes = self.table.get(event_class)
        return routes if routes is not None else self._resolve(event_class)

    def publish(self, event: Event) -> None:
        """Hand an event to its observers and streams; it never waits and never raises on their account.

        :raises PublishCycle: handlers publish each other's triggers without end.
        """
        routes = self.table.get(type(event)) or self._resolve(type(event))
        if routes.sinks:
            if not event.at:
                event.__dict__["at"] = time.time()
            self.deliver(routes, event)

    def deliver(self, routes: Routes, event: Event) -> None:
        """Hand an event to the observers and streams that were looked up for it.

        :raises PublishCycle: handlers publish each other's triggers without end.
        """
        chain = nesting.chain_of(event)
        if not chain:
            for offer in routes.offers:
                offer(event)
            return
        for sink in routes.sinks:
            if isinstance(sink, Observer):
                sink.offer_nested(event, chain)
            else:
                sink.offer(event)

    async def wait_room(self) -> None:
        """Wait until no subscriber with the ``block`` overflow is behind."""
        for sink in self._sinks:
            if sink.queue.congested:
                await sink.queue.wait_room()

    async def drain(self) -> None:
        """Wait until every observer has handled what was published so far.

        :raises RuntimeError: called from a handler, which would wait for itself.
        """
        if nesting.handler_is_running():
            raise RuntimeError("drain() was called from inside a handler, so it would wait for itself")
        for sink in tuple(self._sinks):
            if isinstance(sink, Observer):
                await sink.wait_idle()

    def close(self) -> None:
        """Close every subscription; what waits in a queue is forgotten."""
        for sink in tuple(self._sinks):
            if isinstance(sink, Observer):
                self.detach(sink)
            else:
                sink.close()

    def failed(self, subscriber: str, event: Event, fault: str) -> None:
        """Publish, once for each subscriber, that it failed. It stays subscribed."""
        if subscriber in self._failed:
            return
        self._failed.add(subscriber)
        _log.error("%s failed on %s: %s", subscriber, type(event).__name__, fault)
        self.publish(
            SubscriberFailed(
                run_id=event.run_id, seq=event.seq, subscriber=subscriber, heard=event.event_name, error=fault,
                detached=False,
            )
        )  # fmt: skip

    def policy_failed(self, policy: Policy, event: Event, fault: str) -> None:
        """Publish, once, that a policy failed."""
        self.failed(policy.name, event, fault)

    def _add(self, sink: Sink, overflow: Overflow) -> None:
        self._sinks.append(sink)
        self.may_block = self.may_block or overflow == "block"
        self.table.clear()

    def _resolve(self, event_class: type[Event]) -> Routes:
        routes = self.table[event_class] = Routes(
            tuple(sink for sink in self._sinks if sink.selector.covers(event_class) and not sink.queue.closed),
            tuple(policy for policy in self._policies if policy.selector.covers(event_class)),
            tuple(deriver for deriver in self._derivers if deriver.selector.covers(event_class)),
        )
        return routes
