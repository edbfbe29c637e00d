"""What can go wrong at the command line, besides what typer says of options.

LoopbusError
  CliError
    BadReference   a ``module:name`` that cannot be loaded, or is no such thing
    ReaderGone     whoever read the output has left, as ``head`` does; nothing is wrong
"""

from ..bus.errors import LoopbusError


class CliError(LoopbusError):
    """The command line was used in a way that cannot work."""


class BadReference(CliError):
    """A ``module:name`` cannot be loaded, or is not what is wanted here."""


class ReaderGone(CliError):
    """Whoever read the output has left."""
