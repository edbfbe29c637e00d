"""A turn: one model call and the tools that it asked for."""

from ..bus.event import Event


class TurnStarted(Event):
    """A turn begins.

    Published by ``handlers.stages.begin`` for the first turn and ``handlers.stages.advance`` for every later one.
    """

    turn: int


class TurnFinished(Event):
    """A turn is over: the reply is in and every tool call that it asked for has its result.

    Published once for each turn: by ``handlers.stages.route`` when the reply asked for no tool, by
    ``handlers.stages.done`` when the last result is in.
    """

    turn: int
    final: bool
    """Whether the reply asked for no tool and was no mere pause, so that it is the answer."""
