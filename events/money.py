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
