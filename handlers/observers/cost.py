"""A ledger: says behind each model reply what it cost, and keeps the totals."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from ...backends.catalogue import FREE as FREE
from ...backends.catalogue import Catalogue
from ...backends.catalogue import Price as Price
from ...backends.catalogue.table import Entry
from ...bus.bus import Bus
from ...bus.event import unchecked
from ...events.model import ModelFailed, ModelReplied
from ...events.money import CostCounted
from ...events.usage import Usage

_cost_counted = unchecked(CostCounted)


@dataclass(frozen=True, slots=True)
class Total:
    """What a number of replies came to. ``cost_usd`` is without the ``unpriced`` ones, whose price is not known."""

    replies: int = 0
    usage: Usage = Usage()
    cost_usd: float = 0.0
    unpriced: int = 0

    def plus(self, usage: Usage, cost_usd: float | None) -> "Total":
        """The total with one more reply."""
        return Total(
            self.replies + 1,
            self.usage + usage,
            self.cost_usd + (cost_usd or 0.0),
            self.unpriced + (cost_usd is None),
        )


class CostLedger:
    """Counts what runs cost, by a table of prices or a whole catalogue.

    Hears ModelReplied, and ModelFailed with usage; causes CostCounted right behind it, so that the cost is in the log
    and in ``RunResult.cost_usd``. Attach one to a runtime, or replies are counted twice::

        ledger = CostLedger({"openai:gpt-5.2": Price(input_usd=1.75, output_usd=14), "ollama:*": FREE["local*"]})
        runtime.subscribe(ledger)
        ...
        print(ledger.total.cost_usd, ledger.models["openai:gpt-5.2"].usage)

    ``CostLedger(Catalogue())`` knows the public prices (extra ``[prices]``). A table is what ``Catalogue`` takes, and
    nothing else is looked up then. The price is the one of the moment of the reply. A model without one is counted
    with ``cost_usd=None`` and a note that says so. The totals of ``keep_runs`` runs are kept, those with the latest
    replies.

    :raises BadEntry: the table has an entry that cannot be meant.
    :raises NotConfigured: the catalogue's extra is not installed.
    """

    def __init__(self, prices: Mapping[str, Entry] | Catalogue | None = None, *, keep_runs: int = 1024) -> None:
        self._catalogue = prices if isinstance(prices, Catalogue) else Catalogue(prices, source=None)
        # It takes a while, and the first reply is no time for that.
        self._catalogue.load()
        self._keep_runs = keep_runs
        self._runs: OrderedDict[str, Total] = OrderedDict()
        self.total = Total()
        """Everything that was counted."""
        self.models: dict[str, Total] = {}
        """The same by the model's name."""

    def run(self, run_id: str) -> Total:
        """What one run came to so far; nothing for one that is not known, or no more."""
        return self._runs.get(run_id, Total())

    def attach(self, bus: Bus) -> None:
        """Subscribe to a bus."""
        bus.derive((ModelReplied, ModelFailed), self.count, name="CostLedger")

    def count(self, event: ModelReplied | ModelFailed) -> CostCounted | None:
        """What this reply cost; None for a failure that used nothing."""
        usage = event.usage
        if type(event) is ModelFailed and not usage.total_tokens:
            return None
        price, note = self._catalogue.quote(event.model, event.at)
        cost_usd = price.of(usage) if price is not None else None
        self._add(event.run_id, event.model, usage, cost_usd)
        return _cost_counted(model=event.model, usage=usage, cost_usd=cost_usd, note=note)

    def _add(self, run_id: str, model: str, usage: Usage, cost_usd: float | None) -> None:
        self.total = self.total.plus(usage, cost_usd)
        self.models[model] = self.models.get(model, Total()).plus(usage, cost_usd)
        self._runs[run_id] = self._runs.pop(run_id, Total()).plus(usage, cost_usd)
        if len(self._runs) > self._keep_runs:
            self._runs.popitem(last=False)
