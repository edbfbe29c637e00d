"""What can go wrong when a handler is made, or with what it is given.

LoopbusError
  BadLimit         a bound of a run has a value that it cannot have
  MissingExtra     an optional dependency is not installed; names the extra and the command
  NameTwice        two models of one agent have one name
  NotCustom        a tool emits an event that is not the application's own
"""

from ..bus.errors import LoopbusError


class BadLimit(LoopbusError, ValueError):
    """A bound of a run has a value that it cannot have."""


class MissingExtra(LoopbusError):
    """An optional dependency is not installed."""


class NameTwice(LoopbusError, ValueError):
    """Two models of one agent have one name."""


class NotCustom(LoopbusError):
    """A tool emits an event that is not the application's own."""
