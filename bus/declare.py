"""Subscriptions declared where the handler is written, to be attached to a bus later."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, ParamSpec, Protocol, TypedDict, TypeVar, Unpack, runtime_checkable

from .bus import Bus
from .errors import BadSelector
from .event import Event
from .interception import Answer, Judge, Verdict
from .observer import OnError, Watcher
from .queue import Overflow
from .selector import Heard, Selector, selector

P = ParamSpec("P")
R = TypeVar("R")
E = TypeVar("E", bound=Event)
A = TypeVar("A", bound=Awaitable[Answer] | Answer)
Judges = Callable[[E], A] | Callable[[E, Any], A]
"""A policy: of an event, or of that and the run's state."""
Hears = type[Event] | tuple[type[Event], ...] | Selector[Any]


class ObserveOptions(TypedDict, total=False):
    """How an observer is subscribed; see ``Bus.observe`` for the defaults."""

    name: str
    capacity: int
    overflow: Overflow
    on_error: OnError


class InterceptOptions(TypedDict, total=False):
    """How a policy is subscribed; see ``Bus.intercept`` for the defaults."""

    name: str
    order: int
    deadline_s: float
    on_error: Verdict


class Declared(Generic[P, R]):
    """A handler with its subscription. It can still be called like the function that it was made from."""

    def __init__(self, handler: Callable[P, R], attach: Callable[[Bus], object]) -> None:
        self.handler = handler
        self.attach = attach
        self.__doc__ = handler.__doc__
        self.__name__ = getattr(handler, "__name__", type(handler).__name__)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.handler(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<subscription of {self.__name__}>"


@runtime_checkable
class Subscriber(Protocol):
    """An observer as an object: what it ``hears``, and a call for each such event."""

    @property
    def hears(self) -> tuple[type[Event], ...]: ...

    def __call__(self, event: Any, /) -> Any: ...


def observe(heard: Heard[E], **options: Unpack[ObserveOptions]) -> Callable[[Callable[[E], R]], Declared[[E], R]]:
    """Declare an observer, for ``Runtime(subscribers=[...])`` or ``runtime.subscribe``.

    :raises BadSelector: ``heard`` is no event class, tuple of them, or selector.
    """
    chosen = selector(heard, Event)

    def declare(handler: Callable[[E], R]) -> Declared[[E], R]:
        return Declared(handler, lambda bus: bus.observe(chosen, _watcher(handler), **options))

    return declare


def intercept(heard: Heard[E], **options: Unpack[InterceptOptions]) -> Callable[[Judges[E, A]], Declared[..., A]]:
    """Declare a policy, for ``Runtime(subscribers=[...])`` or ``runtime.subscribe``.

    :raises BadSelector: ``heard`` is no event class, tuple of them, or selector.
    """
    chosen = selector(heard, Event)

    def declare(judge: Judges[E, A]) -> Declared[..., A]:
        return Declared[..., A](judge, lambda bus: bus.intercept(chosen, _judge(judge), **options))

    return declare


def attach(bus: Bus, subscriber: object) -> None:
    """Subscribe something that says by itself what it hears.

    It is what ``observe`` or ``intercept`` declared; or an object with ``attach(bus)``, which subscribes itself as it
    likes; or one with ``hears`` that can be called with an event.

    :raises BadSelector: it is none of these.
    """
    attach_itself = getattr(subscriber, "attach", None)
    if isinstance(subscriber, type):
        raise BadSelector(f"{subscriber.__name__} is a class; subscribe an object of it: {subscriber.__name__}(...)")
    if callable(attach_itself):
        attach_itself(bus)
    elif isinstance(subscriber, Subscriber):
        bus.observe(subscriber.hears, subscriber)
    else:
        raise BadSelector(
            f"{subscriber!r} does not say what it hears: decorate it with @observe(...) or @intercept(...), "
            "or give it a `hears` tuple of event classes"
        )


def _watcher(handler: Callable[..., Any]) -> Watcher:
    return handler


def _judge(handler: Callable[..., Any]) -> Judge:
    return handler
