"""What a running tool may know of its call and do to its run."""

import asyncio
from collections.abc import Awaitable, Callable
from threading import get_ident
from typing import Final, Generic

from typing_extensions import TypeVar

from ..events.custom import Custom

Deps = TypeVar("Deps", default=None)

Emit = Callable[[Custom], Awaitable[None]]
EmitNowait = Callable[[Custom], None]
Progress = Callable[[str, float | None], None]


async def _keep(event: Custom) -> None:
    """Emit to nobody."""


def _keep_nowait(event: Custom) -> None:
    """Emit to nobody."""


def _keep_quiet(message: str, fraction: float | None) -> None:
    """Report to nobody."""


class ToolContext(Generic[Deps]):
    """One call of one tool. A parameter with this annotation is filled in by the run and hidden from the model.

    Its powers are given to it: without them it emits and reports to nobody, which is enough to test a tool by itself.
    Make it on the event loop's thread. ``emit_nowait``, ``progress`` and ``cancelled`` may then be used from any
    thread; when the loop is gone they do nothing.
    """

    __slots__ = ("_cancelled", "_emit", "_emit_nowait", "_home", "_loop", "_progress", "call_id", "deps", "run_id")

    def __init__(
        self,
        run_id: str,
        call_id: str,
        deps: Deps,
        *,
        emit: Emit = _keep,
        emit_nowait: EmitNowait = _keep_nowait,
        progress: Progress = _keep_quiet,
    ) -> None:
        self.run_id: Final = run_id
        self.call_id: Final = call_id
        self.deps: Final = deps
        self._emit = emit
        self._emit_nowait = emit_nowait
        self._progress = progress
        self._cancelled = False
        self._home = get_ident()
        self._loop = _running_loop()

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt at this call, after a crash too: hand it to services that refuse to act twice."""
        return f"{self.run_id}:{self.call_id}"

    @property
    def cancelled(self) -> bool:
        """Nobody waits for this call any more. A sync tool cannot be interrupted, so a long one should poll this."""
        return self._cancelled

    def cancel(self) -> None:
        """Tell the tool that nobody waits any more; for whoever runs it."""
        self._cancelled = True

    async def emit(self, event: Custom) -> None:
        """Publish an event of your own into the run, and wait while the run is behind. For async tools."""
        await self._emit(event)

    def emit_nowait(self, event: Custom) -> None:
        """Publish an event of your own into the run without waiting. From another thread it arrives a little later."""
        if get_ident() == self._home:
            self._emit_nowait(event)
        else:
            self._send_home(self._emit_nowait, event)

    def progress(self, message: str, fraction: float | None = None) -> None:
        """Tell the run's readers how far the tool is: what it does, and how much of it (0 to 1) is done."""
        if get_ident() == self._home:
            self._progress(message, fraction)
        else:
            self._send_home(self._progress, message, fraction)

    def _send_home(self, power: Callable[..., None], *arguments: object) -> None:
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(power, *arguments)
        except RuntimeError:
            # The loop is closed: this thread outlived its run, and nobody is left to be told.
            return


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
