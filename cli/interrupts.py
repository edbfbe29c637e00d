"""Ctrl-C: once stops what runs and says how it ended, twice ends the process at once."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from types import FrameType
from typing import Any, TypeVar

import typer

from ..runtime.own_loop import run_in_own_loop
from .output import complain

T = TypeVar("T")

INTERRUPTED = 128 + signal.SIGINT
_SHOW_CURSOR = b"\x1b[?25h\n"


class Interrupts:
    """Runs a coroutine to its end; the first Ctrl-C cancels it, which it may answer, the second does not ask."""

    def __init__(self) -> None:
        self.count = 0
        self._task: asyncio.Task[Any] | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` in an event loop of its own, on the main thread.

        :raises Exit: it was interrupted where it had no answer to that; this is said.
        """
        # asyncio puts its own handler only where Python's own is.
        before = signal.signal(signal.SIGINT, self._interrupted)
        try:
            return run_in_own_loop(self._note(work))
        except (asyncio.CancelledError, KeyboardInterrupt):
            complain("interrupted")
            raise typer.Exit(INTERRUPTED) from None
        finally:
            signal.signal(signal.SIGINT, before)

    async def _note(self, work: Coroutine[Any, Any, T]) -> T:
        self._task = asyncio.current_task()
        try:
            return await work
        finally:
            self._task = None

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        """Called by Python between two of its steps, also while the loop waits or a write is stuck."""
        self.count += 1
        if self.count > 1:
            leave(INTERRUPTED)
        if self._task is None:
            raise KeyboardInterrupt
        self._task.get_loop().call_soon_threadsafe(self._task.cancel, "interrupted")


def leave(code: int) -> None:
    """End the process now, whatever still runs in it; the terminal gets its cursor back."""
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), _SHOW_CURSOR)
    os._exit(code)
