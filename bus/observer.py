"""An observer: a handler that only watches, with a task and a bounded queue of its own."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from . import nesting
from .event import Event
from .house import House, SubscriberFailed
from .losses import Losses
from .queue import BoundedQueue, Overflow
from .selector import Selector

Watcher = Callable[[Any], Awaitable[None] | None]
OnError = Literal["detach", "keep"]

_log = logging.getLogger("loopbus.bus")
_TURN = 128
"""Events that a pump handles before it lets the rest of the loop have a turn."""


class Observer:
    """A subscription that only watches.

    Events reach the handler in the order of publication, one at a time, in the observer's own task, so a slow or
    failing handler hurts nobody. A handler that raises is detached, or kept if ``on_error`` says so; either way the
    first failure is published as ``SubscriberFailed`` and logged.
    """

    __slots__ = (
        "_chains", "_handler", "_handling", "_idle", "_losses", "_on_error", "_publish", "failures", "name", "queue",
        "selector",
    )  # fmt: skip

    def __init__(
        self,
        handler: Watcher,
        selector: Selector[Any],
        publish: Callable[[Event], None],
        *,
        name: str,
        capacity: int,
        overflow: Overflow,
        on_error: OnError,
    ) -> None:
        self.name = name
        self.selector = selector
        self.failures = 0
        self._handling = nesting.Handling()
        self._idle: asyncio.Future[None] | None = None
        self._handler = handler
        self._on_error: OnError = on_error
        self._publish = publish
        self._losses = Losses(name, publish)
        self._chains: dict[int, nesting.Chain] = {}
        self.queue = BoundedQueue(capacity, overflow, self._dropped)

    def offer(self, event: Event) -> None:
        """Take an event if the selector's condition holds."""
        if self.selector.matches(event):
            self.queue.put(event)

    def offer_nested(self, event: Event, chain: nesting.Chain) -> None:
        """Take an event that a handler published, and remember what led to it."""
        if self.selector.matches(event) and not self.queue.closed:
            self._chains[id(event)] = chain
            self.queue.put(event)

    def close(self) -> None:
        """Take nothing more and forget what waits: after this the handler is not called again."""
        self.queue.close(forget=True)
        self._losses.close()
        self._tell_idle()

    async def wait_idle(self) -> None:
        """Wait until the handler has seen everything that was published so far, or the observer is closed."""
        while (self.queue.items or self._handling.event is not None) and not self.queue.closed:
            self._idle = self._idle or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._idle)

    async def pump(self) -> None:
        """Hand events to the handler until the observer is closed."""
        handling = self._handling = nesting.begin()
        queue, handler, chains = self.queue, self._handler, self._chains
        items = queue.items
        while await queue.wait_items():
            for _ in range(_TURN):
                if not items:
                    break
                event = handling.event = items.popleft()
                handling.chain = chains.pop(id(event), None) if chains else None
                try:
                    answer = handler(event)
                    if answer is not None:
                        await answer
                except BaseException as error:
                    self._failed(event, error)
            handling.event = None
            queue.relieve()
            if items:
                await asyncio.sleep(0)
            else:
                chains.clear()
                self._tell_idle()

    def _tell_idle(self) -> None:
        if self._idle is not None:
            self._idle.set_result(None)
            self._idle = None

    def _dropped(self, event: Event) -> None:
        self._chains.pop(id(event), None)
        self._losses.note(event)

    def _failed(self, event: Event, error: BaseException) -> None:
        task = asyncio.current_task()
        if isinstance(error, KeyboardInterrupt) or (task is not None and task.cancelling()):
            raise error
        self.failures += 1
        detach = self._on_error == "detach"
        if detach:
            self.close()
        if self.failures > 1 or isinstance(event, House):
            return
        _log.error(
            "observer %s failed on %s (run %s, seq %d)%s",
            self.name, type(event).__name__, event.run_id, event.seq, " and was detached" if detach else "",
            exc_info=error,
        )  # fmt: skip
        self._publish(
            SubscriberFailed(
                run_id=event.run_id, seq=event.seq, subscriber=self.name, heard=event.event_name,
                error=f"{type(error).__name__}: {error}", detached=detach,
            )
        )  # fmt: skip


def name_of(handler: object) -> str:
    """What to call a handler in messages."""
    named = handler if inspect.isroutine(handler) else type(handler)
    return f"{named.__module__}.{named.__qualname__}"
