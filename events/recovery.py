"""What is done about a model that did not answer."""

from ..bus.event import Event


class RetryScheduled(Event):
    """The model that failed is asked once more, after a while.

    Published by ``handlers.stages.recover``, once for each ``ModelFailed`` that the retry policy wants repeated.
    """

    turn: int
    model: str
    attempt: int
    """Which attempt of this turn, at this model, comes next: 2 for the first retry."""
    delay_s: float
    """How long to wait before, counted from this event."""


class FallbackChosen(Event):
    """Another model is asked in place of the one that failed.

    Published by ``handlers.stages.recover``, once for each further model of the agent that is asked in a turn. The next
    turn begins with the agent's own model again.
    """

    turn: int
    failed: str
    """The model that did not answer."""
    model: str
    """The model that is asked now."""


class ContextCompacted(Event):
    """The conversation is longer than the model can read, so from now on the model is shown less of it.

    Published by ``handlers.stages.recover``, at most once a turn, for a ``ModelFailed`` with a context overflow. The
    log keeps the whole conversation.
    """

    turn: int
    model: str
    messages: int
    """How many messages the model is shown; it was too many before."""
    first: int
    """The first message that it is shown ..."""
    pinned: tuple[int, ...] = ()
    """... but for these, which come before it."""


class HedgeStarted(Event):
    """The model has not begun to answer for a while, so it was asked the same a second time.

    Published by ``handlers.stages.model``, at most once for each ``ModelRequested`` of an agent with ``hedge_s``. The
    reply is that of the request which answers first.
    """

    model: str
    after_s: float


Again = RetryScheduled | FallbackChosen | ContextCompacted
"""Why the model is asked again in one turn."""


class CircuitOpened(Event):
    """A model has failed so often that it is not asked any more for a while, by any run.

    Published by ``handlers.policies.breaker`` behind the ``ModelFailed`` that was one too many, or the failure of the
    one request that was to find out whether the model is well again.
    """

    model: str
    failures: int
    open_s: float
    """How long nobody asks."""


class CircuitClosed(Event):
    """A model that had failed too often has answered, so all runs ask it again.

    Published by ``handlers.policies.breaker`` behind the ``ModelReplied`` that showed it.
    """

    model: str
