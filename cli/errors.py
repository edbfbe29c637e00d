"""What can go wrong at the command line, besides what typer says of options.

LoopbusError
  CliError
    BadReference   a ``module:name`` that cannot be loaded, or is no such thing
    NoStore        no log is named, or there is none where it should be
    AmbiguousRun   the beginning of an id that several runs share
    NobodyToAsk    a question for a person where nobody is at the terminal
    BadEdit        what was put in place of an event's fields cannot stand there
    ReaderGone     whoever read the output has left, as ``head`` does; nothing is wrong
"""

from ..bus.errors import LoopbusError


class CliError(LoopbusError):
    """The command line was used in a way that cannot work."""


class BadReference(CliError):
    """A ``module:name`` cannot be loaded, or is not what is wanted here."""


class NoStore(CliError):
    """No log is named, or there is none where it should be."""


class AmbiguousRun(CliError):
    """Several runs have an id that begins so."""


class NobodyToAsk(CliError):
    """A question for a person, where nobody is at the terminal."""


class BadEdit(CliError):
    """What was put in place of an event's fields cannot stand there."""


class ReaderGone(CliError):
    """Whoever read the output has left."""
