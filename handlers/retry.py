"""When a model that failed is asked once more, and after how long."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from ..backends.errors import BackendError
from ..events.fault import Fault
from ..events.model import ModelFailed
from ..events.tries import Tries
from .errors import BadLimit
from .retry_budget import PROCESS, RetryBudget
from .retrying import Joins, Retry

_SPREAD = 0.1
"""By what part of itself a provider's wish is exceeded at most, so that not everyone comes back at the same moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy(Joins):
    """Exponential back-off with full jitter, for failures that may go away by themselves.

    Which those are is for the error's class to say (``BackendError.retryable``: an overload or a lost connection is,
    a bad key or request is not). The wait before retry ``n`` is anything from 0 to ``first_s * factor ** (n - 1)``
    seconds, or to ``longest_s``. Policies are joined by ``&`` (both must agree) and ``|`` (the first that wants to)::

        RetryPolicy(on=(Busy,), attempts=8, longest_s=60) | RetryPolicy(attempts=2)

    What is asked again is one model request. The tools of a reply run after it is whole, so none runs twice.

    :raises BadLimit: an option is not what it can be; says which.
    """

    attempts: int = 3
    """Requests to one model in one turn, the first included."""
    on: tuple[type[BackendError], ...] = ()
    """Only these errors and their kinds, of those that can be retried; empty is all of them."""
    first_s: float = 0.5
    factor: float = 2.0
    longest_s: float = 30.0
    retry_after_s: float = 60.0
    """The longest wait that a provider may ask for (``Retry-After``). It is kept to; nobody waits for a longer one."""
    within_s: float = 600.0
    """How long the retries of one model in one turn may wait together."""
    per_run: int = 20
    """Retries of a whole run."""
    mid_stream: bool = False
    """Whether a reply that broke off is asked for anew though some of it was told. ``StreamRestarted`` then says so."""
    budget: RetryBudget | None = None
    """What many runs share; None is no bound."""
    random: Callable[[], float] = field(default=random.random, repr=False)
    """Gives numbers from 0 to 1."""

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            number = getattr(self, name)
            if not isinstance(number, int | float) or not least <= number <= most:
                raise BadLimit(f"RetryPolicy({name}={number!r}): it is a number from {least:g} to {most:g}")
        if not _are_errors(self.on):
            raise BadLimit(f"RetryPolicy(on={self.on!r:.80}): give error classes of backends, such as on=(Busy,)")
        if not isinstance(self.budget, RetryBudget | None):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
            raise BadLimit(f"RetryPolicy(budget={self.budget!r:.80}): give RetryBudget(...), or None")

    def plan(self, failed: ModelFailed, tries: Tries) -> Retry | None:
        """See ``retrying.Retrying``."""
        error = failed.error
        if not error.retryable or tries.failures >= self.attempts or tries.retries >= self.per_run:
            return None
        if (failed.partial and not self.mid_stream) or not self._is_for(error):
            return None
        delay_s = self._delay_s(error, tries.failures)
        if delay_s is None or tries.waited_s + delay_s > self.within_s:
            return None
        return Retry(delay_s, (self.budget,) if self.budget is not None else ())

    def _is_for(self, error: Fault) -> bool:
        return not self.on or any(error.kind == name for kind in self.on for name in _names(kind))

    def _delay_s(self, error: Fault, failures: int) -> float | None:
        """How long to wait after so many failures; None if the provider wants more than it may."""
        # A power that is too large for a float would raise.
        ceiling_s = min(self.longest_s, self.first_s * self.factor ** min(failures - 1, 100))
        delay_s, wish_s = ceiling_s * self.random(), error.retry_after_s
        if wish_s is None:
            return delay_s
        return max(delay_s, wish_s * (1 + _SPREAD * self.random())) if wish_s <= self.retry_after_s else None


_MOST = 1e9
_BOUNDS = {
    "attempts": (1, _MOST),
    "first_s": (0, _MOST),
    "factor": (1, 100),
    "longest_s": (0, _MOST),
    "retry_after_s": (0, _MOST),
    "within_s": (0, _MOST),
    "per_run": (0, _MOST),
}
"""What each number may be: any that keeps the arithmetic within what a float can hold."""


def _are_errors(kinds: object) -> bool:
    """Whether these are error classes that a retry can be for; one that is not would never match, and say nothing."""
    return isinstance(kinds, list | tuple) and all(
        isinstance(kind, type) and issubclass(kind, BackendError) for kind in cast("Sequence[object]", kinds)
    )


ONCE = RetryPolicy(attempts=1)
"""Asks once."""
USUAL = RetryPolicy(budget=PROCESS)
"""How a model is asked by its name."""


def _names(kind: type[BaseException]) -> list[str]:
    """What an error of this class may be called where it is told as a ``Fault``."""
    return [kind.__name__, *(name for each in kind.__subclasses__() for name in _names(each))]
