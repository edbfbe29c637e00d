"""Everyone who hears one class of event, looked up once."""

from collections.abc import Callable, Iterable
from typing import Any

from .event import Event
from .interception import Policy
from .observer import Observer
from .selector import Selector
from .stream import Stream

Sink = Observer | Stream[Any]
"""Where published events go: both have a selector and a queue."""

Derive = Callable[[Any], Event | None]


class Deriver:
    """A pure function from one fact to another that belongs beside it in the log."""

    __slots__ = ("derive", "name", "selector")

    def __init__(self, derive: Derive, selector: Selector[Any], name: str) -> None:
        self.derive = derive
        self.selector = selector
        self.name = name


class Routes:
    """The subscriptions that a class of event is covered by, in the order in which they were made."""

    __slots__ = ("derivers", "offers", "policies", "sinks")

    def __init__(
        self, event_class: type[Event], sinks: Iterable[Sink], policies: Iterable[Policy], derivers: Iterable[Deriver]
    ) -> None:
        self.sinks = tuple(sink for sink in sinks if sink.selector.covers(event_class))
        self.policies = tuple(policy for policy in policies if policy.selector.covers(event_class))
        self.derivers = tuple(deriver for deriver in derivers if deriver.selector.covers(event_class))
        # Without a condition there is nothing to ask: events go straight into the queue.
        self.offers = tuple(sink.offer if sink.selector.conditional else sink.queue.put for sink in self.sinks)
