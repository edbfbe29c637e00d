"""One call on its way through a thread: who waits for it, whether it runs, and what came of it."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from time import monotonic
from typing import Any, Generic, TypeAlias, TypeVar, cast

from .errors import contained

T = TypeVar("T")

OnLate = Callable[[object], None]
"""Is told the value, or the exception, of a call that ended after its caller had gone."""


class Job(Generic[T]):
    """A function, its caller's context, and the future that its caller awaits.

    The future says only *that* the call ended. A future that held the outcome could not carry ``StopIteration``, and
    would print a traceback for every failure that nobody came back for.
    """

    __slots__ = (
        "_context",
        "_error",
        "_on_late",
        "_value",
        "_work",
        "alarm",
        "left",
        "loop",
        "queued",
        "running",
        "started",
        "told",
    )

    def __init__(self, work: Callable[[], T], loop: asyncio.AbstractEventLoop, on_late: OnLate | None) -> None:
        self.loop = loop
        self.told: asyncio.Future[None] = loop.create_future()
        self.queued = monotonic()
        self.started = 0.0
        self.running = False
        self.left = False
        self.alarm: asyncio.TimerHandle | None = None
        self._work = work
        self._context = copy_context()
        self._on_late = on_late
        self._value: T | None = None
        self._error: Exception | None = None

    @property
    def what(self) -> str:
        """The function's name, for a list of calls that hang."""
        work: Any = self._work
        while hasattr(work, "func"):
            work = work.func
        return str(getattr(work, "__qualname__", type(work).__qualname__))

    def begin(self) -> None:
        """A thread has taken the call."""
        self.running = True
        self.started = monotonic()

    def perform(self) -> None:
        """Call the function, on the thread; never raises."""
        try:
            self._value = self._context.run(self._work)
        except BaseException as error:
            self._error = contained(error)

    def tell(self) -> None:
        """Wake the caller, from any thread."""
        try:
            self.loop.call_soon_threadsafe(self._wake)
        except RuntimeError:
            # The loop is closed, and with it everybody who could have been told.
            return

    def refuse(self, error: Exception) -> None:
        """End a call that never began."""
        self._error = error
        self.tell()

    def outcome(self) -> T:
        """Return what the function returned, or raise what it raised; once."""
        error, self._error = self._error, None
        if error is None:
            return cast(T, self._value)
        try:
            raise error
        finally:
            # The traceback holds this frame: without this, every failure would wait for the garbage collector.
            del error

    def pass_on(self) -> None:
        """The caller left just after it had been woken: nobody else will look at the outcome."""
        if self.told.done() and not self.told.cancelled():
            self._tell_late()

    def _wake(self) -> None:
        if self.left or self.told.cancelled():
            self._tell_late()
        else:
            self.told.set_result(None)

    def _tell_late(self) -> None:
        if self._on_late is not None and self.started:
            self._on_late(self._value if self._error is None else self._error)


AnyJob: TypeAlias = Job[Any]
