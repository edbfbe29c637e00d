"""What can go wrong when a handler is made.

LoopbusError
  MissingExtra     an optional dependency is not installed; names the extra and the command
"""

from ..bus.errors import LoopbusError


class MissingExtra(LoopbusError):
    """An optional dependency is not installed."""
