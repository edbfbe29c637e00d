"""What a run costs."""

from ..bus.event import Event
from .usage import Usage


class CostCounted(Event):
    """What one model reply cost.

    Published by ``handlers.observers.cost`` for each ``ModelReplied`` and each ``ModelFailed`` with usage, where a
    cost ledger is attached.
    """

    model: str
    usage: Usage
    cost_usd: float | None
    """None: the price of the model is not known."""
    note: str = ""
    """Where the price is from, or why it is not known."""


class BudgetExceeded(Event):
    """The run has cost more than it was meant to, and goes on with a cheaper model.

    Published by ``handlers.policies.downgrade`` behind the first ``ModelRequested`` that it changed, once a run.
    """

    limit_usd: float
    spent_usd: float
    """What the run had cost when the limit was noticed: the reply that crosses it is always paid in full."""
    model: str
    """The model that is asked from now on."""


class ReplyRecalled(Event):
    """The reply before this one is the cache's and not the model's, and cost nothing.

    Published by ``handlers.policies.cache`` behind each ``ModelReplied`` that it answered with.
    """

    model: str
    age_s: float
    """How long ago the model gave this reply."""
    saved: Usage
    """What it took then."""
