"""The ways to subscribe to what happens in a runtime."""

from collections.abc import Callable
from typing import Any, TypeVar, Unpack

from ..bus.bus import Bus, Derive
from ..bus.declare import Hears, InterceptOptions, ObserveOptions, attach
from ..bus.event import Event
from ..bus.selector import Heard, selector
from ..bus.stream import Stream

E = TypeVar("E", bound=Event)
H = TypeVar("H", bound=Callable[..., Any])


class Subscribing:
    """Subscriptions to all runs of a runtime, made at any time while it is open."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus

    def observe(self, heard: Hears, **options: Unpack[ObserveOptions]) -> Callable[[H], H]:
        """Decorate a function that only watches: it is called with every event that is heard.

        It has a task and a bounded queue of its own; what it raises or how long it takes hurts no run. ``heard`` is
        an event class (its subclasses too), a tuple of classes, or ``ToolFinished.where(name="charge")``.

        :raises BadSelector: ``heard`` is none of these.
        """
        chosen = selector(heard, Event)

        def subscribe(handler: H) -> H:
            self.bus.observe(chosen, handler, **options)
            return handler

        return subscribe

    def intercept(self, heard: Hears, **options: Unpack[InterceptOptions]) -> Callable[[H], H]:
        """Decorate a policy: it is asked before the event becomes a fact.

        It answers the event, a changed copy of it, ``Veto(reason)``, ``Ask(approver)``, or ``Instead(event)`` with what
        comes of a wish that is not done. With a second parameter it is given the ``RunState`` too.

        :raises BadSelector: ``heard`` is nothing that can be heard.
        :raises NotInterceptable: such an event cannot be changed or refused.
        """
        chosen = selector(heard, Event)

        def subscribe(judge: H) -> H:
            self.bus.intercept(chosen, judge, **options)
            return judge

        return subscribe

    def derive(self, heard: Hears, *, name: str | None = None) -> Callable[[H], H]:
        """Decorate a pure function from an event to another durable event, which is appended right behind it.

        :raises BadSelector: ``heard`` is nothing that can be heard.
        """
        chosen = selector(heard, Event)

        def subscribe(derive: H) -> H:
            self.bus.derive(chosen, _derive(derive), name=name)
            return derive

        return subscribe

    def stream(self, heard: Heard[E], **options: Any) -> Stream[E]:
        """The events of all runs that are heard from now on, as ``async with runtime.stream(...) as events``."""
        return self.bus.stream(heard, **options)

    def subscribe(self, subscriber: object) -> None:
        """Attach something that says by itself what it hears.

        That is a ``TerminalView()``, a handler declared with ``@observe(...)``, or any object with ``hears`` that can
        be called with an event.

        :raises BadSelector: it does not say what it hears.
        """
        attach(self.bus, subscriber)


def _derive(function: Callable[..., Any]) -> Derive:
    return function
