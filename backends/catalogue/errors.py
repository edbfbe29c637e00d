"""What can be wrong with a catalogue.

LoopbusError
  BadEntry    a price or a line of a table that cannot be meant; names the field
"""

from ...events.errors import LoopbusError


class BadEntry(LoopbusError, ValueError):
    """A price or a line of a table cannot be meant."""
