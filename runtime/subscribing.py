"""The ways to subscribe to what happens in a runtime."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar, Unpack, runtime_checkable

from ..bus.bus import Bus, Derive
from ..bus.declare import A, Hears, InterceptOptions, Judges, ObserveOptions, attach
from ..bus.event import Event
from ..bus.selector import Heard, selector
from ..bus.stream import Stream
from ..bus.words import describe
from .errors import NotForgotten

E = TypeVar("E", bound=Event)
H = TypeVar("H", bound=Callable[..., Any])
R = TypeVar("R")


@runtime_checkable
class Forgetful(Protocol):
    """A subscriber that keeps something of runs, and deletes it when they are deleted."""

    async def forget(self, run_id: str) -> None:
        """Keep nothing of a run; one that is not known changes nothing."""
        ...


class Subscribing:
    """Subscriptions to all runs of a runtime, made at any time before it is closed.

    What watches begins when the runtime is opened: before that there may be no event loop.
    """

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self._early: list[Callable[[], object]] | None = []
        self._forgetful: list[Forgetful] = []

    def observe(
        self, heard: Heard[E], **options: Unpack[ObserveOptions]
    ) -> Callable[[Callable[[E], R]], Callable[[E], R]]:
        """Decorate a function that only watches: it is called with every event that is heard.

        It has a task and a bounded queue of its own; what it raises or how long it takes hurts no run. ``heard`` is
        an event class (its subclasses too), a tuple of classes, or ``ToolFinished.where(name="charge")``.

        :raises BadSelector: ``heard`` is none of these.
        """
        chosen = selector(heard, Event)

        def subscribe(handler: Callable[[E], R]) -> Callable[[E], R]:
            self._when_open(partial(self.bus.begin, self.bus.observer(chosen, handler, **options)))
            return handler

        return subscribe

    def intercept(
        self, heard: Heard[E], **options: Unpack[InterceptOptions]
    ) -> Callable[[Judges[E, A]], Callable[..., A]]:
        """Decorate a policy: it is asked before the event becomes a fact.

        It answers the event, a changed copy of it, ``Veto(reason)``, ``Ask(approver)``, or ``Instead(event)`` with what
        comes of a wish that is not done. With a second parameter it is given the ``RunState`` too.

        :raises BadSelector: ``heard`` is nothing that can be heard.
        :raises NotInterceptable: such an event cannot be changed or refused.
        """
        chosen = selector(heard, Event)

        def subscribe(judge: Judges[E, A]) -> Callable[..., A]:
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
        be called with an event. With ``async def forget(run_id)`` it is told of runs that are deleted.

        :raises BadSelector: it does not say what it hears; before the runtime is open, opening it raises this.
        """
        self._when_open(partial(self._subscribe, subscriber))

    def _when_open(self, begin: Callable[[], object]) -> None:
        """Do it now, or when the runtime is opened."""
        if self._early is None:
            begin()
        else:
            self._early.append(begin)

    def _begin_early(self) -> None:
        """Begin what was subscribed before the runtime was open, in the order in which it was."""
        early, self._early = self._early or [], None
        for begin in early:
            begin()

    def _subscribe(self, subscriber: object) -> None:
        attach(self.bus, subscriber)
        if isinstance(subscriber, Forgetful):
            self._forgetful.append(subscriber)

    async def _subscribers_forget(self, run_id: str) -> None:
        """Have all subscribers forget a run.

        :raises NotForgotten: one of them could not; the others have.
        """
        failed: list[tuple[Forgetful, Exception]] = []
        for subscriber in self._forgetful:
            try:
                await subscriber.forget(run_id)
            except Exception as error:
                failed.append((subscriber, error))
        if failed:
            said = ", ".join(f"{type(each).__name__} raised {describe(error)}" for each, error in failed)
            words = f"run {run_id} is not forgotten everywhere: {said}; delete it once more when that is mended"
            raise NotForgotten(words) from failed[0][1]


def _derive(function: Callable[..., Any]) -> Derive:
    return function
