"""The root of our errors, for the rooms that stand on ``events`` and not on ``bus``."""

from ..bus.errors import LoopbusError as LoopbusError

__all__ = ["LoopbusError"]
