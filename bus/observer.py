"""An observer: a handler that only watches, with a task and a bounded queue of its own."""

import asyncio
import inspect
import logging
from collections.abc import Callable
from inspect import isawaitable
from types import CoroutineType
from typing import Any, Literal, cast, get_args

from . import nesting
from .event import Event
from .house import SubscriberFailed
from .losses import Losses
from .options import handles, one_of
from .queue import BoundedQueue, Overflow
from .selector import Selector
from .traces import loggable
from .words import describe

Watcher = Callable[[Any], object]
"""What it gives is waited for if that can be, and counts for nothing."""
OnError = Literal["detach", "keep"]

_log = logging.getLogger("loopbus.bus")
_TURN = range(256)
"""Events that a pump handles before it lets the rest of the loop have a turn."""


class Observer:
    """A subscription that only watches.

    Events reach the handler in the order of publication, one at a time, in the observer's own task, so a slow or
    failing handler hurts nobody. A handler that raises is detached, or kept if ``on_error`` says so; either way the
    first failure is published as ``SubscriberFailed`` and logged.
    """

    __slots__ = (
        "_chains", "_detach", "_handler", "_handling", "_idle", "_losses", "_on_error", "_publish", "failures", "name",
        "queue", "selector",
    )  # fmt: skip

    def __init__(
        self,
        handler: Watcher,
        selector: Selector[Any],
        detach: "Callable[[Observer], None]",
        publish: Callable[[Event], None],
        *,
        name: str,
        capacity: int,
        overflow: Overflow,
        on_error: OnError,
    ) -> None:
        handles(handler)
        one_of("on_error", on_error, get_args(OnError))
        self.name = name
        self.selector = selector
        self.failures = 0
        self._idle: asyncio.Future[None] | None = None
        self._handler = handler
        self._on_error: OnError = on_error
        self._detach = detach
        self._publish = publish
        self._losses = Losses(name, publish)
        self._chains: dict[int, nesting.Chain] = {}
        self._handling = nesting.Handling(self._chains)
        self.queue = BoundedQueue(capacity, overflow, self._dropped)

    def offer_all(self, events: list[Event]) -> None:
        """Take those of the events that are selected."""
        chosen = self.selector.select(events)
        if chosen:
            self.queue.put_all(chosen)

    def offer(self, event: Event) -> None:
        """Take an event if the selector's condition holds."""
        if self.selector.matches(event):
            self.queue.put(event)

    def offer_nested(self, event: Event, chain: nesting.Chain) -> None:
        """Take an event that a handler published, and remember what led to it."""
        if not self.selector.matches(event):
            return
        items, chains = self.queue.items, self._chains
        self.queue.put(event)
        if items:
            # Its last place holds the event, or what it was joined to.
            chains[id(items[-1])] = chain
        if len(chains) > 2 * len(items):
            known = {id(each) for each in items} | {id(self._handling.event)}
            for each in [each for each in chains if each not in known]:
                del chains[each]

    def close(self) -> None:
        """End the subscription: the handler is not called again, and what waits is forgotten. Twice is harmless."""
        self._detach(self)

    def end(self) -> None:
        """Take nothing more; the bus calls this when it has forgotten the subscription."""
        self.queue.close(forget=True)
        self._losses.close()
        self._tell_idle()

    async def wait_idle(self) -> None:
        """Wait until the handler has seen everything that was published so far, or the subscription has ended."""
        while (self.queue.items or self._handling.event is not None) and not self.queue.closed:
            self._idle = self._idle or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._idle)

    async def pump(self) -> None:
        """Hand events to the handler until the subscription ends; it ends with this task at the latest."""
        handling, chains = self._handling, self._chains
        nesting.begin(handling)
        handler, queue, items = self._handler, self.queue, self.queue.items
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        try:
            while await queue.wait_items():
                for _ in _TURN:
                    if not items:
                        break
                    event = handling.event = items.popleft()
                    try:
                        answer = handler(event)
                        # Asked first: it is most often one, and ``isawaitable`` costs as much as a small handler.
                        if type(answer) is CoroutineType or (answer is not None and isawaitable(answer)):
                            await answer
                    except BaseException as error:
                        self._failed(event, error, task)
                    if chains:
                        chains.pop(id(event), None)
                handling.event = None
                # Left over from a task group inside a handler: Python 3.11's do not take back what they cancelled.
                while task.cancelling():
                    task.uncancel()
                queue.relieve()
                if items:
                    await asyncio.sleep(0)
                else:
                    chains.clear()
                    self._tell_idle()
        finally:
            if not queue.closed:
                _log.warning("the task of observer %s was ended, so it hears nothing more", self.name)
            self.close()

    def _tell_idle(self) -> None:
        if self._idle is not None:
            self._idle.set_result(None)
            self._idle = None

    def _dropped(self, event: Event) -> None:
        self._chains.pop(id(event), None)
        self._losses.note(event)

    def _failed(self, event: Event, error: BaseException, task: asyncio.Task[Any]) -> None:
        if isinstance(error, KeyboardInterrupt | GeneratorExit):
            raise error
        if isinstance(error, asyncio.CancelledError) and task.cancelling():
            raise error
        self._handling.event = None
        self.failures += 1
        detach = self._on_error == "detach"
        if detach:
            self.close()
        if self.failures > 1:
            return
        _log.error(
            "observer %s failed on %s (run %s, seq %d)%s",
            self.name, type(event).__name__, event.run_id, event.seq, " and was detached" if detach else "",
            exc_info=loggable(error),
        )  # fmt: skip
        self._publish(
            SubscriberFailed(
                run_id=event.run_id, seq=event.seq, subscriber=self.name, heard=event.event_name,
                error=describe(error), detached=detach,
            )
        )  # fmt: skip


def name_of(handler: object) -> str:
    """What to call a handler in messages."""
    named = handler if inspect.isroutine(handler) else type(handler)
    # What C has made may have no module.
    return f"{named.__module__ or 'builtins'}.{named.__qualname__}"
