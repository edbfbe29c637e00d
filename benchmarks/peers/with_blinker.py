"""A dispatch with blinker, whose handlers are awaited one after the other where the signal is sent."""
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportUntypedBaseClass=false
# pyright: reportUntypedFunctionDecorator=false

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from blinker import Signal

DISTRIBUTION = "blinker"

Deliver = Callable[[Sequence[object]], Awaitable[None]]


@asynccontextmanager
async def dispatch(handlers: Sequence[Callable[[object], Awaitable[None]]]) -> AsyncGenerator[Deliver, None]:
    signal = Signal()
    receivers = [_receiver(handler) for handler in handlers]
    for receiver in receivers:
        signal.connect(receiver)

    async def deliver(events: Sequence[object]) -> None:
        for event in events:
            await signal.send_async(event)

    yield deliver


def _receiver(handler: Callable[[object], Awaitable[None]]) -> Callable[[object], Awaitable[None]]:
    async def receive(sender: object) -> None:
        await handler(sender)

    return receive
