"""A ledger: says behind each model reply what it cost, and keeps the totals."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from functools import lru_cache

from ...bus.bus import Bus
from ...bus.errors import BadOption
from ...bus.event import unchecked
from ...events.model import ModelFailed, ModelReplied
from ...events.money import CostCounted
from ...events.usage import Usage

_cost_counted = unchecked(CostCounted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model costs, in US dollars for a million tokens.

    What is left out costs what its kind costs otherwise: ``cached_usd`` and ``cache_write_usd`` (prompt tokens read
    from and written to a cache) like ``input_usd``, ``reasoning_usd`` like ``output_usd``.

    :raises BadOption: a price is negative or no number.
    """

    input_usd: float
    output_usd: float
    cached_usd: float | None = None
    cache_write_usd: float | None = None
    reasoning_usd: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            price = getattr(self, field.name)
            if price is not None and not 0 <= price < float("inf"):
                raise BadOption(f"Price({field.name}={price!r}): a price is 0 or more US dollars for a million tokens")

    def of(self, usage: Usage) -> float:
        """US dollars for these tokens: a float, right to its last digit or two, so to far less than a nano-dollar."""
        plain_input = max(usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens, 0)
        plain_output = max(usage.output_tokens - usage.reasoning_tokens, 0)
        parts = (
            plain_input * self.input_usd,
            usage.cached_tokens * _or(self.cached_usd, self.input_usd),
            usage.cache_write_tokens * _or(self.cache_write_usd, self.input_usd),
            plain_output * self.output_usd,
            usage.reasoning_tokens * _or(self.reasoning_usd, self.output_usd),
        )
        return sum(parts) / 1_000_000


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


FREE: Mapping[str, Price] = {name: Price(input_usd=0, output_usd=0) for name in ("local*", "scripted*")}
"""Models that run on the user's own machine and cost nothing."""


class CostLedger:
    """Counts what runs cost, by a table of prices.

    Hears ModelReplied, and ModelFailed with usage; causes CostCounted right behind it, so that the cost is in the log
    and in ``RunResult.cost_usd``. Attach one to a runtime, or replies are counted twice::

        ledger = CostLedger({"openai:gpt-5.2": Price(input_usd=1.75, output_usd=14), "ollama:*": FREE["local*"]})
        runtime.subscribe(ledger)
        ...
        print(ledger.total.cost_usd, ledger.models["openai:gpt-5.2"].usage)

    A name in ``prices`` is a model's whole name, or a pattern: the whole name goes first, then the first pattern that
    fits. ``local*`` and ``scripted*`` cost nothing unless the table says otherwise. A model without a price is counted
    with ``cost_usd=None`` and a note that says so. The totals of the last ``keep_runs`` runs are kept.
    """

    def __init__(self, prices: Mapping[str, Price] | None = None, *, keep_runs: int = 1024) -> None:
        self._prices = {**(prices or {}), **{name: FREE[name] for name in FREE if name not in (prices or {})}}
        self._find = lru_cache(maxsize=256)(self._look_up)
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
        price, note = self._find(event.model)
        cost_usd = price.of(usage) if price is not None else None
        self._add(event.run_id, event.model, usage, cost_usd)
        return _cost_counted(model=event.model, usage=usage, cost_usd=cost_usd, note=note)

    def _add(self, run_id: str, model: str, usage: Usage, cost_usd: float | None) -> None:
        self.total = self.total.plus(usage, cost_usd)
        self.models[model] = self.models.get(model, Total()).plus(usage, cost_usd)
        self._runs[run_id] = self._runs.get(run_id, Total()).plus(usage, cost_usd)
        if len(self._runs) > self._keep_runs:
            self._runs.popitem(last=False)

    def _look_up(self, model: str) -> tuple[Price | None, str]:
        if not model:
            return None, "the reply does not say which model it is from"
        for name, price in self._prices.items():
            if name == model:
                return price, f"price of {name!r}"
        for name, price in self._prices.items():
            if fnmatchcase(model, name):
                return price, f"price of {name!r}"
        return None, f"no price of {model!r} is known: add it to CostLedger(prices)"


def _or(price: float | None, otherwise: float) -> float:
    return otherwise if price is None else price
