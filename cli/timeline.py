"""The timeline of a run: a line for each event with its cause, its time and what it says."""

import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from ..bus.event import Event
from ..events.model import ModelFailed
from ..events.run import RunFinished, RunSuspended
from ..events.tool import ToolFinished
from ..events.turn import TurnFinished, TurnStarted
from .ink import Ink
from .telling import name_of, tell

HEAD = f"{'seq':>4} {'cause':>5} {'time':>8}  {'event':<17} what"
_INDENT = HEAD.index("what")
_NARROWEST = 20
"""Columns for what an event says, however narrow the terminal is."""


class Timeline:
    """Makes lines of events; times are counted from ``began``, in seconds since the epoch.

    Where ``stream``, which is stdout unless said otherwise, is a terminal, long ones are wrapped below each other and
    there are colours; anywhere else an event is one line. An event that has no place yet is shown without one.
    """

    def __init__(self, began: float, stream: TextIO | None = None) -> None:
        self._began = began
        self._ink = Ink(stream or sys.stdout)

    def line(self, event: Event) -> str:
        """An event as text that ends with a line end: safe for a terminal, in colours if there are any."""
        time = elapsed(event.at - self._began) if event.seq else ""
        head = f"{event.seq or '':>4} {event.cause or '':>5} {time:>8}  {name_of(event):<17} "
        words = tell(event)
        if self._ink.columns is not None:
            room = max(self._ink.columns - _INDENT, _NARROWEST)
            words = f"\n{' ' * _INDENT}".join(self._ink.wrapped(words, room))
        return self._ink.painted(f"{head}{words}".rstrip(), style_of(event))


def elapsed(seconds: float) -> str:
    """A time between two events in eight characters at most: to the millisecond at first, to the hour after days."""
    sign, whole = ("-" if seconds < 0 else "+"), int(abs(seconds))
    if whole < 1000:
        return f"{seconds:+.3f}"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if hours < 1:
        return f"{sign}{minutes}m{whole % 60:02}s"
    return f"{sign}{hours}h{minutes % 60:02}m" if days < 1 else f"{sign}{days}d{hours % 24:02}h"


def style_of(event: Event) -> str:
    """How an event is coloured, in rich's words."""
    return _STYLES.get(type(event), lambda _: "")(event)


_STYLES: Mapping[type[Event], Callable[[Any], str]] = {
    TurnStarted: lambda _: "dim",
    TurnFinished: lambda _: "dim",
    ModelFailed: lambda _: "red",
    ToolFinished: lambda event: "" if event.outcome == "ok" else "yellow",
    RunSuspended: lambda _: "yellow",
    RunFinished: lambda event: "green" if event.status == "completed" else "red",
}
