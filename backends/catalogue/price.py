"""What a model costs, from when on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from ...events.usage import Usage
from .errors import BadEntry

_AMOUNTS = ("input_usd", "output_usd", "cached_usd", "cache_write_usd", "reasoning_usd", "request_usd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model costs, in US dollars for a million tokens.

    What is left out costs what its kind costs otherwise: ``cached_usd`` and ``cache_write_usd`` (prompt tokens read
    from and written to a cache) like ``input_usd``, ``reasoning_usd`` like ``output_usd``. ``request_usd`` is paid
    once for each reply, whatever its length.

    :raises BadEntry: an amount is negative or no number, or a part of ``above`` is no plain price.
    """

    input_usd: float
    output_usd: float
    cached_usd: float | None = None
    cache_write_usd: float | None = None
    reasoning_usd: float | None = None
    request_usd: float = 0.0
    above: "Mapping[int, Price]" = field(default_factory=dict[int, "Price"])
    """The price of a whole reply whose prompt has more than so many tokens."""
    valid_from: date | None = None
    """The first day, in UTC, of this price; ``None``: it has always been this."""
    hours: tuple[time, time] | None = None
    """From when to when, each day in UTC, it is this; a second time before the first is on the next day."""
    source: str = ""
    """Who says so."""

    def __post_init__(self) -> None:
        for name in _AMOUNTS:
            amount = getattr(self, name)
            if amount is not None and not 0 <= amount < float("inf"):
                raise BadEntry(f"Price({name}={amount!r}): a price is 0 or more US dollars for a million tokens")
        for start, price in self.above.items():
            if price.above or price.valid_from or price.hours:
                raise BadEntry(f"Price(above={{{start!r}: ...}}): a price in it has amounts only: say when outside")
        object.__setattr__(self, "above", dict(sorted(self.above.items())))

    def of(self, usage: Usage) -> float:
        """US dollars for these tokens: a float, right to its last digit or two, so to far less than a nano-dollar."""
        return self._for_prompt(usage.input_tokens)._sum(usage)

    def holds(self, at: float) -> bool:
        """Whether this is the price at a moment, in seconds since 1970."""
        if self.valid_from is None and self.hours is None:
            return True
        moment = datetime.fromtimestamp(at, UTC)
        if self.valid_from is not None and moment.date() < self.valid_from:
            return False
        return self.hours is None or _is_between(moment.time(), *self.hours)

    def _for_prompt(self, input_tokens: int) -> "Price":
        price = self
        for start, dearer in self.above.items():
            if input_tokens > start:
                price = dearer
        return price

    def _sum(self, usage: Usage) -> float:
        plain_input = max(usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens, 0)
        plain_output = max(usage.output_tokens - usage.reasoning_tokens, 0)
        parts = (
            plain_input * self.input_usd,
            usage.cached_tokens * _or(self.cached_usd, self.input_usd),
            usage.cache_write_tokens * _or(self.cache_write_usd, self.input_usd),
            plain_output * self.output_usd,
            usage.reasoning_tokens * _or(self.reasoning_usd, self.output_usd),
        )
        return sum(parts) / 1_000_000 + self.request_usd


FREE: Mapping[str, Price] = {name: Price(input_usd=0, output_usd=0) for name in ("local*", "scripted*")}
"""Models that run on the user's own machine and cost nothing."""


def _or(price: float | None, otherwise: float) -> float:
    return otherwise if price is None else price


def _is_between(now: time, start: time, end: time) -> bool:
    return start <= now < end if start <= end else now >= start or now < end
