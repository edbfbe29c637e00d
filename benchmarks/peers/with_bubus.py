"""A dispatch with bubus."""
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportUntypedBaseClass=false
# pyright: reportUntypedFunctionDecorator=false

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bubus import BaseEvent, EventBus

DISTRIBUTION = "bubus"

Deliver = Callable[[Sequence[Any]], Awaitable[None]]


class Ping(BaseEvent):
    number: int


@asynccontextmanager
async def dispatch(handlers: Sequence[Callable[[object], Awaitable[None]]]) -> AsyncGenerator[Deliver, None]:
    bus = EventBus()
    for number, handler in enumerate(handlers):
        bus.on(Ping, _handler(handler, number))

    async def deliver(events: Sequence[int]) -> None:
        for number in events:
            bus.dispatch(Ping(number=number))
        await bus.wait_until_idle()

    yield deliver
    await bus.stop()


def _handler(handler: Callable[[object], Awaitable[None]], number: int) -> Callable[[Any], Awaitable[None]]:
    async def handle(event: Any) -> None:
        await handler(event)

    # The bus tells its handlers apart by their names.
    handle.__name__ = f"handle_{number}"
    return handle
