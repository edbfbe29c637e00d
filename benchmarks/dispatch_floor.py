"""The floor of a dispatch: a bare asyncio queue, and a task that empties it, for each who listens."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

Handler = Callable[[object], Awaitable[None]]
Publish = Callable[[object], None]


@asynccontextmanager
async def queues(handlers: Sequence[Handler]) -> AsyncGenerator[Publish, None]:
    """What puts an event into every handler's queue, while their consumers run."""
    waiting: list[asyncio.Queue[object]] = [asyncio.Queue() for _ in handlers]
    async with asyncio.TaskGroup() as consumers:
        tasks = [consumers.create_task(_consume(*pair)) for pair in zip(waiting, handlers, strict=True)]
        yield waiting[0].put_nowait if len(waiting) == 1 else _to_all(waiting)
        for task in tasks:
            task.cancel()


def _to_all(waiting: Sequence[asyncio.Queue[object]]) -> Publish:
    def publish(event: object) -> None:
        for queue in waiting:
            queue.put_nowait(event)

    return publish


async def _consume(queue: asyncio.Queue[object], handler: Handler) -> None:
    while True:
        await handler(await queue.get())
