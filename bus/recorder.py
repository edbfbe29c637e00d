"""For tests: remembers what was published, and waits for what should be."""

import asyncio
from collections import deque
from typing import Any, TypeVar, cast

from .bus import Bus
from .event import Event
from .selector import Heard, Selector, selector

E = TypeVar("E", bound=Event)


class Recorder:
    """An observer that remembers the last ``capacity`` events, so that a test can ask for them.

    Subscribe it, then ask it::

        recorder = Recorder()
        runtime.subscribe(recorder)
        ...
        finished = await recorder.expect(ToolFinished.where(name="charge"))
    """

    def __init__(self, capacity: int = 100_000) -> None:
        self.events: deque[Event] = deque(maxlen=capacity)
        self._expected: list[tuple[Selector[Any], asyncio.Future[Event]]] = []

    def attach(self, bus: Bus) -> None:
        """Subscribe to everything, so that nothing is missed: publishers wait for it if need be."""
        bus.observe(Event, self, name="recorder", overflow="block")

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        for wanted, waiting in self._expected:
            if not waiting.done() and wanted.matches(event):
                waiting.set_result(event)

    def of(self, heard: Heard[E]) -> list[E]:
        """The remembered events that would be heard, oldest first."""
        chosen = selector(heard, Event)
        return [cast(E, event) for event in self.events if chosen.matches(event)]

    async def expect(self, heard: Heard[E], *, timeout_s: float = 5.0) -> E:
        """The first such event: one that is remembered already, else the next to come.

        :raises AssertionError: none came within ``timeout_s`` seconds; it lists what did.
        """
        for event in self.of(heard):
            return event
        chosen = selector(heard, Event)
        waiting: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._expected.append((chosen, waiting))
        try:
            async with asyncio.timeout(timeout_s):
                return cast(E, await waiting)
        except TimeoutError:
            seen = ", ".join(type(event).__name__ for event in list(self.events)[-20:]) or "nothing"
            raise AssertionError(f"no {chosen!r} within {timeout_s:g} s; the last events were: {seen}") from None
        finally:
            self._expected.remove((chosen, waiting))
