"""What is wrong with the content of an event, and the root of our errors for the rooms that do not stand on ``bus``.

LoopbusError    every error that a caller of ours may see
  BadContent    a block or a JSON value that could be neither stored nor sent; names the place in it
"""

from ..bus.errors import LoopbusError as LoopbusError

__all__ = ["BadContent", "LoopbusError"]


class BadContent(LoopbusError, ValueError):
    """Content that could be neither stored nor sent."""
