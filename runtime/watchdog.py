"""Looks from a thread of its own whether the event loop still turns, and says who stopped it."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable

from ..bus.event import Event
from ..bus.guest import Watch
from ..bus.house import LoopBlocked

_log = logging.getLogger("loopbus.runtime")


class Watchdog:
    """Notices an event loop that stands still for more than ``limit_s`` seconds; with 0 it does not look.

    While it stands, one line is logged that names what has the loop; when it turns again, ``LoopBlocked`` is
    published. The loop proves that it turns by a timer, four times in ``limit_s``.
    """

    def __init__(self, watch: Watch, publish: Callable[[Event], None], limit_s: float) -> None:
        self._watch = watch
        self._publish = publish
        self._limit_s = limit_s
        self._beat_s = limit_s / 4
        self._last_beat = 0.0
        self._ended = threading.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._culprit: str | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look. Call it from the loop that is to be watched."""
        if not self._limit_s:
            return
        self._beat()
        self._thread = threading.Thread(target=self._look, name="loopbus-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; the thread has ended when this returns."""
        if self._timer is not None:
            self._timer.cancel()
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _beat(self) -> None:
        now = time.monotonic()
        culprit, self._culprit = self._culprit, None
        if culprit is not None:
            self._publish(LoopBlocked(culprit=culprit, blocked_s=now - self._last_beat))
        self._last_beat = now
        self._timer = asyncio.get_running_loop().call_later(self._beat_s, self._beat)

    def _look(self) -> None:
        while not self._ended.wait(self._beat_s):
            stood_s = time.monotonic() - self._last_beat
            if stood_s > self._limit_s and self._culprit is None:
                self._culprit = self._watch.on_stage or "unknown"
                _log.warning("the event loop has stood still for %.2f s; it is in %s", stood_s, self._culprit)
