"""The runtime of those who did not make one: it lives exactly as long as its event loop."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from ..bus.tasks import loop_here
from .errors import InsideLoop
from .life import running_loop
from .own_loop import run_in_own_loop
from .runtime import Runtime

T = TypeVar("T")

_keepers: "WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncGenerator[Runtime, None]]" = WeakKeyDictionary()
_runtimes: "WeakKeyDictionary[asyncio.AbstractEventLoop, Runtime]" = WeakKeyDictionary()


async def default_runtime() -> Runtime:
    """This event loop's own runtime, made when it is first wanted.

    :raises NoLoop: no event loop runs here.
    """
    loop = running_loop()
    runtime = _runtimes.get(loop)
    if runtime is None:
        # asyncio closes the async generators of a loop that ends: so the runtime is closed with its loop.
        keeper = _keepers[loop] = _keep(loop)
        runtime = _runtimes[loop] = await anext(keeper)
    return runtime


async def _keep(loop: asyncio.AbstractEventLoop) -> AsyncGenerator[Runtime, None]:
    runtime = Runtime()
    await runtime.open()
    try:
        yield runtime
    finally:
        # What a runtime holds refers to its loop, so neither would ever leave these tables by itself.
        _keepers.pop(loop, None)
        _runtimes.pop(loop, None)
        await runtime.aclose()


def run_in_new_loop(
    work: Callable[[], Coroutine[Any, Any, T]],
    what: str = "run_sync()",
    instead: str = "use `await agent.run(...)` instead",
) -> T:
    """Run ``work`` to its end in an event loop of its own. ``what`` the caller calls this, and what to do ``instead``.

    :raises InsideLoop: a loop runs here already.
    """
    if loop_here() is not None:
        raise InsideLoop(f"{what} would block the event loop that is running here; {instead}")
    return run_in_own_loop(work())
