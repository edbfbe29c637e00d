"""A policy: a run that has cost much goes on with a cheaper model."""

from ...bus.bus import Bus
from ...bus.options import positive, text
from ...events.model import ModelRequested
from ...events.money import BudgetExceeded
from ...events.run import RunFinished
from ...events.state import RunState


class Downgrade:
    """Has every turn answered by the model ``to``, once the run has cost ``after_usd`` US dollars.

    Hears ModelRequested; answers it with that ``model``, and says so once a run by BudgetExceeded. The cost is what a
    ``CostLedger`` counts; without one, and for models whose price is not known, nothing is changed. ``to`` is a name
    such as ``"openai:gpt-5-mini"``, or the name of one of the agent's fallback models::

        Runtime(subscribers=[CostLedger(prices), Downgrade("openai:gpt-5-mini", after_usd=0.50)])

    :raises BadOption: ``after_usd`` is no number above 0, or ``to`` is no text.
    """

    def __init__(self, to: str, *, after_usd: float, order: int = -100) -> None:
        text("to", to)
        positive("after_usd", after_usd)
        self._to = to
        self._after_usd = after_usd
        self._order = order
        self._spent: dict[str, float] = {}
        """Runs that were changed and are not over, with what is still to be said; 0 once it was."""

    def __call__(self, event: ModelRequested, state: RunState) -> ModelRequested:
        spent = state.cost_usd
        if spent is None or spent < self._after_usd or event.model == self._to:
            return event
        if state.tries.turn == event.turn:
            # The model of this turn has failed already; which one comes next was decided with that in mind.
            return event
        self._spent.setdefault(state.run_id, spent)
        return event.model_copy(update={"model": self._to})

    def attach(self, bus: Bus) -> None:
        """Subscribe to a bus. Should it ever fail, the run goes on with the model that it had."""
        bus.intercept(ModelRequested, self, name="Downgrade", order=self._order, on_error="allow")
        bus.derive((ModelRequested, RunFinished), self.note, name="Downgrade")

    def note(self, event: ModelRequested | RunFinished) -> BudgetExceeded | None:
        """What is to be said of a run's first request to the cheaper model."""
        if isinstance(event, RunFinished):
            self._spent.pop(event.run_id, None)
            return None
        spent = self._spent.get(event.run_id)
        if not spent:
            return None
        self._spent[event.run_id] = 0.0
        return BudgetExceeded(limit_usd=self._after_usd, spent_usd=spent, model=event.model)
